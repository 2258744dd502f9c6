"""Rotations as matrices, unit quaternions (``wxyz``) and axis-angle vectors.

Conventions: docs/conventions.md. All functions broadcast over leading dimensions, keep dtype and
device, and have finite gradients at the identity.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def quaternion_normalized(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 4"]:
    """Return the unit quaternion; a zero quaternion becomes the identity rotation."""
    squared_norm = (quaternion * quaternion).sum(-1, keepdim=True)
    is_zero = squared_norm < torch.finfo(quaternion.dtype).tiny
    identity = torch.zeros_like(quaternion)
    identity[..., 0] = 1
    safe = torch.where(is_zero, torch.ones_like(squared_norm), squared_norm)
    return torch.where(is_zero, identity, quaternion * safe.rsqrt())


def matrix_from_quaternion(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """Rotation matrix of a quaternion ``wxyz``, which is normalised here."""
    w, x, y, z = quaternion_normalized(quaternion).unbind(-1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def quaternion_from_matrix(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """Unit quaternion ``wxyz`` with w ≥ 0 of a rotation matrix.

    Uses the four equivalent formulas of Shepperd (1978) and keeps, for each matrix, the one with
    the largest divisor, so that no rotation is near a singular point.
    """
    m = rotation
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    candidates = torch.stack(
        [
            torch.stack([1 + trace, m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0],
                         m[..., 1, 0] - m[..., 0, 1]], -1),
            torch.stack([m[..., 2, 1] - m[..., 1, 2], 1 + 2 * m[..., 0, 0] - trace,
                         m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0]], -1),
            torch.stack([m[..., 0, 2] - m[..., 2, 0], m[..., 0, 1] + m[..., 1, 0],
                         1 + 2 * m[..., 1, 1] - trace, m[..., 1, 2] + m[..., 2, 1]], -1),
            torch.stack([m[..., 1, 0] - m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0],
                         m[..., 1, 2] + m[..., 2, 1], 1 + 2 * m[..., 2, 2] - trace], -1),
        ],
        -2,
    )  # fmt: skip
    best = torch.diagonal(candidates, dim1=-2, dim2=-1).argmax(-1)
    index = best[..., None, None].expand(*best.shape, 1, 4)
    quaternion = quaternion_normalized(candidates.gather(-2, index).squeeze(-2))
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def quaternion_product(
    first: Float[Tensor, "*batch 4"], second: Float[Tensor, "*#batch 4"]
) -> Float[Tensor, "*batch 4"]:
    """Hamilton product: the rotation ``second`` followed by ``first``."""
    aw, ax, ay, az = first.unbind(-1)
    bw, bx, by, bz = second.unbind(-1)
    return torch.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def matrix_from_axis_angle(axis_angle: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Rotation matrix of an axis-angle vector in radians (Rodrigues' formula)."""
    return matrix_from_quaternion(quaternion_from_axis_angle(axis_angle))


def quaternion_from_axis_angle(axis_angle: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 4"]:
    """Unit quaternion ``wxyz`` of an axis-angle vector in radians."""
    squared = (axis_angle * axis_angle).sum(-1, keepdim=True)
    small = squared < 1e-6
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    # sin(a/2)/a and cos(a/2); under 1 mrad their Taylor series are exact to float64.
    sinc_half = torch.where(
        small, 0.5 - squared / 48 + squared**2 / 3840, torch.sin(0.5 * angle) / angle
    )
    cosine = torch.where(small, 1 - squared / 8 + squared**2 / 384, torch.cos(0.5 * angle))
    return torch.cat([cosine, sinc_half * axis_angle], -1)


def axis_angle_from_quaternion(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3"]:
    """Axis-angle vector in radians, of length at most π, of a quaternion ``wxyz``."""
    unit = quaternion_normalized(quaternion)
    unit = torch.where(unit[..., :1] < 0, -unit, unit)
    w, vector = unit[..., :1], unit[..., 1:]
    squared_sine = (vector * vector).sum(-1, keepdim=True)
    small = squared_sine < 1e-8
    sine = torch.where(small, torch.ones_like(squared_sine), squared_sine).sqrt()
    factor = torch.where(small, 2 + squared_sine / 3, 2 * torch.atan2(sine, w) / sine)
    return factor * vector


def axis_angle_from_matrix(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3"]:
    """Axis-angle vector in radians, of length at most π, of a rotation matrix."""
    return axis_angle_from_quaternion(quaternion_from_matrix(rotation))


def nearest_rotation(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation closest to a matrix in Frobenius norm (orthogonal Procrustes, by SVD)."""
    u, _, vh = torch.linalg.svd(matrix)
    sign = torch.linalg.det(u @ vh)
    diagonal = torch.ones_like(matrix[..., 0])
    diagonal[..., 2] = sign
    return u @ (diagonal[..., :, None] * vh)


def orthonormalized(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Gram–Schmidt on the columns: cheap, differentiable, and exact for a rotation.

    Blends of nearby rotations (linear blend skinning) come out as rotations; use
    `nearest_rotation` where symmetry between the axes matters more than speed.
    """
    first = torch.nn.functional.normalize(matrix[..., 0], dim=-1)
    second = matrix[..., 1] - (first * matrix[..., 1]).sum(-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1)
    third = torch.linalg.cross(first, second, dim=-1)
    return torch.stack([first, second, third], -1)


def aligned_quaternions(quaternions: Float[Tensor, "rotations 4"]) -> Float[Tensor, "rotations 4"]:
    """Signs chosen so that all lie in the first one's half: q and −q must not cancel in a blend."""
    flip = (quaternions * quaternions[:1]).sum(-1, keepdim=True) < 0
    return torch.where(flip, -quaternions, quaternions)
