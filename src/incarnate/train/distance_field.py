"""An implicit surface with colour, fitted to bent rays by volume rendering.

The field is a fixed start plus a learned correction on a coarser grid: silhouettes of clothes that
do not follow the skeleton disagree by centimetres, and a finer correction would only fit noise.
Opacity follows Wang et al., "NeuS" (NeurIPS 2021), eq. 13: the silhouette that it draws lies where
the distance is zero, however soft the edge still is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.grids import Grid
from incarnate.train.canonical_rays import CanonicalRays

Progress = Callable[[int, int, str], None]

_START_COLOR = 0.2
_CHUNK = 1 << 16


@dataclass(frozen=True)
class FieldSettings:
    """How the field is fitted."""

    correction_voxel: float = 0.025
    """Resolution of the correction and of the colours, metres."""
    steps: int = 300
    """Steps of Adam."""
    rays_per_step: int = 2048
    first_softness: float = 0.015
    """Width of the edge (standard deviation of its logistic density) at the start, metres."""
    last_softness: float = 0.005
    """And at the end."""
    distance_rate: float = 1e-3
    """Step of the correction, metres; falls to a tenth."""
    color_rate: float = 0.03
    """Step of the colours, linear RGB."""
    mask: float = 1.0
    """Weight of the cross-entropy of opacity and matte."""
    color: float = 0.5
    """Weight of the absolute colour difference, premultiplied."""
    eikonal: float = 0.05
    """Weight of the squared difference of the distance's slope to one, near the surface."""
    smoothness: float = 0.3
    """Weight of the correction's squared slope."""
    containment: float = 1.0
    """Weight of how far the body sticks out, in voxels of the correction."""


@dataclass(frozen=True)
class DistanceField:
    """Signed distance and colour in canonical space."""

    grid: Grid
    """Of the start."""
    start: Float[Tensor, "voxels"]
    """Signed distance at its voxels, negative inside, metres."""
    coarse: Grid
    """Of the correction and the colours."""
    table: Float[Tensor, "coarse_voxels 4"]
    """Correction of the distance (metres), and linear RGB."""

    def distance(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
        """Signed distance at canonical points, metres."""
        start = self.grid.look_up(self.start[:, None], points)
        return (start + self.coarse.look_up(self.table[:, :1], points))[:, 0]

    def color(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """Linear RGB at canonical points."""
        return self.coarse.look_up(self.table[:, 1:], points)


def fit_field(
    start: tuple[Grid, Float[Tensor, "voxels"]],
    body: Float[Tensor, "voxels"],
    rays: CanonicalRays,
    settings: FieldSettings,
    *,
    generator: torch.Generator,
    progress: Progress | None = None,
) -> DistanceField:
    """Correct a start so that it draws the mattes and colours of all rays.

    Args:
        start: A grid, and the signed distance that the fit begins with.
        body: Signed distance from the body at the same voxels; the body shall stay inside.
        rays: What was seen, in canonical space.
        settings: How.
        generator: Source of randomness.
        progress: Called with steps done, steps in all, and what is going on.
    """
    grid, distance = start
    field = _new_field(grid, distance, settings.correction_voxel)
    table = field.table.requires_grad_()
    optimizer = torch.optim.Adam([table], lr=1.0, betas=(0.9, 0.99))
    # One optimizer state for values of unlike size: the table is scaled, not the step.
    scale = table.new_tensor([settings.distance_rate] + 3 * [settings.color_rate])
    table.data /= scale
    at_centers = [grid.look_up(x[:, None], field.coarse.centers())[:, 0] for x in (distance, body)]
    known_start = _known_start(field, rays)
    for step in range(settings.steps):
        done = step / settings.steps
        softness = settings.first_softness ** (1 - done) * settings.last_softness**done
        optimizer.param_groups[0]["lr"] = 0.1**done
        chosen = torch.randint(len(rays), (settings.rays_per_step,), generator=generator)
        scaled = table * scale
        drawn = _draw(field.coarse, scaled, rays, chosen, (known_start, softness))
        terms = _picture_terms(*drawn, rays, chosen, settings)
        terms += _restraints(field.coarse, scaled[:, 0], at_centers, settings)
        loss = torch.stack(terms).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if progress is not None:
            mask = float(terms[0].detach()) / max(settings.mask, 1e-9)
            progress(step + 1, settings.steps, f"template · surface · silhouettes {mask:.3f}")
    return DistanceField(grid, distance, field.coarse, (table * scale).detach())


def render_opacity(
    distance: Float[Tensor, "rays samples"], softness: float
) -> Float[Tensor, "rays samples"]:
    """What each sample adds to the opacity of its ray, NeuS: by the fall of the soft distance.

    Args:
        distance: Signed distance at the samples in order, metres; +inf where there is none.
        softness: Width of the edge, metres.
    """
    outside = torch.sigmoid(distance / softness)
    before = torch.cat([torch.ones_like(outside[:, :1]), outside[:, :-1]], 1)
    alpha = ((before - outside) / before.clamp(min=1e-5)).clamp(0, 1)
    left = torch.cumprod(1 - alpha + 1e-7, 1)
    return alpha * torch.cat([torch.ones_like(left[:, :1]), left[:, :-1]], 1)


def _new_field(grid: Grid, distance: Tensor, voxel_size: float) -> DistanceField:
    x, y, z = (2 + int((n - 1) * grid.voxel_size / voxel_size) for n in grid.shape)
    coarse = Grid(grid.origin, voxel_size, (x, y, z))
    table = distance.new_full((coarse.num_voxels, 4), _START_COLOR)
    table[:, 0] = 0
    return DistanceField(grid, distance, coarse, table)


def _known_start(field: DistanceField, rays: CanonicalRays) -> Float[Tensor, "rays samples"]:
    """The start's distance at all samples: it does not change."""
    known = rays.points[rays.is_known]
    values = torch.cat(
        [field.grid.look_up(field.start[:, None], part)[:, 0] for part in known.split(_CHUNK)]
    )
    found = torch.full_like(rays.points[..., 0], torch.inf)
    found[rays.is_known] = values
    return found


def _draw(
    coarse: Grid,
    table: Float[Tensor, "coarse_voxels 4"],
    rays: CanonicalRays,
    chosen: Tensor,
    edge: tuple[Float[Tensor, "rays samples"], float],
) -> tuple[Float[Tensor, "chosen"], Float[Tensor, "chosen 3"]]:
    """Opacity and premultiplied colour of some rays."""
    start, softness = edge
    known = rays.is_known[chosen]
    index, shares, _ = coarse.corners(rays.points[chosen][known])
    values = torch.nn.functional.embedding_bag(index, table, per_sample_weights=shares, mode="sum")
    distance = start[chosen].masked_scatter(known, start[chosen][known] + values[:, 0])
    # A sample that is passed over repeats the one before it: nothing falls there.
    places = torch.where(known, torch.arange(known.shape[1]), -1).cummax(1).values
    filled = distance.gather(1, places.clamp(min=0))
    weight = render_opacity(torch.where(places >= 0, filled, torch.inf), softness)
    colors = torch.zeros(*known.shape, 3).masked_scatter(known[..., None], values[:, 1:])
    return weight.sum(1), (weight[..., None] * colors).sum(1)


def _picture_terms(
    opacity: Float[Tensor, "chosen"],
    color: Float[Tensor, "chosen 3"],
    rays: CanonicalRays,
    chosen: Tensor,
    settings: FieldSettings,
) -> list[Tensor]:
    matte = rays.mattes[chosen]
    # Away from 0 and 1 the logarithm's slope stays bounded where a ray meets nothing at all.
    safe = opacity.clamp(1e-3, 1 - 1e-3)
    cross = torch.nn.functional.binary_cross_entropy(safe, matte)
    apart = (color - matte[:, None] * rays.colors[chosen]).abs().mean()
    return [settings.mask * cross, settings.color * apart]


def _restraints(
    coarse: Grid,
    correction: Float[Tensor, "coarse_voxels"],
    at_centers: list[Float[Tensor, "coarse_voxels"]],
    settings: FieldSettings,
) -> list[Tensor]:
    """Slope of the distance near the surface, smoothness of the correction, the body inside."""
    start, body = at_centers
    near = (start.abs() < 2 * coarse.voxel_size).to(start).reshape(coarse.shape)[:-1, :-1, :-1]
    slope = _slope(coarse, start + correction).norm(dim=0)
    eikonal = (near * (slope - 1).square()).sum() / near.sum().clamp(min=1)
    bending = _slope(coarse, correction).square().sum(0)
    smoothness = (near * bending).sum() / near.sum().clamp(min=1)
    # Only voxels in the body's skin count: a start that is far off deep inside does no harm.
    skin = (body.abs() < coarse.voxel_size).to(body)
    outside = (start + correction - body).clamp(min=0) / coarse.voxel_size
    containment = (skin * outside).sum() / skin.sum().clamp(min=1)
    return [
        settings.eikonal * eikonal,
        settings.smoothness * smoothness,
        settings.containment * containment,
    ]


def _slope(grid: Grid, values: Float[Tensor, "voxels"]) -> Float[Tensor, "3 x y z"]:
    """Forward differences along the axes, per metre; one voxel fewer along each."""
    box = values.reshape(grid.shape)
    here = box[:-1, :-1, :-1]
    ahead = (box[1:, :-1, :-1], box[:-1, 1:, :-1], box[:-1, :-1, 1:])
    return torch.stack([(value - here) / grid.voxel_size for value in ahead])
