"""How an avatar begins to follow someone: wait for them, learn their neutral."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from incarnate.drive.live import LiveSource
from incarnate.drive.live_follow import Follower, FollowSettings, following_filter, stacked
from incarnate.drive.live_take import Pace, samples, wait_for_first
from incarnate.errors import DriveError
from incarnate.rigs.rig import Pose, Rig

Phase = Literal["waiting", "calibrating", "following", "lost", "ended", "failed"]
"""What a live source is doing. Only one that is followed shows motion of its own."""

_MAX_CALIBRATION = 60.0
_CALIBRATION_FPS = 30.0


@dataclass(frozen=True)
class Beginning:
    """How an avatar begins to follow a source."""

    where: str
    """What is waited for, in words."""
    calibrate: float = 1.0
    """For how long the driver holds still, seconds; 0 takes motion as it is."""
    cutoff: float | None = 4.0
    """See `FollowSettings.cutoff`."""
    patience: float = 30.0
    """How long to wait for the first motion, seconds."""

    def __post_init__(self) -> None:
        if not 0 <= self.calibrate <= _MAX_CALIBRATION:
            raise DriveError(f"--calibrate {self.calibrate:g}: give 0 to 60 seconds")
        if self.cutoff is not None:
            following_filter(self.cutoff)


def begin(
    live: LiveSource,
    rig: Rig,
    stage: Pose,
    beginning: Beginning,
    *,
    tell: Callable[[str], None],
    announce: Callable[[Phase, str], None],
) -> Follower:
    """Wait for the driver, and learn their neutral.

    Args:
        live: Opened.
        rig: The avatar's.
        stage: The avatar's own poses, one a frame.
        beginning: How.
        tell: Told of what was dropped meanwhile.
        announce: Told what the driver has to know.

    Raises:
        DriveError: Nobody came.
    """
    announce("waiting", f"waiting for {beginning.where}")
    wait_for_first(live, beginning.patience, tell, beginning.where)
    if beginning.calibrate:
        announce("calibrating", f"hold still and look ahead for {beginning.calibrate:g} s")
    still = Pace(_CALIBRATION_FPS, max(beginning.calibrate, 1e-3))
    at_rest = [sample.pose for sample in samples(live, still, tell)]
    if not at_rest:
        raise DriveError(f"{beginning.where} ended before there was anything to take")
    settings = FollowSettings(is_calibrated=beginning.calibrate > 0, cutoff=beginning.cutoff)
    return Follower(rig, stage, stacked(at_rest), settings)
