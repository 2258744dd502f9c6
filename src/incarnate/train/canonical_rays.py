"""Camera rays through a posed person, bent into canonical space by root finding.

Poses are known and stay as they are, so that each sample's canonical place is found once and used
in every step of a fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy import ndimage
from torch import Tensor

from incarnate.capture.capture import Frame
from incarnate.geometry.grids import grid_around
from incarnate.rigs.canonical_body import CanonicalBody
from incarnate.rigs.inverse_skinning import find_roots, inverse_3x3, surface_starts
from incarnate.rigs.skinning import apply_affine, blend_transforms
from incarnate.train.visual_hull import PoseViews

Progress = Callable[[int, int, str], None]

# Cells of the map that tells which parts of a ray are near the surface, metres.
_CELL = 0.02
# Pixels on both sides of a matte's outline among which most rays are drawn.
_OUTLINE_PIXELS = 7
# Every so many vertices of the surface serve as starts: they still lie a few centimetres apart.
_START_STRIDE = 3


@dataclass(frozen=True)
class CanonicalRays:
    """Samples along camera rays, where they lie in canonical space."""

    points: Float[Tensor, "rays samples 3"]
    """Canonical positions, metres, nearest to the camera first."""
    is_known: Bool[Tensor, "rays samples"]
    """Whether a sample exists and its root was found; others are to be passed over."""
    mattes: Float[Tensor, "rays"]
    """What the matte says of the ray's pixel."""
    colors: Float[Tensor, "rays 3"]
    """The pixel's colour, linear RGB, straight."""

    def __len__(self) -> int:
        return len(self.mattes)

    @staticmethod
    def joined(parts: Sequence["CanonicalRays"]) -> "CanonicalRays":
        """All rays of several sets."""
        return CanonicalRays(
            torch.cat([part.points for part in parts]),
            torch.cat([part.is_known for part in parts]),
            torch.cat([part.mattes for part in parts]),
            torch.cat([part.colors for part in parts]),
        )


@dataclass(frozen=True)
class RaySettings:
    """How densely rays are drawn and sampled."""

    per_frame: int = 300
    """Rays in each picture."""
    num_samples: int = 40
    """Samples on a ray at most, the nearest to the camera."""
    step: float = 0.01
    """Distance of samples, metres."""
    band: float = 0.05
    """How far from the surface samples are taken, metres."""


@torch.no_grad()
def bend_rays(
    body: CanonicalBody,
    surface: Float[Tensor, "vertices 3"],
    views: Sequence[PoseViews],
    settings: RaySettings,
    *,
    generator: torch.Generator,
    progress: Progress | None = None,
) -> CanonicalRays:
    """Draw rays through the pictures of some moments and bring their samples to canonical space.

    Args:
        body: How points follow the skeleton.
        surface: Vertices of the surface near which samples are wanted, canonical, metres.
        views: Moments, each with its cameras' frames.
        settings: How densely.
        generator: Source of randomness.
        progress: Called with poses done, poses in all, and what is going on.
    """
    weights = body.volume.sample(surface)
    canonical = blend_transforms(weights, body.canonical_from_rest)
    back = inverse_3x3(canonical[..., :3])
    rest = (back @ (surface - canonical[..., 3])[..., None])[..., 0]
    parts = []
    for done, view in enumerate(views):
        live = blend_transforms(weights, view.world_from_rest)
        posed = apply_affine(live, rest)
        drawn = [_draw(frame, posed, settings.per_frame, generator) for frame in view.frames]
        origins, directions, mattes, colors = (torch.cat(x) for x in zip(*drawn, strict=True))
        samples, ray, place = _samples_near(posed, (origins, directions), settings, generator)
        chosen = slice(None, None, _START_STRIDE)
        maps = live[chosen, :, :3] @ back[chosen]
        starts = surface_starts(samples, posed[chosen], surface[chosen], maps, count=1)
        roots = find_roots(body.posed(view.world_from_rest), samples, starts)
        shape = (len(mattes), settings.num_samples)
        points = surface.new_zeros(*shape, 3).index_put((ray, place), roots.points)
        known = torch.zeros(shape, dtype=torch.bool).index_put((ray, place), roots.converged)
        parts.append(CanonicalRays(points, known, mattes, colors))
        if progress is not None:
            progress(done + 1, len(views), "template · rays through the poses")
    return CanonicalRays.joined(parts)


def _draw(
    frame: Frame, posed: Float[Tensor, "vertices 3"], count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Origin, direction, matte and colour of random rays, most of them near the outline."""
    camera = frame.camera
    inside = frame.matte.numpy() > 0.5
    grown, shrunk = (
        np.asarray(change(inside, iterations=_OUTLINE_PIXELS), bool)
        for change in (ndimage.binary_dilation, ndimage.binary_erosion)
    )
    outline = grown & ~shrunk
    pixels = camera.project(posed)
    left, top = (pixels.amin(0) - 2 * _OUTLINE_PIXELS).clamp(min=0).long().tolist()
    right, bottom = (pixels.amax(0) + 2 * _OUTLINE_PIXELS).clamp(min=1).long().tolist()
    # Where the surface is drawn and the matte is empty, it is too large: that must be seen too.
    odds = np.full(inside.shape, 1e-6)
    odds[top:bottom, left:right] = 0.3
    odds += 4.0 * outline + 1.0 * inside
    chosen = torch.multinomial(
        torch.from_numpy(odds).flatten(), count, replacement=True, generator=generator
    )
    return (
        camera.center.expand(count, 3),
        camera.pixel_rays().flatten(0, 1)[chosen],
        frame.matte.flatten()[chosen],
        frame.image.flatten(0, 1)[chosen],
    )


def _samples_near(
    posed: Float[Tensor, "vertices 3"],
    rays: tuple[Float[Tensor, "rays 3"], Float[Tensor, "rays 3"]],
    settings: RaySettings,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Evenly spaced samples near the surface: world positions, their ray, their place on it."""
    origins, directions = rays
    grid = grid_around(posed, margin=settings.band + 2 * _CELL, voxel_size=_CELL)
    cell = ((posed - grid.origin) / _CELL).round().long()
    is_near = np.zeros(grid.shape, bool)
    is_near[tuple(cell.T.numpy())] = True
    ball = ndimage.generate_binary_structure(3, 2)
    grown = ndimage.binary_dilation(is_near, ball, iterations=max(1, int(settings.band / _CELL)))
    assert isinstance(grown, np.ndarray)
    middle = posed.mean(0)
    half = float((posed - middle).norm(dim=-1).max()) + settings.band
    along = ((middle - origins) * directions).sum(-1, keepdim=True)
    steps = torch.arange(-half, half, settings.step)
    jitter = settings.step * torch.rand(len(origins), 1, generator=generator)
    points = origins[:, None] + (along + steps + jitter)[..., None] * directions[:, None]
    cell = ((points - grid.origin) / _CELL).round().long()
    size = torch.tensor(grid.shape)
    in_grid = ((cell >= 0) & (cell < size)).all(-1)
    cell = torch.minimum(cell.clamp(min=0), size - 1)
    wanted = in_grid & torch.from_numpy(grown)[cell[..., 0], cell[..., 1], cell[..., 2]]
    place = wanted.long().cumsum(1) - 1
    ray, step = torch.nonzero(wanted & (place < settings.num_samples), as_tuple=True)
    return points[ray, step], ray, place[ray, step]
