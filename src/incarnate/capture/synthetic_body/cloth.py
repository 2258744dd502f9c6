"""Cloth by extended position-based dynamics: links that keep lengths, solved in small steps.

Macklin, Müller and Chentanez, *XPBD: position-based simulation of compliant constrained dynamics*
(2016), with one sweep a step (*Small steps in physics simulation*, 2019). Links are coloured, so
that those of one colour share no vertex: each colour is one vector operation, and the order, hence
every bit, is fixed. Cloth does not collide with itself, and slides on
the body without friction, which would make its rest depend on the way there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from incarnate.capture.synthetic_body.contact import Contact

_GRAVITY: Final = np.array([0.0, -9.81, 0.0])
_DRAG: Final = 9.0
"""Share of the speed that is lost a second: a pendulum of half a metre just does not swing."""
_AREA_DENSITY: Final = 0.25
"""Kilograms a square metre: a light wool."""


@dataclass(frozen=True)
class Links:
    """Pairs of vertices, no vertex twice, that are held at a distance."""

    first: Int[np.ndarray, "links"]
    second: Int[np.ndarray, "links"]
    lengths: Float[np.ndarray, "links"]
    """Rest lengths, metres."""
    compliance: float
    """Metres of stretch a newton; zero is rigid."""


@dataclass(frozen=True)
class Cloth:
    """A piece of cloth, all but its state."""

    links: tuple[Links, ...]
    """One a colour and kind."""
    inverse_masses: Float[np.ndarray, "vertices 1"]
    """One over kilograms; zero where a vertex is held."""
    anchors: Int[np.ndarray, "vertices"]
    """The held vertex from which each vertex hangs."""
    reaches: Float[np.ndarray, "vertices 1"]
    """How far each may be from its anchor, metres: as far as the thread between them is long."""


@dataclass(frozen=True)
class Motion:
    """Where cloth is and how fast it moves."""

    positions: Float[np.ndarray, "vertices 3"]
    """Metres, world."""
    speeds: Float[np.ndarray, "vertices 3"]
    """Metres a second."""


def coloured_links(
    pairs: Int[np.ndarray, "links 2"], lengths: Float[np.ndarray, "links"], compliance: float
) -> tuple[Links, ...]:
    """Sort links into sets within which no vertex appears twice (greedy edge colouring)."""
    used: list[set[int]] = []
    chosen: list[list[int]] = []
    for index, (a, b) in enumerate(pairs.tolist()):
        colour = next((k for k, u in enumerate(used) if a not in u and b not in u), len(used))
        if colour == len(used):
            used.append(set())
            chosen.append([])
        used[colour] |= {a, b}
        chosen[colour].append(index)
    return tuple(
        Links(pairs[rows, 0], pairs[rows, 1], lengths[rows], compliance) for rows in chosen
    )


def vertex_masses(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "vertices"]:
    """A third of the mass of the triangles around each vertex, kilograms."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    mass = _AREA_DENSITY * np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(mass, 3), minlength=len(vertices))


def advance(
    cloth: Cloth,
    motion: Motion,
    held: Float[np.ndarray, "vertices 3"],
    contact: Contact,
    *,
    times: Sequence[float],
) -> Motion:
    """Move cloth on by some steps, while the body stands still.

    Args:
        cloth: The cloth.
        motion: Its state before.
        held: Where the held vertices are; those of other vertices are not read. They are taken
            there from where they were evenly over the steps.
        contact: The body's surface near the cloth.
        times: Seconds of each step. The shorter, the less gravity stretches the threads.
    """
    x, v = motion.positions.copy(), motion.speeds.copy()
    fixed = cloth.inverse_masses[:, 0] == 0
    pull = (held[fixed] - x[fixed]) / len(times)
    for time in times:
        before = x.copy()
        v = (v + time * _GRAVITY) * np.exp(-_DRAG * time)
        v[fixed] = 0
        x += time * v
        x[fixed] += pull
        _solve(x, cloth, time)
        _tie(x, cloth, fixed)
        contact.push_out(x)
        x[fixed] = before[fixed] + pull
        v = (x - before) / time
    return Motion(x, v)


def _solve(x: np.ndarray, cloth: Cloth, time: float) -> None:
    # One axis after the other: NumPy gathers numbers faster than it gathers rows.
    axes = np.ascontiguousarray(x.T)
    for some in cloth.links:
        a, b = some.first, some.second
        apart = axes[:, a]
        apart -= axes[:, b]
        length = np.sqrt(np.einsum("al,al->l", apart, apart))
        wa, wb = cloth.inverse_masses[a, 0], cloth.inverse_masses[b, 0]
        weight = wa + wb + some.compliance / time**2
        push = (some.lengths - length) / np.maximum(length * weight, 1e-12)
        apart *= push
        for axis, move in zip(axes, apart, strict=True):
            axis[a] += wa * move
            axis[b] -= wb * move
    x[:] = axes.T


def _tie(x: np.ndarray, cloth: Cloth, fixed: np.ndarray) -> None:
    """Long-range ties: gravity needs no hundred sweeps to find the waist (Kim et al. 2012)."""
    offset = x - x[cloth.anchors]
    length = np.sqrt(np.einsum("nc,nc->n", offset, offset))[:, None]
    share = np.minimum(1.0, cloth.reaches / np.maximum(length, 1e-9))
    share[fixed] = 1
    x += (share - 1) * offset
