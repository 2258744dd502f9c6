"""How the skirt hangs in a pose: the pose alone decides it.

The body is walked from its rest pose to the wanted one in a straight line of joint angles, the
cloth follows, and then it has time to come to rest. The path starts at one and the same drape, so
the result has no history: frames may be solved in any order, and equal poses give equal folds.
A turn about the vertical turns the result, as it turns gravity not at all.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.synthetic_body.cloth import Motion, advance
from incarnate.capture.synthetic_body.contact import Obstacle
from incarnate.capture.synthetic_body.skirt import Skirt
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import apply_affine, blend_transforms, world_from_rest_joints

_STRIDE: Final = 0.02
"""How far the body may move between two looks at it, metres."""
_MAX_STRIDES: Final = 60
_WALK: Final = (1 / 300,) * 5
"""Seconds of the steps of one stride."""
_TOUCHING: Final = (
    "pelvis", "hip", "knee", "ankle", "spine1", "spine2", "shoulder", "elbow", "wrist",
)  # fmt: skip
_LOOK_EVERY: Final = 10
"""Steps between two looks for contacts while the body stands."""
_FALL, _REST = 1 / 300, 1 / 600
"""Seconds of a step while cloth falls, and of the last third, while it comes to rest."""


@dataclass(frozen=True)
class Dresser:
    """A body and its skirt, ready to be posed."""

    rig: Rig
    """The body as it is dressed beneath the skirt; without expressions."""
    skirt: Skirt
    obstacle: Int[Tensor, "faces 3"]
    """Triangles of the body that the skirt may touch."""
    hung: Float[np.ndarray, "vertices 3"]
    """The skirt on the body at rest, world, metres."""
    settle_steps: int
    """Steps in which cloth comes to rest."""


def make_dresser(rig: Rig, skirt: Skirt, *, settle_steps: int) -> Dresser:
    """Hang a skirt on the body at rest.

    Args:
        rig: The body as it is dressed beneath.
        skirt: Cut for that body.
        settle_steps: Steps in which cloth comes to rest after each walk.
    """
    bare = replace(rig, expression_basis=rig.expression_basis[:0], expression_names=(),
                   pose_basis=None)  # fmt: skip
    dresser = Dresser(bare, skirt, _touchable(bare), skirt.rest, settle_steps)
    still = Motion(skirt.rest, np.zeros_like(skirt.rest))
    body = _bodies(dresser, rest_pose(bare, 1))[0]
    return replace(dresser, hung=_settled(dresser, still, body, 4 * settle_steps).positions)


def hang(dresser: Dresser, pose: Pose) -> Float[Tensor, "vertices 3"]:
    """The skirt at rest on a posed body, world, metres.

    Args:
        dresser: Body and skirt.
        pose: One pose, not batched; its expression is not looked at.
    """
    turn, upright = _unturned(pose)
    goal = _stack(upright, torch.ones(1))
    moved = (_bodies(dresser, goal)[0] - dresser.rig.vertices)[dresser.obstacle].norm(dim=-1).max()
    strides = min(max(1, int(np.ceil(float(moved) / _STRIDE))), _MAX_STRIDES)
    path = _stack(upright, torch.linspace(0, 1, strides + 1)[1:])
    motion = Motion(dresser.hung, np.zeros_like(dresser.hung))
    bodies = _bodies(dresser, path)
    for body in bodies:
        motion = _moved(dresser, motion, body, _WALK)
    positions = _settled(dresser, motion, bodies[-1], dresser.settle_steps).positions
    pivot = dresser.rig.joints[0].double()
    turned = (torch.from_numpy(positions) - pivot) @ turn.T + pivot
    return (turned + pose.root_translation.double()).float()


def _settled(dresser: Dresser, motion: Motion, body: Tensor, steps: int) -> Motion:
    for first in range(0, steps, _LOOK_EVERY):
        time = _FALL if first < 2 * steps // 3 else _REST
        motion = _moved(dresser, motion, body, (time,) * _LOOK_EVERY)
    return motion


def _moved(dresser: Dresser, motion: Motion, body: Tensor, times: tuple[float, ...]) -> Motion:
    skirt, rig = dresser.skirt, dresser.rig
    held = motion.positions.copy()
    held[: skirt.num_held] = skirt.sewn.on(body, rig.faces).double().numpy()
    obstacle = Obstacle(body.double().numpy(), dresser.obstacle.numpy())
    return advance(skirt.cloth, motion, held, obstacle.contact(motion.positions), times=times)


def _unturned(pose: Pose) -> tuple[Float[Tensor, "3 3"], Pose]:
    """Split off the turn about the vertical and the shift."""
    root = matrix_from_axis_angle(pose.root_rotation.double())
    yaw = torch.atan2(root[0, 2], root[2, 2])
    turn = matrix_from_axis_angle(torch.stack([torch.zeros_like(yaw), yaw, torch.zeros_like(yaw)]))
    tilt = axis_angle_from_matrix(turn.T @ root).to(pose.root_rotation)
    return turn, replace(pose, root_rotation=tilt,
                         root_translation=torch.zeros_like(pose.root_translation))  # fmt: skip


def _stack(pose: Pose, shares: Float[Tensor, "steps"]) -> Pose:
    """Poses on the straight line from rest."""
    return Pose(
        shares[:, None] * pose.root_rotation,
        shares[:, None] * pose.root_translation,
        shares[:, None, None] * pose.joint_rotations,
        pose.expression.new_zeros(len(shares), 0),
        (),
    )


def _bodies(dresser: Dresser, poses: Pose) -> Float[Tensor, "steps vertices 3"]:
    rig = dresser.rig
    transforms = world_from_rest_joints(rig, poses)
    return apply_affine(blend_transforms(rig.skinning_weights, transforms), rig.vertices)


def _touchable(rig: Rig) -> Int[Tensor, "faces 3"]:
    """Trunk, legs and arms; heads, fingers and feet have many triangles, and touch no skirt."""
    touching = [
        i for i, name in enumerate(rig.joint_names)
        if name.endswith(_TOUCHING)
    ]  # fmt: skip
    near = rig.skinning_weights[:, touching].sum(1) > 0.5
    return rig.faces[near[rig.faces].all(1) & (rig.vertices[rig.faces, 1] > 0.1).all(1)]
