"""What a rig can be made to do, as sliders: their names, their ranges, and the pose they make."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import torch

from incarnate.geometry.rotations import (
    axis_angle_from_quaternion,
    quaternion_from_axis_angle,
    quaternion_product,
)
from incarnate.rigs.embedded import JAW_OPEN_RADIANS
from incarnate.rigs.joint_names import smplx_names
from incarnate.rigs.rig import Pose, Rig

_EYES: Final = (
    ("left_eye_smplhf", "right_eye_smplhf"),
    ("left_eye", "right_eye"),
)
# Which joints a folder has, in SMPL-X's names, and how far its sliders turn them, degrees.
_JOINT_GROUPS: Final[Mapping[str, tuple[tuple[str, ...], float]]] = MappingProxyType(
    {
        "head": (("neck", "head"), 45.0),
        "spine": (("spine1", "spine2", "spine3"), 45.0),
        "left arm": (("left_collar", "left_shoulder", "left_elbow", "left_wrist"), 120.0),
        "right arm": (("right_collar", "right_shoulder", "right_elbow", "right_wrist"), 120.0),
        "left leg": (("left_hip", "left_knee", "left_ankle", "left_foot"), 120.0),
        "right leg": (("right_hip", "right_knee", "right_ankle", "right_foot"), 120.0),
    }
)
_AXES: Final = MappingProxyType({"tilt": 0, "turn": 1, "roll": 2})
# Principal components beyond these hardly show.
_MOST_NUMBERED = 20
# Handy ones, at the top: what pairs of ARKit's expressions do together.
_PAIRS: Final = MappingProxyType({"blink": "eyeBlink", "smile": "mouthSmile"})


@dataclass(frozen=True)
class Control:
    """One slider."""

    label: str
    group: str
    """The folder that it lies in."""
    low: float
    high: float
    step: float
    expressions: tuple[int, ...] = ()
    """The coefficients that it adds to."""
    joints: tuple[int, ...] = ()
    """The joints that it turns; 0 is the root."""
    axis: int = 0
    """About which axis of the rest pose."""
    radians: float = 0.0
    """How far joints turn for each unit of the slider."""

    @property
    def name(self) -> str:
        """Unique among a rig's controls."""
        return f"{self.group}/{self.label}"


def controls_of(rig: Rig) -> tuple[Control, ...]:
    """The sliders of a rig: a face's handy ones, its head or limbs, then every expression."""
    return (*_face(rig), *_joints(rig), *_expressions(rig))


def posed(base: Pose, controls: tuple[Control, ...], values: Mapping[str, float]) -> Pose:
    """A single pose with what sliders add to it.

    Expressions are added; a joint is turned in its own axes, after the pose turned it.

    Args:
        base: The pose when every slider is at zero; its past is kept.
        controls: The sliders.
        values: Their values by `Control.name`; those left out are zero.
    """
    added = torch.zeros_like(base.expression)
    turns = torch.zeros_like(base.joint_rotations)
    for control in controls:
        value = values.get(control.name, 0.0)
        added[list(control.expressions)] += value
        for joint in control.joints:
            turns[joint - 1, control.axis] += value * control.radians
    if not bool(added.any() or turns.any()):
        return base
    # A coefficient that faces don't have below zero is not led there by a slider.
    floor = base.expression.clamp(max=0.0)
    named = torch.tensor(
        [not _is_numbered(name) for name in base.expression_names], dtype=torch.bool
    )
    expression = base.expression + added
    expression = torch.where(named, torch.maximum(expression, floor), expression)
    turned = quaternion_product(
        quaternion_from_axis_angle(base.joint_rotations), quaternion_from_axis_angle(turns)
    )
    joints = torch.where(
        turns.any(-1, keepdim=True), axis_angle_from_quaternion(turned), base.joint_rotations
    )
    return replace(base, expression=expression, joint_rotations=joints)


def resting(pose: Pose) -> Pose:
    """The rest pose, where a pose has its root: the person stays before the camera."""
    return replace(
        pose,
        joint_rotations=torch.zeros_like(pose.joint_rotations),
        expression=torch.zeros_like(pose.expression),
        past=None,
        past_seconds=None,
    )


def _face(rig: Rig) -> list[Control]:
    found = []
    for label, stem in _PAIRS.items():
        pair = tuple(
            rig.expression_names.index(f"{stem}{side}")
            for side in ("Left", "Right")
            if f"{stem}{side}" in rig.expression_names
        )
        if pair:
            found.append(Control(label, "face", -1.0, 1.0, 0.01, expressions=pair))
    if "jaw" in rig.joint_names[1:]:
        jaw = (rig.joint_index("jaw"),)
        found.append(Control("jaw", "face", -1.0, 1.5, 0.01, joints=jaw, radians=JAW_OPEN_RADIANS))
    eyes = next((pair for pair in _EYES if all(name in rig.joint_names for name in pair)), None)
    if eyes is not None:
        both = tuple(rig.joint_index(name) for name in eyes)
        degree = math.radians(1.0)
        for label, axis in (("gaze left", 1), ("gaze down", 0)):
            found.append(
                Control(label, "face", -30.0, 30.0, 0.5, joints=both, axis=axis, radians=degree)
            )
    return found


def _joints(rig: Rig) -> list[Control]:
    known = {name: index for index, name in enumerate(smplx_names(rig.joint_names))}
    return [
        Control(f"{joint} {label}", group, -reach, reach, 1.0,
                joints=(known[joint],), axis=axis, radians=math.radians(1.0))
        for group, (joints, reach) in _JOINT_GROUPS.items()
        for joint in joints
        if known.get(joint, 0) > 0
        for label, axis in _AXES.items()
    ]  # fmt: skip


def _expressions(rig: Rig) -> list[Control]:
    found, numbered = [], 0
    for index, name in enumerate(rig.expression_names):
        numbered += _is_numbered(name)
        if _is_numbered(name) and numbered > _MOST_NUMBERED:
            continue
        reach = 3.0 if _is_numbered(name) else 1.0
        # ARKit's names begin with the part of the face: brow, cheek, eye, jaw, mouth, nose, tongue.
        part = re.match(r"[a-z]+", name)
        group = "expression" if _is_numbered(name) or part is None else part[0]
        found.append(Control(name, group, -reach, reach, 0.01, expressions=(index,)))
    return found


def _is_numbered(name: str) -> bool:
    """Whether it is a principal component, such as FLAME's, which goes both ways."""
    return name[-1:].isdigit()
