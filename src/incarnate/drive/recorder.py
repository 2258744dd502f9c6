"""Keeps what a live source sent: faces as ARKit's CSV, bodies as an npz of SMPL-X's parameters.

Both are files that drive avatars (docs/motion.md, `incarnate.drive.reenactment`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.drive.arkit import FaceRecording, write_arkit_csv
from incarnate.drive.live import Bone, LiveFrame
from incarnate.drive.live_pose import skeleton_of
from incarnate.drive.resampling import slerp
from incarnate.errors import DriveError
from incarnate.geometry.rotations import (
    axis_angle_from_matrix,
    matrix_from_quaternion,
    quaternion_from_matrix,
)
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.joint_names import (
    SMPLX_BODY_JOINTS,
    SMPLX_HAND_JOINTS,
    SMPLX_JOINTS,
    smplx_names,
)
from incarnate.whole_files import whole

RECORDING_ENDINGS: Final = (".csv", ".npz")

# The base of the app's timecodes; short files are read with it.
_FPS = 60.0
# Half an hour at 120 a second.
_MAX_FRAMES = 216_000
# A sender's clock that leaves ours by so much (seconds) was set anew.
_MAX_DRIFT = 1.0


@runtime_checkable
class Recorder(Protocol):
    """Keeps frames, and writes them at the end."""

    def add(self, frame: LiveFrame) -> None:
        """Keep a frame, if it holds what is recorded."""
        ...

    def write(self) -> str:
        """Write the file, and say what is in it."""
        ...


def recorder_for(path: Path) -> Recorder:
    """The recorder for a file's ending.

    Raises:
        DriveError: It is neither .csv nor .npz.
    """
    match path.suffix.lower():
        case ".csv":
            return FaceRecorder(path)
        case ".npz":
            return BodyRecorder(path)
        case ending:
            raise DriveError(
                f"can't record to {path}: the ending {ending!r} is not known; give .csv for a face "
                "(ARKit's channels) or .npz for a body (SMPL-X's parameters)"
            )


class FaceRecorder:
    """Faces at the times the sender gave them, or else at those they came."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._times: list[float] = []
        self._rows: list[Float[np.ndarray, 61]] = []
        self._shift: float | None = None

    def add(self, frame: LiveFrame) -> None:
        """See `Recorder`; a frame that is no later than the last is left out."""
        if frame.face is None or len(self._rows) >= _MAX_FRAMES:
            return
        time = self._time(frame)
        # Files keep a thousandth of a frame.
        if not self._times or time - self._times[-1] > 1e-3 / _FPS:
            self._times.append(time)
            self._rows.append(frame.face)

    def _time(self, frame: LiveFrame) -> float:
        """By the sender's clock, which has no jitter of the network, as long as it is steady."""
        if frame.sent is None:
            return frame.arrived
        if self._shift is None:
            self._shift = frame.sent - frame.arrived
        drift = frame.sent - frame.arrived - self._shift
        if abs(drift) > _MAX_DRIFT:
            return frame.arrived + self._shift
        return frame.sent

    def write(self) -> str:
        """See `Recorder`.

        Raises:
            DriveError: No face came.
        """
        if not self._rows:
            raise DriveError(f"nothing to write to {self._path}: no face came")
        recording = FaceRecording(np.array(self._times), np.stack(self._rows), _FPS)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_arkit_csv(recording, self._path)
        return f"{len(self._rows)} frames of a face"


class BodyRecorder:
    """Bones at the times they came, brought to an even rate."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._times: list[float] = []
        self._rows: list[Mapping[str, Bone]] = []

    def add(self, frame: LiveFrame) -> None:
        """See `Recorder`."""
        if not frame.bones or len(self._rows) >= _MAX_FRAMES:
            return
        if not self._times or frame.arrived > self._times[-1]:
            self._times.append(frame.arrived)
            self._rows.append(frame.bones)

    def write(self) -> str:
        """See `Recorder`.

        Raises:
            DriveError: No bones came.
        """
        if not self._rows:
            raise DriveError(f"nothing to write to {self._path}: no bones came")
        turns, ways = zip(*(_smplx(bones) for bones in self._rows), strict=True)
        rotations, transl = _at_even_times(
            torch.stack(turns), torch.stack(ways), np.array(self._times)
        )
        parts = {
            "global_orient": SMPLX_JOINTS[:1],
            "body_pose": SMPLX_BODY_JOINTS[1:],
            "jaw_pose": ("jaw",),
            "leye_pose": ("left_eye_smplhf",),
            "reye_pose": ("right_eye_smplhf",),
            "left_hand_pose": SMPLX_HAND_JOINTS[:15],
            "right_hand_pose": SMPLX_HAND_JOINTS[15:],
        }
        arrays: dict[str, Any] = {
            key: rotations[:, [SMPLX_JOINTS.index(name) for name in names]].flatten(1).numpy()
            for key, names in parts.items()
        }
        arrays |= {"transl": transl.numpy(), "fps": np.array(_FPS)}
        with whole(self._path) as partial, partial.open("wb") as stream:
            np.savez(stream, **arrays)
        return f"{len(transl)} frames of a body"


def _smplx(bones: Mapping[str, Bone]) -> tuple[Float[Tensor, "joints 3 3"], Float[Tensor, "3"]]:
    """Local rotations of SMPL-X's joints since their T-pose, and the way of the pelvis in metres.

    The way is that of a body with SMPL-X's legs, as the file has no skeleton.
    """
    motion = skeleton_of(bones)
    sent = dict(zip(smplx_names(motion.names), motion.turns[0], strict=True))
    rig = default_body_rig()
    turned: list[Tensor] = []
    for name, parent in zip(SMPLX_JOINTS, rig.parents, strict=True):
        above = turned[parent] if parent >= 0 else torch.eye(3, dtype=torch.float64)
        turned.append(sent.get(name, above))
    local = [
        turn if parent < 0 else turned[parent].mT @ turn
        for turn, parent in zip(turned, rig.parents, strict=True)
    ]
    legs = [_leg_length(dict(zip(names, joints, strict=True)), names) for names, joints in (
        (SMPLX_JOINTS, rig.joints.double()), (smplx_names(motion.names), motion.rest_joints)
    )]  # fmt: skip
    own, theirs = legs
    scale = own / theirs if own and theirs else 1.0
    return torch.stack(local), scale * motion.positions[0, 0]


def _leg_length(places: Mapping[str, Tensor], names: tuple[str, ...]) -> float | None:
    chain = [f"left_{joint}" for joint in ("hip", "knee", "ankle")]
    if any(name not in names for name in chain):
        return None
    hip, knee, ankle = (places[name] for name in chain)
    return float((knee - hip).norm() + (ankle - knee).norm())


def _at_even_times(
    turns: Float[Tensor, "frames joints 3 3"],
    ways: Float[Tensor, "frames 3"],
    times: Float[np.ndarray, "frames"],
) -> tuple[Float[Tensor, "moments joints 3"], Float[Tensor, "moments 3"]]:
    """Axis-angles and ways at an even rate: rotations by the shortest way."""
    count = int((times[-1] - times[0]) * _FPS) + 1
    wanted = times[0] + np.arange(count) / _FPS
    before = np.clip(np.searchsorted(times, wanted, side="right") - 1, 0, max(len(times) - 2, 0))
    after = np.minimum(before + 1, len(times) - 1)
    span = np.maximum(times[after] - times[before], 1e-9)
    share = torch.from_numpy(np.clip((wanted - times[before]) / span, 0, 1))
    quaternions = quaternion_from_matrix(turns)
    shares = share[:, None, None].expand(-1, turns.shape[1], 1)
    between = slerp(quaternions[before], quaternions[after], shares)
    rotations = axis_angle_from_matrix(matrix_from_quaternion(between))
    return rotations, torch.lerp(ways[before], ways[after], share[:, None])
