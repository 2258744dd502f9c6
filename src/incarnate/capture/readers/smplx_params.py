"""smpl_params.npz: SMPL-X parameters as THuman4.0, AvatarReX and fits to ActorsHQ store them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.readers.fixed_camera import moved_root
from incarnate.capture.readers.tables import numbers, read_npz
from incarnate.errors import CaptureError
from incarnate.rigs.joint_names import SMPLX_BODY_JOINTS, SMPLX_HAND_JOINTS
from incarnate.rigs.rig import Pose, Rig

_LEFT, _RIGHT = SMPLX_HAND_JOINTS[:15], SMPLX_HAND_JOINTS[15:]
# What each array turns, in its order; rotations are axis-angle, hands without principal components.
_PARTS = (
    (("body_pose",), SMPLX_BODY_JOINTS[1:]),
    (("jaw_pose",), ("jaw",)),
    (("leye_pose", "left_eye_pose"), ("left_eye_smplhf",)),
    (("reye_pose", "right_eye_pose"), ("right_eye_smplhf",)),
    (("left_hand_pose",), _LEFT),
    (("right_hand_pose",), _RIGHT),
)


@dataclass(frozen=True)
class SmplxCodes:
    """SMPL-X parameters of a person and of each frame; rotations are axis-angle, radians."""

    shape: Float[Tensor, "shapes"]
    rotation: Float[Tensor, "frames 3"]
    """Of the pelvis, in the axes of the set's world (``global_orient``)."""
    translation: Float[Tensor, "frames 3"]
    """Added to all vertices, metres (``transl``)."""
    joints: dict[str, Float[Tensor, "frames 3"]]
    """Of the other joints, by SMPL-X's names; those that are not named rest. Hands rest flat."""
    expression: Float[Tensor, "frames expressions"]

    @property
    def num_frames(self) -> int:
        """How many frames have parameters."""
        return len(self.rotation)


def read_smplx_params(path: Path) -> SmplxCodes:
    """Read the parameters; a row is a frame number.

    Raises:
        CaptureError: An array is missing or of another shape.
    """
    table = read_npz(path)
    rotation = _rows(table, ("global_orient",), path, 3)
    frames = len(rotation)
    joints: dict[str, Tensor] = {}
    for keys, names in _PARTS:
        if any(key in table for key in keys):
            turned = _rows(table, keys, path, 3 * len(names), frames).reshape(frames, -1, 3)
            joints |= dict(zip(names, turned.unbind(1), strict=True))
        elif keys == ("body_pose",):
            numbers(table, keys, path)  # Names the array that is missing.
    shape = np.atleast_2d(np.asarray(table.get("betas", np.zeros((1, 10)))))
    expression = torch.zeros(frames, 0, dtype=torch.float64)
    if "expression" in table:
        width = np.asarray(table["expression"]).shape[-1]
        expression = _rows(table, ("expression",), path, width, frames)
    return SmplxCodes(
        # One person: sets that repeat the shape for each frame repeat the same.
        shape=torch.from_numpy(shape[0].astype(np.float64)),
        rotation=rotation,
        translation=_rows(table, ("transl", "trans"), path, 3, frames),
        joints=joints,
        expression=expression,
    )


def poses_of(
    codes: SmplxCodes, rig: Rig, frames: list[int], world_from_set: Float[Tensor, "4 4"]
) -> Pose:
    """The poses of some frames.

    Args:
        codes: Of the set, in the set's world.
        rig: The person's rig, with SMPL-X's joint names; its shape folded in.
        frames: Rows of the codes.
        world_from_set: What takes the set's world to ours.

    Raises:
        CaptureError: The rig lacks one of SMPL-X's joints.
    """
    rotation, translation = moved_root(
        codes.rotation[frames],
        codes.translation[frames],
        world_from_set.double().expand(len(frames), 4, 4),
        rig.joints[0].double(),
    )
    joints = torch.zeros(len(frames), rig.num_joints - 1, 3)
    for name, turned in codes.joints.items():
        if name not in rig.joint_names:
            raise CaptureError(
                f"the rig {rig.name!r} has no joint {name!r}; these sets need SMPL-X."
            )
        joints[:, rig.joint_index(name) - 1] = turned[frames].float()
    expression = torch.zeros(len(frames), rig.num_expressions)
    count = min(rig.num_expressions, codes.expression.shape[-1])
    expression[:, :count] = codes.expression[frames, :count].float()
    return Pose(rotation.float(), translation.float(), joints, expression, rig.expression_names)


def _rows(
    table: object, keys: tuple[str, ...], path: Path, width: int, frames: int | None = None
) -> Float[Tensor, "frames width"]:
    values = numbers(table, keys, path).reshape(-1)  # pyright: ignore[reportArgumentType]
    rows, rest = divmod(len(values), max(width, 1))
    if rest or rows == 0 or (frames is not None and rows != frames):
        wanted = f"{frames} × {width}" if frames is not None else f"a multiple of {width}"
        raise CaptureError(
            f"{path}: {' or '.join(keys)} has {len(values)} numbers; expected {wanted}."
        )
    return torch.from_numpy(values.reshape(rows, width))
