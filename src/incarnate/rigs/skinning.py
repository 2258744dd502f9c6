"""Forward kinematics, blendshapes and linear blend skinning."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform
from incarnate.rigs.rig import Pose, Rig


@dataclass(frozen=True)
class Posed:
    """A rig in a pose."""

    vertices: Float[Tensor, "*batch vertices 3"]
    """World positions, metres."""
    world_from_rest: Float[Tensor, "*batch joints 4 4"]
    """What each joint does to points that ride on it: rest space to world (skinning matrices)."""


def world_from_rest_joints(rig: Rig, pose: Pose) -> Float[Tensor, "*batch joints 4 4"]:
    """Skinning matrices: for each joint, the rigid transform from rest space to world.

    ``world_from_rest[j] = world_from_joint[j] @ inverse(rest_from_joint[j])``; in the rest pose
    all are the identity.
    """
    all_rotations = torch.cat([pose.root_rotation[..., None, :], pose.joint_rotations], -2)
    rotations = matrix_from_axis_angle(all_rotations)
    batch = rotations.shape[:-3]
    # Rotate about the rest joint: x → R (x − j) + j, composed along the chain from the root.
    about_joint = rigid_transform(
        rotations, rig.joints - (rotations @ rig.joints[..., None])[..., 0]
    )
    identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    # Out of place, so that torch.func can map and differentiate it.
    root_shift = rigid_transform(identity.expand(*batch, 3, 3), pose.root_translation)
    chain: list[Tensor] = []
    for joint, parent in enumerate(rig.parents):
        parent_transform = root_shift if parent < 0 else chain[parent]
        chain.append(parent_transform @ about_joint[..., joint, :, :])
    return torch.stack(chain, -3)


def pose_features(pose: Pose) -> Float[Tensor, "*batch pose_features"]:
    """vec(R(θ) − I) of the joints after the root, row-major (SMPL's pose corrective input)."""
    rotations = matrix_from_axis_angle(pose.joint_rotations)
    identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    return (rotations - identity).flatten(-3)


def rest_vertices(rig: Rig, pose: Pose) -> Float[Tensor, "*batch vertices 3"]:
    """Template plus expression and pose correctives, before skinning (rest space, metres)."""
    vertices = rig.vertices + torch.einsum("...e,evc->...vc", pose.expression, rig.expression_basis)
    if rig.pose_basis is not None:
        vertices = vertices + torch.einsum("...p,pvc->...vc", pose_features(pose), rig.pose_basis)
    return vertices


def blend_transforms(
    weights: Float[Tensor, "points joints"],
    world_from_rest: Float[Tensor, "*batch joints 4 4"],
) -> Float[Tensor, "*batch points 3 4"]:
    """Σⱼ wⱼ Mⱼ: the blended affine map of each point (linear blend skinning)."""
    top = world_from_rest[..., :3, :].flatten(-2)
    return (weights @ top).unflatten(-1, (3, 4))


def apply_affine(
    affine: Float[Tensor, "*batch points 3 4"], points: Float[Tensor, "*#batch points 3"]
) -> Float[Tensor, "*batch points 3"]:
    """Apply one affine map to each point."""
    return (affine[..., :3] @ points[..., None])[..., 0] + affine[..., 3]


def pose_rig(rig: Rig, pose: Pose) -> Posed:
    """Pose a rig: blendshapes, then linear blend skinning.

    Args:
        rig: The rig, with its identity folded in (`Rig.with_identity`) where there is one.
        pose: One pose or a batch; its expression has the rig's order.

    Returns:
        World vertices in metres and the skinning matrices.
    """
    assert pose.expression_names == rig.expression_names, "pose and rig list other expressions"
    transforms = world_from_rest_joints(rig, pose)
    affine = blend_transforms(rig.skinning_weights, transforms)
    return Posed(apply_affine(affine, rest_vertices(rig, pose)), transforms)
