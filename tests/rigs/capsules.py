"""Two parallel limbs, each of one joint, as a mesh."""

import math
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from tests.rigs.bodies import stick_rig
from torch import Tensor

from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform
from incarnate.rigs.canonical_body import CanonicalBody
from incarnate.rigs.weight_volume import diffuse_weights

RADIUS, HALF_LENGTH, HALF_DISTANCE = 0.05, 0.25, 0.15


def two_capsules() -> tuple[
    Float[Tensor, "vertices 3"], Int[Tensor, "faces 3"], Float[Tensor, "vertices 2"]
]:
    """Closed cylinders along y at x = ±0.15 m; the left one (x > 0) follows joint 1."""
    vertices, faces = _cylinder()
    shift = torch.tensor([HALF_DISTANCE, 0.0, 0.0])
    count = len(vertices)
    weights = torch.eye(2).repeat_interleave(count, 0)
    return (
        torch.cat([vertices - shift, vertices + shift]),
        torch.cat([faces, faces + count]),
        weights,
    )


def _cylinder(around: int = 16, along: int = 11) -> tuple[Tensor, Tensor]:
    angle = torch.arange(around) * (2 * math.pi / around)
    height = torch.linspace(-HALF_LENGTH, HALF_LENGTH, along)
    ring = RADIUS * torch.stack([angle.sin(), torch.zeros(around), angle.cos()], -1)
    wall = ring + torch.stack([torch.zeros(along), height, torch.zeros(along)], -1)[:, None]
    caps = torch.tensor([[0.0, -HALF_LENGTH, 0.0], [0.0, HALF_LENGTH, 0.0]])
    bottom, top = along * around, along * around + 1
    triangles = []
    for i in range(around):
        j = (i + 1) % around
        for row in range(along - 1):
            a, b = row * around + i, row * around + j
            triangles += [[a, b, b + around], [a, b + around, a + around]]
        last = (along - 1) * around
        triangles += [[bottom, j, i], [top, last + i, last + j]]
    return torch.cat([wall.flatten(0, 1), caps]), torch.tensor(triangles)


def capsule_body() -> CanonicalBody:
    """The two limbs as a body that rests in its canonical pose."""
    vertices, faces, weights = two_capsules()
    stick = stick_rig("capsules", ["right", "left"], [-1, 0], [(-0.15, 0, 0), (0.15, 0, 0)])
    rig = replace(
        stick,
        vertices=vertices,
        faces=faces,
        uv_faces=torch.zeros_like(faces),
        parts=torch.zeros(len(vertices), dtype=torch.long),
        shape_basis=torch.zeros(0, len(vertices), 3),
        expression_basis=torch.zeros(0, len(vertices), 3),
        skinning_weights=weights,
    )
    volume = diffuse_weights(vertices, faces, weights, num_voxels=20**3)
    return CanonicalBody(rig, vertices, torch.eye(4).expand(2, 4, 4), volume)


def capsule_poses() -> list[Float[Tensor, "joints 4 4"]]:
    """Skinning matrices of a few poses: rest, the limbs turned about x apart, and together."""
    turns = torch.tensor([[[0.0, 0, 0]] * 2, [[0.5, 0, 0], [-0.5, 0, 0]], [[0.3, 0, 0]] * 2])
    return [rigid_transform(matrix_from_axis_angle(turn), torch.zeros(2, 3)) for turn in turns]
