"""A clip of motion: poses at a constant rate, and a filter that calms them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import DriveError
from incarnate.rigs.rig import Pose
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

    def __len__(self) -> int:
        return len(self.poses)

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
        one_euro = OneEuroFilter(OneEuroSettings(min_cutoff=cutoff, beta=FOLLOWING_BETA))
        return replace(self, poses=filtered(self.poses, one_euro, 1 / self.fps))


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


def _unflattened(
    flat: Float[Tensor, "frames numbers"], like: Float[Tensor, "frames joints 3"]
) -> Float[Tensor, "frames joints 3"]:
    return flat.reshape(like.shape)
