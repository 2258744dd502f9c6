"""The canonical pose of a body: arms out, legs apart, hands flat, face neutral.

Nothing of the body touches anything else in it, so that each point of the surface has a place of
its own in a picture from the front or from the back (position maps, templates).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import RigError
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.rigs.joint_names import smplx_names
from incarnate.rigs.rig import Pose, Rig, rest_pose

LEG_SPREAD = math.radians(25.0)
"""How far each leg, hip to ankle, is from straight down in the canonical pose."""

# Within 10° of an axis, a body is meant to look along it: a measured one is never quite symmetric.
_SNAPPED = math.cos(math.radians(10.0))
_NEEDED = tuple(
    f"{side}_{joint}"
    for side in ("left", "right")
    for joint in ("hip", "ankle", "shoulder", "elbow", "wrist")
)


@dataclass(frozen=True)
class Bone:
    """Where a joint points: at the joint ``tip``."""

    tip: str
    direction: Float[Tensor, "3"]
    """Wanted direction, unit, in the body's axes: left, up, forward."""


def canonical_pose(rig: Rig) -> Pose:
    """Arms straight out to the sides, legs apart by 25° each, all else at rest.

    Directions are measured on the rig's joints, so that any rest pose comes to the same. What is
    beyond a joint follows it: hands and fingers stay as flat as they rest.

    Args:
        rig: A body in any joint names that `smplx_names` knows, in any axes.

    Returns:
        One pose, not batched.

    Raises:
        RigError: The rig has no arms or legs.
    """
    return limbs_pose(rig, leg_spread=LEG_SPREAD)


def limbs_pose(rig: Rig, *, leg_spread: float) -> Pose:
    """Arms straight out to the sides, and each leg at an angle from straight down.

    Args:
        rig: A body.
        leg_spread: Radians.

    Raises:
        RigError: The rig has no arms or legs.
    """
    names = smplx_names(rig.joint_names)
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise RigError(
            f"the rig {rig.name} has no canonical body pose: none of its joints is "
            f"{', '.join(missing)}; give a whole body, with joints named as in SMPL-X, Mixamo, "
            "CMU or VRM"
        )
    axes = body_axes(rig)
    joints = rig.joints.double() @ axes.T
    turned = _pointed(joints, names, rig.parents, _limbs(names, leg_spread))
    local = torch.stack(
        [
            turn if parent < 0 else turned[parent].T @ turn
            for turn, parent in zip(turned, rig.parents, strict=True)
        ]
    )
    rotations = axis_angle_from_matrix(axes.T @ local @ axes).to(rig.joints.dtype)
    return replace(rest_pose(rig), root_rotation=rotations[0], joint_rotations=rotations[1:])


def is_body(rig: Rig) -> bool:
    """Whether the rig has arms and legs, and so a canonical pose."""
    return set(_NEEDED) <= set(smplx_names(rig.joint_names))


def body_axes(rig: Rig) -> Float[Tensor, "3 3"]:
    """The body's left, up and forward in the rig's rest axes: the rows of a rotation, float64.

    Up is from the hips to the shoulders, left from the right shoulder to the left. What is within a
    few degrees of an axis of coordinates is that axis: for a rig of our conventions the result is
    the identity.
    """
    return measured_axes(rig.joints, smplx_names(rig.joint_names))


def measured_axes(
    joints: Float[Tensor, "joints 3"], names: tuple[str, ...]
) -> Float[Tensor, "3 3"]:
    """As `body_axes`, for the joints of any skeleton; the identity if it has no hips or shoulders.

    Args:
        joints: Rest positions.
        names: As from `smplx_names`.
    """
    place = dict(zip(names, joints.double(), strict=True))
    tops = ("left_shoulder", "right_shoulder")
    if tops[0] not in place or tops[1] not in place:
        tops = ("left_collar", "right_collar")
    if any(name not in place for name in (*tops, "left_hip", "right_hip")):
        return torch.eye(3, dtype=torch.float64)
    top_left, top_right = place[tops[0]], place[tops[1]]
    up = _nearest_axis((top_left + top_right - place["left_hip"] - place["right_hip"]) / 2)
    across = top_left - top_right + place["left_hip"] - place["right_hip"]
    level = torch.nn.functional.normalize(across - (across @ up) * up, dim=0)
    left = _nearest_axis(level)
    if left @ level < _SNAPPED:
        left = level
    return torch.stack([left, up, torch.linalg.cross(left, up)])


def turn_between(
    source: Float[Tensor, "*batch 3"], target: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3 3"]:
    """The smallest rotation that takes one direction to another; directions of any length."""
    source = torch.nn.functional.normalize(source, dim=-1)
    target = torch.nn.functional.normalize(target, dim=-1)
    normal = torch.linalg.cross(source, target, dim=-1)
    sine = normal.norm(dim=-1, keepdim=True)
    cosine = (source * target).sum(-1, keepdim=True)
    # Of opposite directions any turn about a perpendicular serves.
    axis = torch.where(sine > 1e-9, normal, _perpendicular(source))
    angle = torch.atan2(sine, cosine)
    return matrix_from_axis_angle(angle * torch.nn.functional.normalize(axis, dim=-1))


def _limbs(names: tuple[str, ...], leg_spread: float) -> Mapping[str, Bone]:
    bones: dict[str, Bone] = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        out = torch.tensor([sign, 0.0, 0.0], dtype=torch.float64)
        down = torch.tensor(
            [sign * math.sin(leg_spread), -math.cos(leg_spread), 0.0], dtype=torch.float64
        )
        bones[f"{side}_shoulder"] = Bone(f"{side}_elbow", out)
        bones[f"{side}_elbow"] = Bone(f"{side}_wrist", out)
        bones[f"{side}_hip"] = Bone(f"{side}_ankle", down)
        if f"{side}_middle1" in names:
            bones[f"{side}_wrist"] = Bone(f"{side}_middle1", out)
    return bones


def _pointed(
    joints: Float[Tensor, "joints 3"],
    names: tuple[str, ...],
    parents: tuple[int, ...],
    bones: Mapping[str, Bone],
) -> list[Tensor]:
    """World rotation of each joint: its parent's, and the smallest turn that makes it point."""
    turned: list[Tensor] = []
    for joint, (name, parent) in enumerate(zip(names, parents, strict=True)):
        turn = torch.eye(3, dtype=joints.dtype) if parent < 0 else turned[parent]
        if name in bones:
            rest = joints[names.index(bones[name].tip)] - joints[joint]
            turn = turn_between(turn @ rest, bones[name].direction) @ turn
        turned.append(turn)
    return turned


def _nearest_axis(direction: Float[Tensor, "3"]) -> Float[Tensor, "3"]:
    index = int(direction.abs().argmax())
    axis = torch.zeros_like(direction)
    axis[index] = 1.0 if direction[index] >= 0 else -1.0
    return axis


def _perpendicular(direction: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """Some direction at a right angle to each."""
    least = direction.abs().argmin(-1, keepdim=True)
    axis = torch.zeros_like(direction).scatter(-1, least, 1.0)
    return torch.linalg.cross(direction, axis, dim=-1)
