"""An avatar that follows a live driver: their neutral taken away, their motion calmed."""

from dataclasses import dataclass, replace
from typing import final

from incarnate.drive.calibration import Neutrals, calibrated, centred, median_pose, neutral_of
from incarnate.drive.clips import FOLLOWING_BETA, filtered
from incarnate.errors import DriveError
from incarnate.rigs.canonical import is_body
from incarnate.rigs.rig import Pose, Rig, joined
from incarnate.tracking.smoothing import OneEuroFilter, OneEuroSettings


@dataclass(frozen=True)
class FollowSettings:
    """How an avatar takes over live motion."""

    is_calibrated: bool = True
    """Whether a face's neutral is taken away; a body's pose is always taken as it is."""
    cutoff: float | None = 4.0
    """Of the One-Euro filter, Hz at rest; lower is calmer and lags more. None does not filter."""


@final
class Follower:
    """Turns a driver's poses into the avatar's, one at a time."""

    def __init__(
        self, rig: Rig, stage: Pose, at_rest: Pose, settings: FollowSettings | None = None
    ) -> None:
        """Learn where both start from.

        Args:
            rig: The avatar's.
            stage: The avatar's own poses, one a frame.
            at_rest: The driver's, one a frame, while they hold still and look ahead.
            settings: How to follow.

        Raises:
            DriveError: The filter's cut-off is not a positive number.
        """
        settings = settings or FollowSettings()
        self._rig = rig
        self._stage = stage
        self._driver = median_pose(at_rest)
        takes_neutral = settings.is_calibrated and not is_body(rig)
        self._neutrals = Neutrals(self._driver, neutral_of(stage, rig)) if takes_neutral else None
        self._filter = None if settings.cutoff is None else following_filter(settings.cutoff)

    def __call__(self, pose: Pose, now: float) -> Pose:
        """The avatar's pose, not batched.

        Args:
            pose: The driver's.
            now: Seconds; rises from call to call.
        """
        poses = pose.as_batch()
        if self._neutrals is not None:
            poses = calibrated(poses, self._stage, self._rig, self._neutrals)
        else:
            start = centred(self._driver.as_batch(), self._stage).root_translation
            shift = start - self._driver.root_translation
            poses = replace(poses, root_translation=poses.root_translation + shift)
        one_euro = self._filter
        if one_euro is not None:
            poses = filtered(poses, lambda row, _: one_euro(row, now), 0.0)
        return poses[0]


def stacked(poses: list[Pose]) -> Pose:
    """Single poses as one batch."""
    return joined([pose.as_batch() for pose in poses])


def following_filter(cutoff: float) -> OneEuroFilter:
    """The filter that calms live motion.

    Raises:
        DriveError: The cut-off, Hz at rest, is not a positive number.
    """
    if not 0 < cutoff < float("inf"):
        raise DriveError(
            f"live motion can't be smoothed at {cutoff:g} Hz: give a cut-off above zero, such as "
            "4, or 0 for none; lower is calmer"
        )
    return OneEuroFilter(OneEuroSettings(min_cutoff=cutoff, beta=FOLLOWING_BETA))
