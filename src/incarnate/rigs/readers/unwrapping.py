"""Texture coordinates for meshes that come without: each part seen from its middle."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

# Empty between two parts' squares, so that a filtered texture doesn't bleed.
_MARGIN = 0.01


def unwrap_spheres(
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    parts: Int[Tensor, "vertices"],
) -> tuple[Float[Tensor, "texels 2"], Int[Tensor, "faces 3"]]:
    """Longitude and latitude about each part's middle, a column of the texture a part.

    It is a stopgap: where a surface folds (lips, ears), two places share a texel. The first part
    gets three quarters of the width. The seam runs down the back (−z).

    Returns:
        Texture coordinates in [0, 1], and the triangles as indices into them.
    """
    num_parts = int(parts.max()) + 1
    shares = torch.full((num_parts,), 0.25 / max(num_parts - 1, 1))
    shares[0] = 0.75 if num_parts > 1 else 1.0
    starts = shares.cumsum(0) - shares
    centers = torch.stack([_middle(vertices[parts == part]) for part in range(num_parts)])
    away = torch.nn.functional.normalize(vertices - centers[parts], dim=-1)
    along = torch.atan2(away[:, 0], away[:, 2]) / (2 * math.pi) + 0.5
    up = torch.asin(away[:, 1].clamp(-1, 1)) / math.pi + 0.5
    corners = along[faces]
    # A triangle across the seam has corners at both ends; its low ones go on beyond the high end.
    crosses = corners.max(-1).values - corners.min(-1).values > 0.5
    beyond = crosses[:, None] & (corners < 0.5)
    copied = torch.unique(faces[beyond])
    copies = torch.zeros(len(vertices), dtype=torch.long)
    copies[copied] = len(vertices) + torch.arange(len(copied))
    along = torch.cat([along, along[copied] + 1])
    along = along / along.max().clamp(min=1.0)
    up, part = torch.cat([up, up[copied]]), torch.cat([parts, parts[copied]])
    room = shares[part] - 2 * _MARGIN
    uv = torch.stack([starts[part] + _MARGIN + room * along, _MARGIN + (1 - 2 * _MARGIN) * up], -1)
    return uv, torch.where(beyond, copies[faces], faces)


def _middle(points: Float[Tensor, "points 3"]) -> Float[Tensor, "3"]:
    """Centre of the bounding box; of no points, the origin."""
    if not len(points):
        return points.new_zeros(3)
    return (points.max(0).values + points.min(0).values) / 2
