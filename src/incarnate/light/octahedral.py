"""The octahedral map: the sphere folded onto a square, read without trigonometry.

A direction is divided by its L1 norm and so put on an octahedron; the half with y ≥ 0 is the
diamond in the middle of the square [−1, 1]² with coordinates (x, z), the other half is folded out
to the corners (Praun and Hoppe 2003, "Spherical parametrization and remeshing"; Cigolle et al.
2014, "A survey of efficient representations for independent unit vectors").

The map creases along its axes, its edges and the diamond's sides. Reads that blend across a crease
show it as a line in smooth light, so texels stand on the creases: a map of an even ``side`` has
(side + 1)² texels at the corners of side² cells, those on the edges twice.
"""

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
    """Unit directions of the (side + 1)² texels, row by row (rows along z, columns along x)."""
    assert side % 2 == 0, "texels must stand on the axes"
    line = torch.arange(-(side // 2), side // 2 + 1, dtype=dtype) / (side // 2)
    z, x = torch.meshgrid(line, line, indexing="ij")
    return direction_from_square(torch.stack([x, z], -1)).reshape(-1, 3)


def octahedral_taps(
    square: Float[Tensor, "batch 2"], side: Float[Tensor, "#batch"]
) -> tuple[list[Int[Tensor, "batch"]], list[Float[Tensor, "batch"]]]:
    """Four texels of a map, and their weights, that make up a read between texels.

    Reads are bilinear, but for the cells that a side of the diamond cuts: there they are linear on
    both sides of the cut.

    Args:
        square: Coordinates in [−1, 1]².
        side: Cells along one side, an even number, as floats.

    Returns:
        Row-major indices into (side + 1)² texels, and weights that sum to one.
    """
    half = 0.5 * side
    # Counted from the middle outward, the four quarters of the map are alike.
    position = square.abs() * half[:, None]
    inner = torch.minimum(position.detach().floor(), half[:, None] - 1)
    p, q = (position - inner).unbind(-1)
    column, row = inner.unbind(-1)
    outer_part = torch.where(column + row + 1 == half, (p + q - 1).clamp(min=0), p * q)
    outward = torch.copysign(torch.ones_like(square), square.detach())
    stride = side + 1
    step_x, step_z = outward[:, 0], outward[:, 1] * stride
    first = half * (stride + 1) + column * step_x + row * step_z
    taps = [first, first + step_x, first + step_z, first + step_x + step_z]
    weights = [1 - p - q + outer_part, p - outer_part, q - outer_part, outer_part]
    return [tap.long() for tap in taps], weights
