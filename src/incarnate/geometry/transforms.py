"""Rigid transforms as 4×4 matrices, named by their frames, target first.

Letters that touch must match: ``camera_from_world @ world_from_joint`` is ``camera_from_joint``.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def rigid_transform(
    rotation: Float[Tensor, "*batch 3 3"], translation: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 4 4"]:
    """The 4×4 matrix that rotates, then translates (metres)."""
    top = torch.cat([rotation, translation[..., None]], -1)
    bottom = top.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*top.shape[:-2], 1, 4)
    return torch.cat([top, bottom], -2)


def inverse_rigid(transform: Float[Tensor, "*batch 4 4"]) -> Float[Tensor, "*batch 4 4"]:
    """Inverse of a rigid transform: ``a_from_b`` becomes ``b_from_a``."""
    rotation = transform[..., :3, :3].transpose(-1, -2)
    return rigid_transform(rotation, -(rotation @ transform[..., :3, 3:])[..., 0])


def transform_points(
    transform: Float[Tensor, "*#batch 4 4"], points: Float[Tensor, "*#batch points 3"]
) -> Float[Tensor, "... points 3"]:
    """Apply ``a_from_b`` to points given in b; returns them in a. Batches broadcast."""
    return points @ transform[..., :3, :3].transpose(-1, -2) + transform[..., None, :3, 3]
