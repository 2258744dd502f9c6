"""Which light reaches which point: shadow maps toward many directions at once.

Occluders are points spread over the mesh, so dense that none falls between the cells of a map.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

_CELL = 6e-3
"""Side of a shadow map's cell, metres."""
_SPACING = 5e-3
"""Triangles larger than this, in the root of twice their area, are cut."""
_BIAS = 4e-3
"""What is nearer to the light by less than this casts no shadow; the slope adds to it."""
_MAX_SLOPE = 3.0
_BLOCK = 32


@dataclass(frozen=True)
class Occluders:
    """Points that ride on a mesh and stand for its surface."""

    corners: Int[Tensor, "points 3"]
    """Vertices of the triangle of each."""
    barycentric: Float[Tensor, "points 3"]

    def on(self, vertices: Float[Tensor, "vertices 3"]) -> Float[Tensor, "points 3"]:
        """Positions on a posed mesh, world, metres."""
        return (vertices[self.corners] * self.barycentric[..., None]).sum(1)


def spread_occluders(
    vertices: Float[Tensor, "vertices 3"], faces: Int[Tensor, "faces 3"]
) -> Occluders:
    """Points all over a mesh: the centroids of equal parts into which each triangle is cut."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    side = torch.linalg.cross(b - a, c - a).norm(dim=-1).sqrt()
    cuts = (side / _SPACING).ceil().long().clamp(min=1)
    corners, barycentric = [], []
    for count in cuts.unique().tolist():
        chosen, centroids = faces[cuts == count], _centroids(count)
        corners.append(chosen.repeat_interleave(len(centroids), 0))
        barycentric.append(centroids.repeat(len(chosen), 1))
    return Occluders(torch.cat(corners), torch.cat(barycentric))


def visible_light(
    points: Float[Tensor, "points 3"],
    normals: Float[Tensor, "points 3"],
    occluders: Float[Tensor, "occluders 3"],
    directions: Float[Tensor, "samples 3"],
) -> Float[Tensor, "points samples"]:
    """The share of light from each direction that reaches each point, 0 to 1.

    Soft over one cell of the map. Light from below the surface is not looked at here.

    Args:
        points: Receivers, world, metres; a few millimetres off the surface.
        normals: Their unit normals.
        occluders: Points on all surfaces.
        directions: Unit vectors toward the light.
    """
    origin = occluders.mean(0)
    everything = torch.cat([occluders, points]) - origin
    reach = everything.norm(dim=-1).max().item() + 2 * _CELL
    side = int(2 * reach / _CELL) + 2
    axes = _frames(directions)
    receivers = points - origin
    blocks = [
        _block(receivers, normals, occluders - origin, axes[start : start + _BLOCK], side)
        for start in range(0, len(directions), _BLOCK)
    ]
    return torch.from_numpy(np.concatenate(blocks)).T


def _block(receivers: Tensor, normals: Tensor, occluders: Tensor, axes: Tensor, side: int
) -> np.ndarray:  # fmt: skip
    """Shares (samples, points) for a few directions."""
    cells = (torch.einsum("pc,sic->isp", occluders, axes[:, :2]) / _CELL + 0.5 * side).numpy()
    toward = (axes[:, 2] @ occluders.T).numpy()
    first = (np.arange(len(axes), dtype=np.int32) * side * side)[:, None]
    index = cells[1].astype(np.int32) * side + cells[0].astype(np.int32) + first
    nearest = np.full(len(axes) * side * side, -np.inf, np.float32)
    np.maximum.at(nearest, index.ravel(), toward.ravel())
    # Cell centres lie half a cell in.
    place = (torch.einsum("pc,sic->isp", receivers, axes[:, :2]) / _CELL + 0.5 * side - 0.5).numpy()
    column, row = np.floor(place[0]), np.floor(place[1])
    right, low = place[0] - column, place[1] - row
    base = row.astype(np.int32) * side + column.astype(np.int32) + first
    cosine = (axes[:, 2] @ normals.T).clamp(min=1e-3)
    slope = ((1 - cosine * cosine).clamp(min=0).sqrt() / cosine).clamp(max=_MAX_SLOPE)
    limit = (axes[:, 2] @ receivers.T + _BIAS + 0.5 * _CELL * slope).numpy()
    lit = (1 - low) * ((1 - right) * (nearest[base] < limit) + right * (nearest[base + 1] < limit))
    base += side
    lit += low * ((1 - right) * (nearest[base] < limit) + right * (nearest[base + 1] < limit))
    return lit.astype(np.float32)


def _frames(directions: Float[Tensor, "samples 3"]) -> Float[Tensor, "samples 3 3"]:
    """Rows: two axes across each direction, and the direction itself."""
    helper = torch.eye(3)[directions.abs().argmin(1)]
    first = torch.nn.functional.normalize(torch.linalg.cross(directions, helper), dim=-1)
    return torch.stack([first, torch.linalg.cross(directions, first), directions], 1)


def _centroids(count: int) -> Float[Tensor, "parts 3"]:
    """Barycentric centroids of the count² parts of a triangle whose sides are cut into count."""
    step = torch.arange(count)
    i, j = (grid.reshape(-1) for grid in torch.meshgrid(step, step, indexing="ij"))
    upright, upside_down = i + j < count, i + j < count - 1
    thirds = torch.cat(
        [
            torch.stack([3 * i + 1, 3 * j + 1], -1)[upright],
            torch.stack([3 * i + 2, 3 * j + 2], -1)[upside_down],
        ]
    )
    first = thirds / (3.0 * count)
    return torch.cat([first, 1 - first.sum(-1, keepdim=True)], -1)
