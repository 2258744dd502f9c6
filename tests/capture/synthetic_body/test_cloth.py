"""Laws of cloth: it hangs, keeps its lengths, falls by the book, and does the same every time."""

from dataclasses import replace

import numpy as np

from incarnate.capture.synthetic_body.cloth import (
    Cloth,
    Links,
    Motion,
    advance,
    coloured_links,
    vertex_masses,
)
from incarnate.capture.synthetic_body.contact import Contact

ROWS, COLUMNS, SIDE = 12, 8, 0.02
INDEX = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
PAIRS = np.concatenate(
    [
        np.stack([INDEX[:, :-1].ravel(), INDEX[:, 1:].ravel()], -1),
        np.stack([INDEX[:-1].ravel(), INDEX[1:].ravel()], -1),
    ]
)


def sheet(held_rows: int, compliance: float = 0.0) -> tuple[Cloth, Motion]:
    """A sheet that sticks out horizontally, its first rows held."""
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    places = np.stack([SIDE * column, 0.0 * row, SIDE * row], -1)
    inverse = np.full((len(places), 1), 1e4)
    inverse[: held_rows * COLUMNS] = 0
    reach = SIDE * np.maximum(row - held_rows + 1, 0)[:, None] if held_rows else np.full((96, 1), 9)
    links = coloured_links(PAIRS, np.full(len(PAIRS), SIDE), compliance)
    cloth = Cloth(links, inverse, np.tile(INDEX[max(held_rows - 1, 0)], ROWS), 1.005 * reach)
    return cloth, Motion(places, np.zeros_like(places))


def nothing(count: int) -> Contact:
    return Contact(np.zeros((count, 3)), np.zeros((count, 3)), np.zeros(count, bool))


def moved(cloth: Cloth, motion: Motion, seconds: float, step: float = 1 / 300) -> Motion:
    times = [step] * round(seconds / step)
    return advance(cloth, motion, motion.positions, nothing(len(motion.positions)), times=times)


def lengths(x: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x[PAIRS[:, 0]] - x[PAIRS[:, 1]], axis=1)


def test_no_vertex_is_twice_in_a_colour_and_no_link_is_lost() -> None:
    colours = coloured_links(PAIRS, np.arange(len(PAIRS)) / 1.0, 0.5)
    for some in colours:
        ends = np.concatenate([some.first, some.second])
        assert len(np.unique(ends)) == len(ends)
    whole = {
        (a, b, c) for s in colours for a, b, c in zip(s.first, s.second, s.lengths, strict=True)
    }
    assert whole == {(a, b, float(k)) for k, (a, b) in enumerate(PAIRS.tolist())}
    # A grid has four links at a vertex: greedy colouring needs at most twice that, less one.
    assert len(colours) <= 7


def test_held_cloth_comes_to_hang() -> None:
    cloth, motion = sheet(held_rows=2)
    end = moved(cloth, motion, 1.5)
    hem = end.positions[INDEX[-1]]
    # Ten free rows hang below the last held one, which sticks out by one row.
    assert np.allclose(hem[:, 1], -10 * SIDE, atol=0.05 * 10 * SIDE)
    assert np.allclose(hem[:, 2], SIDE, atol=0.2 * SIDE)
    # Critically damped: what swings is down to millimetres a second.
    assert np.abs(end.speeds).max() < 0.01
    assert np.array_equal(end.positions[INDEX[:2]], motion.positions[INDEX[:2]])


def test_threads_keep_their_lengths() -> None:
    cloth, motion = sheet(held_rows=2)
    stretch = lengths(moved(cloth, motion, 1.0, step=1 / 600).positions) / SIDE - 1
    # One sweep a step of 1.7 ms leaves g·t²·rows ≈ 0.3 mm at the top of ten rows of 2 cm.
    assert np.abs(stretch).max() < 0.03


def test_shorter_steps_stretch_less() -> None:
    cloth, motion = sheet(held_rows=2)
    # Without the ties to the waist, which would hold the length whatever the steps.
    free = replace(cloth, reaches=np.full_like(cloth.reaches, 9.0))
    coarse, fine = (
        lengths(moved(free, motion, 1.0, step).positions).max() / SIDE - 1
        for step in (1 / 100, 1 / 300)
    )
    # The error goes with the square of the step: a ninth.
    assert fine < 0.3 * coarse


def test_free_cloth_falls_as_a_stone_with_drag() -> None:
    cloth, motion = sheet(held_rows=0)
    end = moved(cloth, motion, 0.5)
    # v = g/c (1 − exp(−c t)) with c = 9 a second; explicit steps are right to a step's gain.
    assert np.allclose(end.speeds[:, 1], -9.81 / 9 * (1 - np.exp(-4.5)), atol=9.81 / 300)
    assert np.allclose(lengths(end.positions), SIDE, atol=1e-9)


def test_links_move_no_centre_of_mass(rng: np.random.Generator) -> None:
    cloth, motion = sheet(held_rows=0)
    shaken = Motion(motion.positions + rng.normal(0, 3e-3, (96, 3)), motion.speeds)
    drop = (moved(cloth, shaken, 0.05).positions - shaken.positions).mean(0)
    plain = (moved(cloth, motion, 0.05).positions - motion.positions).mean(0)
    # Equal masses: every push on one end is a pull on the other, to rounding.
    assert np.allclose(drop, plain, atol=1e-12)


def test_stiff_links_hold_more_than_soft_ones() -> None:
    stretched = []
    for compliance in (0.0, 1e-2):
        cloth, motion = sheet(held_rows=2, compliance=compliance)
        free = replace(cloth, reaches=np.full_like(cloth.reaches, 9.0))
        stretched.append(lengths(moved(free, motion, 1.0).positions).max())
    # Ten rows of 0.1 g on a spring of 100 N/m a column: the top one gives by g·1 g/100 N/m.
    assert stretched[1] - SIDE > 0.5 * 9.81e-3 * 1e-2
    assert stretched[1] > stretched[0]


def test_equal_starts_give_equal_bits() -> None:
    cloth, motion = sheet(held_rows=2)
    first, second = moved(cloth, motion, 0.2), moved(cloth, motion, 0.2)
    assert np.array_equal(first.positions, second.positions)


def test_held_vertices_are_taken_where_they_shall_be() -> None:
    cloth, motion = sheet(held_rows=2)
    goal = motion.positions + np.array([0.01, 0.02, 0.0])
    end = advance(cloth, motion, goal, nothing(96), times=[1 / 300] * 5)
    # Five equal moves, to rounding.
    assert np.allclose(end.positions[INDEX[:2]], goal[INDEX[:2]], atol=1e-12)


def test_masses_are_the_area_times_the_density() -> None:
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    masses = vertex_masses(corners, np.array([[0, 1, 2], [0, 2, 3]]))
    assert np.isclose(masses.sum(), 0.25)
    assert np.allclose(masses[[0, 2]], 2 * masses[[1, 3]])


def test_a_link_of_two_free_points_is_solved_at_once() -> None:
    links = (Links(np.array([0]), np.array([1]), np.array([0.1]), 0.0),)
    cloth = Cloth(links, np.ones((2, 1)), np.array([0, 0]), np.full((2, 1), 9.0))
    apart = Motion(np.array([[0.0, 0, 0], [0.3, 0, 0]]), np.zeros((2, 3)))
    x = advance(cloth, apart, apart.positions, nothing(2), times=[1e-3]).positions
    assert np.isclose(np.linalg.norm(x[1] - x[0]), 0.1)
    assert np.isclose(x[:, 0].mean(), 0.15)
