"""What an avatar does in ``incarnate render``: its own motion, or another person's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.avatars.avatar import Avatar
    from incarnate.avatars.encoder import ExpressionEncoder
    from incarnate.avatars.files import Stage
    from incarnate.drive.clips import Clip
    from incarnate.drive.reenactment import Driver
    from incarnate.rigs.rig import Rig


@dataclass(frozen=True)
class Motion:
    """What the avatar does."""

    drive: str = "self"
    """self for the avatar's own motion, or a driver: the folder of another tracked capture, a .csv
    of the Live Link Face app, a video or a folder of pictures, which is tracked first, or a motion
    file: .bvh, .glb, .vrma, or an .npz of AMASS or SMPL-X."""
    picture_rate: float = 25.0
    """Frames a second of a folder of pictures."""
    expressions: Literal["tracked", "encoder"] = "tracked"
    """Whether a driver's expressions are those of tracking, or what the avatar's encoder reads from
    their pictures."""
    frames: str = ":"
    """Which frames of the motion, as first:end (end excluded); either may be left out."""
    neutral: str | None = None
    """Frames in which the driver's face is at rest, as first:end; their calmest if left out."""
    uncalibrated: bool = False
    """Take the driver's motion as it is, not relative to their own neutral face."""
    smooth: float | None = None
    """Cut-off in Hz of a One-Euro filter, such as 2; lower is calmer. None if left out."""


OWN_MOTION: Final = Motion()


def clip_of(
    motion: Motion, stage: "Stage", rig: "Rig", encoder: "ExpressionEncoder | None" = None
) -> "Clip":
    """The chosen frames of the motion.

    Args:
        motion: What is wanted.
        stage: Where the avatar was captured.
        rig: The avatar's.
        encoder: The avatar's, where it is to read the driver's expressions; see `reader_of`.

    Raises:
        RenderError: Options don't fit each other, or a range names no frame.
        IncarnateError: The driver can't be read; see `incarnate.drive.reenactment.load_driver`.
    """
    from incarnate.drive.clips import Clip

    _check(motion)
    if motion.drive == OWN_MOTION.drive:
        clip = Clip(stage.poses, stage.fps, stage.clips)
    else:
        clip = _driven(motion, stage, rig, encoder)
    if motion.smooth is not None:
        clip = clip.smoothed(motion.smooth)
    return clip[frame_slice(motion.frames, len(clip))]


def clips_of(motion: Motion, also: Sequence[str], stage: "Stage", avatar: "Avatar") -> "Clip":
    """The motion and others, one after the other, each under a name that no other has.

    Args:
        motion: What is wanted.
        also: Further drivers, taken over like that of the motion; all their frames.
        stage: Where the avatar was captured.
        avatar: Who is driven.

    Returns:
        All at the rate of the first. A motion without names of its own has that of its file.

    Raises:
        RenderError, IncarnateError: As `clip_of` for each of them.
    """
    from incarnate.drive.clips import in_turn
    from incarnate.drive.resampling import resampled

    clips: list[Clip] = []
    for one in (motion, *(replace(motion, drive=drive, frames=":") for drive in also)):
        clip = clip_of(one, stage, avatar.rig, reader_of(one, avatar))
        if not clip.names:
            name = "capture" if one.drive == OWN_MOTION.drive else Path(one.drive).stem
            clip = replace(clip, names=(name,) * len(clip))
        taken = {name for before in clips for name in before.names}
        clip = replace(clip, names=tuple(_distinct(name, taken) for name in clip.names))
        clips.append(clip if not clips else resampled(clip, clips[0].fps))
    return in_turn(clips)


def _distinct(name: str, taken: set[str]) -> str:
    numbered = (name if number == 1 else f"{name} {number}" for number in count(1))
    return next(name for name in numbered if name not in taken)


def reader_of(motion: Motion, avatar: "Avatar") -> "ExpressionEncoder | None":
    """The avatar's encoder, if it is to read the driver's expressions.

    Raises:
        RenderError: The avatar has none, or there is nothing to read.
    """
    from incarnate.avatars.head import HeadAvatar
    from incarnate.errors import RenderError

    if motion.expressions == "tracked":
        return None
    if motion.drive == OWN_MOTION.drive:
        raise RenderError(
            "--expressions encoder reads a driver's pictures, and an avatar keeps none of its own: "
            "name its capture, a video or a folder of pictures with --drive"
        )
    encoder = avatar.encoder if isinstance(avatar, HeadAvatar) else None
    if encoder is None:
        raise RenderError(
            "this avatar has no encoder to read expressions with: leave --expressions out, or "
            "train a head with `incarnate train head CAPTURE -o AVATAR --expression encoder`"
        )
    return encoder


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


def _driven(
    motion: Motion, stage: "Stage", rig: "Rig", encoder: "ExpressionEncoder | None"
) -> "Clip":
    from incarnate.drive.body_motion import MOTION_ENDINGS
    from incarnate.drive.reenactment import Calibration, reenacted
    from incarnate.drive.resampling import resampled
    from incarnate.rigs.canonical import is_body

    source = Path(motion.drive)
    driver = _loaded(motion, rig, encoder)
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


def _loaded(motion: Motion, rig: "Rig", encoder: "ExpressionEncoder | None") -> "Driver":
    """The driver; with a progress bar where pictures are tracked first."""
    from incarnate.cli.track import quiet_libraries
    from incarnate.drive.reenactment import Looking, is_tracked_first, load_driver

    source, looking = Path(motion.drive), Looking(encoder, motion.picture_rate)
    if not is_tracked_first(source):
        return load_driver(source, rig, looking=looking)
    with quiet_libraries(), ConsoleProgress() as progress:
        return load_driver(source, rig, progress, looking)
