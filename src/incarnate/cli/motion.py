"""What an avatar does in ``incarnate render``: its own motion, or another person's."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.avatars.files import Stage
    from incarnate.drive.clips import Clip
    from incarnate.rigs.rig import Rig


@dataclass(frozen=True)
class Motion:
    """What the avatar does."""

    drive: str = "self"
    """self for the avatar's own motion, or a driver: the folder of another tracked capture, a .csv
    of the Live Link Face app, a video, which is tracked first, or a motion file: .bvh, .glb, .vrma,
    or an .npz of AMASS or SMPL-X."""
    frames: str = ":"
    """Which frames of the motion, as first:end (end excluded); either may be left out."""
    neutral: str | None = None
    """Frames in which the driver's face is at rest, as first:end; their calmest if left out."""
    uncalibrated: bool = False
    """Take the driver's motion as it is, not relative to their own neutral face."""
    smooth: float | None = None
    """Cut-off in Hz of a One-Euro filter, such as 2; lower is calmer. None if left out."""


OWN_MOTION: Final = Motion()


def clip_of(motion: Motion, stage: "Stage", rig: "Rig") -> "Clip":
    """The chosen frames of the motion.

    Raises:
        RenderError: Options don't fit each other, or a range names no frame.
        IncarnateError: The driver can't be read; see `incarnate.drive.reenactment.load_driver`.
    """
    from incarnate.drive.clips import Clip

    _check(motion)
    clip = Clip(stage.poses, stage.fps) if motion.drive == "self" else _driven(motion, stage, rig)
    if motion.smooth is not None:
        clip = clip.smoothed(motion.smooth)
    return Clip(clip.poses[frame_slice(motion.frames, len(clip))], clip.fps)


def frame_slice(text: str, count: int, option: str = "--frames") -> slice:
    """Frames written as ``first:end``.

    Raises:
        RenderError: It is not written so, or names no frame that exists.
    """
    from incarnate.errors import RenderError

    first, colon, end = text.partition(":")
    try:
        chosen = slice(int(first) if first else None, int(end) if end else None)
    except ValueError:
        colon, chosen = "", slice(None)
    if not colon or not range(count)[chosen]:
        raise RenderError(
            f"{option} {text!r} names no frame: the motion has {count}; write first:end, such as "
            f"0:{count}, with the end excluded"
        )
    return chosen


def _check(motion: Motion) -> None:
    from incarnate.errors import RenderError

    if motion.neutral is None:
        return
    if motion.drive == "self":
        raise RenderError("--neutral is the driver's, but the avatar drives itself: name a --drive")
    if motion.uncalibrated:
        raise RenderError("--neutral says how to calibrate, --uncalibrated not to: leave one out")


def _driven(motion: Motion, stage: "Stage", rig: "Rig") -> "Clip":
    from incarnate.cli.track import quiet_libraries
    from incarnate.drive.body_motion import MOTION_ENDINGS
    from incarnate.drive.reenactment import (
        VIDEO_ENDINGS,
        Calibration,
        load_driver,
        reenacted,
    )
    from incarnate.drive.resampling import resampled
    from incarnate.rigs.canonical import is_body

    source = Path(motion.drive)
    if source.suffix.lower() in VIDEO_ENDINGS:
        with quiet_libraries(), ConsoleProgress() as progress:
            driver = load_driver(source, rig, progress)
    else:
        driver = load_driver(source, rig)
    for warning in driver.warnings:
        print(f"warning: {warning}")
    if source.suffix.lower() in MOTION_ENDINGS:
        driver = replace(driver, clip=resampled(driver.clip, stage.fps))
        uncalibrated = motion.uncalibrated or is_body(rig)
    else:
        uncalibrated = motion.uncalibrated
    if uncalibrated:
        return reenacted(driver, stage.poses, rig, None)
    chosen = motion.neutral
    frames = None if chosen is None else frame_slice(chosen, len(driver.clip), "--neutral")
    return reenacted(driver, stage.poses, rig, Calibration(frames))
