"""Motion in the parameters of SMPL-X, SMPL-H or SMPL: AMASS, and what data sets bring as npz.

Such files hold rotations alone; the skeleton is in the licensed model. For a rig of SMPL-X they are
taken as they are; any other rig is retargeted from the embedded body in SMPL's rest pose, a T-pose.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.drive.body_retargeting import retargeted
from incarnate.drive.clips import Clip
from incarnate.drive.skeletons import SkeletonMotion
from incarnate.errors import DriveError
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.rigs.canonical import limbs_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.joint_names import (
    SMPLX_BODY_JOINTS,
    SMPLX_FACE_JOINTS,
    SMPLX_HAND_JOINTS,
    SMPLX_JOINTS,
)
from incarnate.rigs.rig import Rig, rest_pose
from incarnate.rigs.skinning import world_from_rest_joints

USUAL_FPS: Final = 30.0
"""Frames a second of files that tell none."""

_BODY, _FACE, _HANDS = SMPLX_BODY_JOINTS[1:], SMPLX_FACE_JOINTS, SMPLX_HAND_JOINTS
_LEFT, _RIGHT = _HANDS[:15], _HANDS[15:]
# What a file of whole poses holds, by its number of columns; SMPL's hands have no fingers.
_WHOLE: Final[Mapping[int, tuple[str, ...]]] = {
    66: SMPLX_BODY_JOINTS,
    72: SMPLX_BODY_JOINTS,
    156: SMPLX_BODY_JOINTS + _HANDS,
    165: SMPLX_JOINTS,
}
# Keys of files that hold the parts of a body; AMASS's SMPL-X files and the data sets of SMPL-X.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "root_orient": ("pelvis",),
    "global_orient": ("pelvis",),
    "pose_body": _BODY,
    "body_pose": _BODY,
    "pose_hand": _HANDS,
    "left_hand_pose": _LEFT,
    "right_hand_pose": _RIGHT,
    "pose_jaw": _FACE[:1],
    "jaw_pose": _FACE[:1],
    "pose_eye": _FACE[1:],
    "leye_pose": _FACE[1:2],
    "reye_pose": _FACE[2:],
}
_RATES = ("mocap_framerate", "mocap_frame_rate", "mocap_fps", "fps")
_MAX_BYTES = 1 << 30
_ADVICE = "give an npz of AMASS (poses, trans) or of SMPL-X (global_orient, body_pose, transl)"
# Rotations of file axes: y up from z up, and y up from a camera's y down.
_FROM_Z_UP: Final = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
_FROM_Y_DOWN: Final = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
# A foot is on the ground in one frame of twenty, jumps and bad frames aside.
_GROUND_QUANTILE = 0.05
# SMPL's legs at rest, hip to ankle, are about this far from straight down.
_LEG_SPREAD = 0.03


@dataclass(frozen=True)
class SmplxMotion:
    """Rotations by SMPL-X's names, as a file holds them."""

    rotations: Mapping[str, Float[Tensor, "frames 3"]]
    """Axis-angle; the pelvis turns in the file's world, the others in rest-pose axes."""
    translation: Float[Tensor, "frames 3"]
    """SMPL's ``transl``: of the pelvis from its rest position, in the file's world, metres."""
    world_from_file: Float[Tensor, "3 3"]
    """Rotation into our world, whose y is up."""
    expression: Float[Tensor, "frames expressions"]
    fps: float


def read_smplx_motion(path: Path) -> SmplxMotion:
    """Read AMASS's files, or parameters of SMPL-X by their usual keys.

    AMASS's z is up. For others the axis is taken as up along which the pelvis mostly stands. Hands
    that are coded by their principal components stay flat: the components are in the model.

    Raises:
        DriveError: The file is absent, damaged, or holds other keys.
    """
    arrays = _read(path)
    rotations = _rotations(arrays, path)
    count = len(rotations["pelvis"])
    shift = _rows(arrays, ("trans", "transl"), count, path)
    rate = next((float(arrays[key]) for key in _RATES if key in arrays and arrays[key].size == 1),
                USUAL_FPS)  # fmt: skip
    if not 1 <= rate <= 1000:
        raise DriveError(f"{path}: its rate is {rate:g} frames a second; expected 1 to 1000")
    is_amass = any(key.startswith("mocap_") for key in arrays)
    turns = matrix_from_axis_angle(rotations["pelvis"])
    if shift is None or shift.shape[1] != 3:
        shift = torch.zeros(count, 3, dtype=torch.float64)
    expression = _rows(arrays, ("expression",), count, path)
    return SmplxMotion(
        rotations=rotations,
        translation=shift,
        world_from_file=torch.tensor(_FROM_Z_UP).double() if is_amass else _upright(turns),
        expression=torch.zeros(count, 0).double() if expression is None else expression,
        fps=rate,
    )


def clip_from_smplx(motion: SmplxMotion, rig: Rig) -> Clip:
    """The motion as poses of a rig, at the motion's rate.

    Args:
        motion: As read.
        rig: Of SMPL-X (`load_smplx`), which takes rotations, ``transl`` and expression as they are;
            or any other body, whose lowest feet stand on y = 0.
    """
    if _is_smplx(rig):
        return _as_it_is(motion, rig)
    body = _t_posed_body()
    # The pelvis of SMPL's rest lies near its origin, that of the embedded body a leg above.
    clip = _as_it_is(motion, replace(body, joints=body.joints - body.joints[0]))
    world = world_from_rest_joints(body, clip.poses).double()
    joints = body.joints.double()
    places = (world[..., :3, :3] @ joints[..., None])[..., 0] + world[..., :3, 3]
    # Where the model's own ground lies is not in the file.
    feet = [body.joint_index(f"{side}_foot") for side in ("left", "right")]
    lift = joints[feet, 1].min() - places[:, feet, 1].min(1).values.quantile(_GROUND_QUANTILE)
    places = places + torch.tensor([0.0, 1.0, 0.0]).double() * lift
    turns = world[..., :3, :3]
    return retargeted(SkeletonMotion(SMPLX_JOINTS, joints, turns, places, motion.fps), rig)


def _as_it_is(motion: SmplxMotion, rig: Rig) -> Clip:
    rest = rest_pose(rig, len(motion.translation))
    world, pelvis = motion.world_from_file, rig.joints[0].double()
    still = torch.zeros_like(motion.translation)
    turns = [motion.rotations.get(name, still) for name in rig.joint_names]
    turns[0] = axis_angle_from_matrix(world @ matrix_from_axis_angle(turns[0]))
    rotations = torch.stack(turns, 1).to(rest.root_rotation)
    expression = rest.expression.clone()
    if _is_smplx(rig):
        shared = min(expression.shape[1], motion.expression.shape[1])
        expression[:, :shared] = motion.expression[:, :shared]
    # The model places the pelvis before the file's world is turned into ours.
    shift = (motion.translation + pelvis) @ world.T - pelvis
    poses = replace(
        rest,
        root_rotation=rotations[:, 0],
        root_translation=shift.to(rest.root_rotation),
        joint_rotations=rotations[:, 1:],
        expression=expression,
    )
    return Clip(poses, motion.fps)


def _is_smplx(rig: Rig) -> bool:
    return rig.name.startswith("smplx")


@cache
def _t_posed_body() -> Rig:
    """The embedded body's skeleton with SMPL's rest pose as its own, feet on its old ground."""
    rig = default_body_rig()
    world = world_from_rest_joints(rig, limbs_pose(rig, leg_spread=_LEG_SPREAD))
    joints = (world[:, :3, :3] @ rig.joints[..., None])[..., 0] + world[:, :3, 3]
    order = [rig.joint_index(name) for name in SMPLX_JOINTS]
    assert order == list(range(rig.num_joints)), "the embedded body has SMPL-X's joints in order"
    foot = rig.joint_index("left_foot")
    joints = joints + torch.tensor([0.0, 1.0, 0.0]) * (rig.joints[foot, 1] - joints[foot, 1])
    return replace(rig, joints=joints)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DriveError(f"{path} is longer than {_MAX_BYTES >> 20} MiB: cut the motion")
        content = path.read_bytes()
    except OSError as error:
        raise DriveError(f"{path} can't be read ({error.strerror}): {_ADVICE}") from error
    wanted = {"poses", "trans", "transl", "expression", *_RATES, *_PARTS}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files if key in wanted}
    # A damaged archive raises whatever zipfile, zlib or NumPy's header parser happen to meet.
    except Exception as error:
        raise DriveError(f"{path} is not an npz of plain arrays ({error}): {_ADVICE}") from error
    for key, array in arrays.items():
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all() or not array.size:
            raise DriveError(f"{path}: {key} does not hold finite numbers: {_ADVICE}")
    return arrays


def _rotations(arrays: Mapping[str, np.ndarray], path: Path) -> dict[str, Tensor]:
    if "poses" in arrays:
        columns = arrays["poses"].shape[-1]
        if arrays["poses"].ndim != 2 or columns not in _WHOLE:
            raise DriveError(
                f"{path}: poses has shape {arrays['poses'].shape}, expected (frames, "
                f"{', '.join(map(str, _WHOLE))}): {_ADVICE}"
            )
        return _by_joint(arrays["poses"], _WHOLE[columns])
    roots = [key for key in ("root_orient", "global_orient") if key in arrays]
    if not roots:
        raise DriveError(f"{path} has neither poses nor global_orient: {_ADVICE}")
    count = len(arrays[roots[0]].reshape(-1, 3))
    rotations: dict[str, Tensor] = {}
    for key, joints in _PARTS.items():
        if key not in arrays:
            continue
        if arrays[key].size == count * 3 * len(joints):
            rotations |= _by_joint(arrays[key].reshape(count, -1), joints)
        elif "hand" not in key:
            raise DriveError(
                f"{path}: {key} has shape {arrays[key].shape}, expected ({count}, "
                f"{3 * len(joints)}): {_ADVICE}"
            )
    return rotations


def _by_joint(values: np.ndarray, joints: tuple[str, ...]) -> dict[str, Tensor]:
    rows = torch.from_numpy(values.astype(np.float64))
    return {name: rows[:, 3 * index : 3 * index + 3] for index, name in enumerate(joints)}


def _rows(
    arrays: Mapping[str, np.ndarray], keys: tuple[str, ...], count: int, path: Path
) -> Float[Tensor, "frames n"] | None:
    for key in keys:
        if key in arrays:
            if arrays[key].ndim != 2 or len(arrays[key]) != count:
                raise DriveError(
                    f"{path}: {key} has shape {arrays[key].shape}, but there are {count} frames"
                )
            return torch.from_numpy(arrays[key].astype(np.float64))
    return None


def _upright(turns: Float[Tensor, "frames 3 3"]) -> Float[Tensor, "3 3"]:
    """World with y up from the file's, by where the pelvis' own up mostly points."""
    up = turns[:, :, 1].mean(0)
    if up[2] > up.abs().max() - 1e-9:
        return torch.tensor(_FROM_Z_UP).double()
    if -up[1] > up.abs().max() - 1e-9:
        return torch.tensor(_FROM_Y_DOWN).double()
    return torch.eye(3, dtype=torch.float64)
