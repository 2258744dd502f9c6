"""From ARKit's channels to the poses of a rig."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.drive.arkit import ARKIT_EXPRESSIONS, FaceRecording
from incarnate.drive.clips import Clip
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS, gaze_turn
from incarnate.rigs.rig import Pose, Rig, rest_pose

# The neck takes this part of a turn of the head: the share of their usual ranges in talking.
NECK_SHARE = 0.3
_EYE_JOINTS: Final = MappingProxyType(
    {"Left": ("left_eye_smplhf", "left_eye"), "Right": ("right_eye_smplhf", "right_eye")}
)


def clip_from_arkit(recording: FaceRecording, rig: Rig) -> Clip:
    """The recording as motion of a rig, at the recording's rate.

    Expressions go by name; ``jawOpen`` turns the jaw joint where the rig has no such expression;
    gaze turns the eye joints; the head's angles are shared by neck and head.

    Args:
        recording: ARKit's channels.
        rig: With ARKit's names where the meaning is ARKit's.
    """
    regular = recording.regular()
    pose = rest_pose(rig, len(regular.times))
    joints = pose.joint_rotations.clone()
    root_rotation = pose.root_rotation
    for names, rotation in _turns(regular, rig):
        joint = _first_joint(rig, names)
        if joint == 0:
            root_rotation = rotation
        elif joint is not None:
            joints[:, joint - 1] = rotation
    poses = replace(
        pose,
        root_rotation=root_rotation,
        joint_rotations=joints,
        expression=_expressions(regular, rig),
    )
    return Clip(limited_mouth_close(poses, rig), regular.fps)


def jaw_opening(poses: Pose, rig: Rig) -> Float[Tensor, "*batch"] | None:
    """How far the jaw is open, in units of ``jawOpen``; None for a rig that can't tell."""
    if "jawOpen" in rig.expression_names:
        return poses.expression[..., rig.expression_names.index("jawOpen")]
    if "jaw" not in rig.joint_names:
        return None
    return poses.joint_rotations[..., rig.joint_index("jaw") - 1, 0] / JAW_OPEN_RADIANS


def limited_mouth_close(poses: Pose, rig: Rig, slack: Float[Tensor, ""] | None = None) -> Pose:
    """The poses with lips that close no further than the jaw is open.

    ``mouthClose`` alone would drive the lower lip through the upper one.

    Args:
        poses: Any batch.
        rig: Theirs.
        slack: How much further they may close, in units of expression; not at all if left out.
    """
    opening = jaw_opening(poses, rig)
    if opening is None or "mouthClose" not in rig.expression_names:
        return poses
    index = rig.expression_names.index("mouthClose")
    limit = opening.clamp(min=0) + (0 if slack is None else slack)
    expression = poses.expression.clone()
    expression[..., index] = torch.minimum(expression[..., index], limit)
    return replace(poses, expression=expression)


def _expressions(recording: FaceRecording, rig: Rig) -> Float[Tensor, "frames expressions"]:
    none = np.zeros(len(recording.times))
    columns = [
        recording.channel(name) if name in ARKIT_EXPRESSIONS else none
        for name in rig.expression_names
    ]
    return torch.from_numpy(np.stack(columns, 1)).to(rig.vertices.dtype)


def _turns(
    recording: FaceRecording, rig: Rig
) -> "list[tuple[Sequence[str], Float[Tensor, 'frames 3']]]":
    """Axis-angles by the names of the joint that may take them, best first."""
    dtype = rig.vertices.dtype
    turn = _head_turn(recording).to(dtype)
    turns: list[tuple[Sequence[str], Tensor]]
    if {"neck", "head"} <= set(rig.joint_names):
        # About one axis, so both together are the whole turn exactly.
        turns = [(("neck",), NECK_SHARE * turn), (("head",), (1 - NECK_SHARE) * turn)]
    else:
        turns = [(("head", "neck", rig.joint_names[0]), turn)]
    turns += [(_EYE_JOINTS[side], _gaze(recording, side).to(dtype)) for side in ("Left", "Right")]
    if "jawOpen" not in rig.expression_names:
        angle = JAW_OPEN_RADIANS * recording.channel("jawOpen")
        turns.append((("jaw",), _about_axes(x=angle).to(dtype)))
    return turns


def _first_joint(rig: Rig, names: Sequence[str]) -> int | None:
    return next((rig.joint_index(name) for name in names if name in rig.joint_names), None)


def _head_turn(recording: FaceRecording) -> Float[Tensor, "frames 3"]:
    """Yaw, then pitch, then roll, each about the axes that the one before has turned."""
    yaw = matrix_from_axis_angle(_about_axes(y=recording.channel("headYaw")))
    pitch = matrix_from_axis_angle(_about_axes(x=recording.channel("headPitch")))
    roll = matrix_from_axis_angle(_about_axes(z=recording.channel("headRoll")))
    return axis_angle_from_matrix(yaw @ pitch @ roll)


def _gaze(recording: FaceRecording, side: Literal["Left", "Right"]) -> Float[Tensor, "frames 3"]:
    """Turn of an eye: by ``eyeLook…``, whose meaning is certain, or by angles if those are zero."""
    look = {way: recording.channel(f"eyeLook{way}{side}") for way in EYE_LOOK_RADIANS}
    if not any(channel.any() for channel in look.values()):
        name = f"{side.lower()}Eye"
        return _about_axes(x=recording.channel(f"{name}Pitch"), y=recording.channel(f"{name}Yaw"))
    return gaze_turn({way: torch.from_numpy(channel) for way, channel in look.items()}, side)


def _about_axes(
    *,
    x: Float[np.ndarray, "frames"] | None = None,
    y: Float[np.ndarray, "frames"] | None = None,
    z: Float[np.ndarray, "frames"] | None = None,
) -> Float[Tensor, "frames 3"]:
    given = next(axis for axis in (x, y, z) if axis is not None)
    axes = [np.zeros_like(given) if axis is None else axis for axis in (x, y, z)]
    return torch.from_numpy(np.stack(axes, 1))
