"""The octahedral map: the sphere folded onto a square, read without trigonometry.

A direction is divided by its L1 norm and so put on an octahedron; the half with y ≥ 0 is the
diamond in the middle of the square [−1, 1]² with coordinates (x, z), the other half is folded out
to the corners (Praun and Hoppe 2003, "Spherical parametrization and remeshing"; Cigolle et al.
2014, "A survey of efficient representations for independent unit vectors"). A stored map has a
border of one texel that repeats its neighbours across the fold, so that bilinear reads need no
special case.
"""

import functools

import torch
from jaxtyping import Float, Int
from torch import Tensor

# Keeps a zero direction finite; no unit vector comes near it.
_TINY = 1e-20


def square_from_direction(directions: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 2"]:
    """Coordinates in [−1, 1]² of directions of any length."""
    x, y, z = directions.unbind(-1)
    size = x.abs() + y.abs() + z.abs()
    inverse = 1 / size.clamp(min=_TINY)
    x, z = x * inverse, z * inverse
    below = y < 0
    # copysign, not sign: on the fold's own axes sign is zero, and half the sphere would collapse.
    folded_x = torch.copysign(1 - z.abs(), x)
    folded_z = torch.copysign(1 - x.abs(), z)
    return torch.stack([torch.where(below, folded_x, x), torch.where(below, folded_z, z)], -1)


def direction_from_square(square: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch 3"]:
    """Unit directions at coordinates in [−1, 1]²; the inverse of `square_from_direction`."""
    a, b = square.unbind(-1)
    y = 1 - a.abs() - b.abs()
    fold = (-y).clamp(min=0)
    x = a - torch.copysign(fold, a)
    z = b - torch.copysign(fold, b)
    return torch.nn.functional.normalize(torch.stack([x, y, z], -1), dim=-1)


def directions_of_octahedral_texels(
    side: int, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "texels 3"]:
    """Unit directions of the side² texel centres, row by row (rows along z, columns along x)."""
    centers = (torch.arange(side, dtype=dtype) + 0.5) * (2 / side) - 1
    z, x = torch.meshgrid(centers, centers, indexing="ij")
    return direction_from_square(torch.stack([x, z], -1)).reshape(-1, 3)


@functools.cache
def border_indices(side: int) -> Int[Tensor, "bordered_texels"]:
    """For each texel of the (side + 2)² bordered map, the texel of the side² map it repeats."""
    line = torch.arange(-1, side + 1)
    row, column = torch.meshgrid(line, line, indexing="ij")
    # Across an edge of the square the map goes on mirrored along that edge.
    outside = (column < 0) | (column >= side)
    row, column = torch.where(outside, side - 1 - row, row), column.clamp(0, side - 1)
    outside = (row < 0) | (row >= side)
    row, column = row.clamp(0, side - 1), torch.where(outside, side - 1 - column, column)
    return (row * side + column).reshape(-1)


def octahedral_taps(
    square: Float[Tensor, "batch 2"], side: Float[Tensor, "#batch"]
) -> tuple[list[Int[Tensor, "batch"]], list[Float[Tensor, "batch"]]]:
    """Four texels of a bordered map, and their weights, that make up a bilinear read.

    Args:
        square: Coordinates in [−1, 1]².
        side: Texels along one side without the border, as floats.

    Returns:
        Row-major indices into (side + 2)² texels, and weights that sum to one.
    """
    position = (square * 0.5 + 0.5) * side[:, None] + 0.5
    corner = position.detach().floor()
    right, low = (position - corner).unbind(-1)
    column, row = corner.unbind(-1)
    stride = (side + 2).long()
    first = row.long() * stride + column.long()
    left, top = 1 - right, 1 - low
    return (
        [first, first + 1, first + stride, first + stride + 1],
        [left * top, right * top, left * low, right * low],
    )
