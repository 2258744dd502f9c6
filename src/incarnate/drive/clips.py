"""A clip of motion: poses at a constant rate, and a filter that calms them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import DriveError
from incarnate.rigs.moments import moments
from incarnate.rigs.rig import Pose, joined
from incarnate.tracking.smoothing import OneEuroFilter, OneEuroSettings

# The filter opens by this many Hz per (unit a second): a smile that rises in a fifth of a second
# is passed nearly as it is, and so is a head that turns at one radian a second.
FOLLOWING_BETA = 1.0
# A tenth of a metre counts as much as a radian or a whole expression.
METRES_PER_UNIT = 0.1


@dataclass(frozen=True)
class Clip:
    """Motion of one rig, one pose a frame."""

    poses: Pose
    """Batched: one a frame."""
    fps: float
    """Frames a second."""
    names: tuple[str, ...] = ()
    """Where it is put together of several motions: the one each pose belongs to. No pose has a past
    in another; empty if all are one."""

    def __len__(self) -> int:
        return len(self.poses)

    def __getitem__(self, frames: slice) -> "Clip":
        """Some frames."""
        return Clip(self.poses[frames], self.fps, self.names[frames])

    def moments(self) -> list[Pose]:
        """All poses, each with its past."""
        return moments(self.poses, self.fps, self.names)

    def each(self, change: Callable[["Clip"], "Clip"]) -> "Clip":
        """The clip with each of the motions it is put together of changed by itself."""
        if not self.names:
            return change(self)
        counts = [len([*frames]) for _, frames in groupby(self.names)]
        ends = [*accumulate(counts)]
        parts = zip([0, *ends[:-1]], ends, strict=True)
        return in_turn([change(self[first:end]) for first, end in parts])

    def smoothed(self, cutoff: float) -> "Clip":
        """The clip through a One-Euro filter: calm at rest, quick in motion.

        Args:
            cutoff: Hz at rest; lower is calmer and lags more.

        Raises:
            DriveError: The cut-off is not a positive number.
        """
        if not 0 < cutoff < float("inf"):
            raise DriveError(
                f"a clip can't be smoothed at {cutoff:g} Hz: give a cut-off above zero, such as 2; "
                "lower is calmer"
            )
        return self.each(lambda motion: _smoothed(motion, cutoff))


def in_turn(clips: Sequence[Clip]) -> Clip:
    """Clips of one rate and rig as one, which forgets where each begins unless all have names."""
    assert len({clip.fps for clip in clips}) == 1, f"several rates: {[c.fps for c in clips]}"
    poses = joined([clip.poses for clip in clips])
    names = tuple(name for clip in clips for name in clip.names)
    return Clip(poses, clips[0].fps, names if len(names) == len(poses) else ())


def filtered(poses: Pose, one_euro: Callable[[np.ndarray, float], np.ndarray], step: float) -> Pose:
    """Poses through a filter of rows of numbers, in units that weigh alike.

    Args:
        poses: One a frame.
        one_euro: Takes a row, and its time in seconds.
        step: Seconds from frame to frame.
    """
    joints = poses.joint_rotations
    parts = [
        poses.root_rotation,
        poses.root_translation / METRES_PER_UNIT,
        joints.flatten(-2),
        poses.expression,
    ]
    rows: Float[np.ndarray, "frames numbers"] = torch.cat(parts, -1).double().numpy()
    calm = np.stack([one_euro(row, index * step) for index, row in enumerate(rows)])
    split = torch.from_numpy(calm).to(joints.dtype).split([part.shape[-1] for part in parts], -1)
    rotation, translation, turned, expression = split
    return replace(
        poses,
        root_rotation=rotation,
        root_translation=translation * METRES_PER_UNIT,
        joint_rotations=_unflattened(turned, joints),
        expression=expression,
    )


def _smoothed(motion: Clip, cutoff: float) -> Clip:
    one_euro = OneEuroFilter(OneEuroSettings(min_cutoff=cutoff, beta=FOLLOWING_BETA))
    return replace(motion, poses=filtered(motion.poses, one_euro, 1 / motion.fps))


def _unflattened(
    flat: Float[Tensor, "frames numbers"], like: Float[Tensor, "frames joints 3"]
) -> Float[Tensor, "frames joints 3"]:
    return flat.reshape(like.shape)
