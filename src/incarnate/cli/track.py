"""``incarnate track``: turn a talking-head video into a capture."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.capture.capture import Capture, Consent, Track
    from incarnate.tracking.track import TrackedVideo, TrackSettings

_SHEET_FRAMES = 24


@dataclass(frozen=True)
class Part:
    """Which part of the video is used."""

    start: float = 0.0
    """Seconds from the beginning to skip."""
    end: float | None = None
    """Seconds from the beginning at which to stop; the end of the video if left out."""
    fps: float | None = None
    """At most so many frames a second; all if left out."""
    picture_rate: float = 25.0
    """Frames a second of a folder of pictures."""
    max_frames: int | None = None
    """Stop after so many frames."""
    shot: Literal["whole", "longest"] = "whole"
    """Refuse a video with cuts, or take its longest shot."""


@dataclass(frozen=True)
class ConsentWords:
    """Whose likeness this is and by what right it is used; every avatar made of it carries it."""

    subject: str | None = None
    """Who is seen."""
    statement: str | None = None
    """What they agreed to, in plain words."""
    source: str | None = None
    """Where the video, and the consent, come from."""


def track(
    video: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    *,
    size: int = 512,
    part: tyro.conf.OmitArgPrefixes[Part] = Part(),
    consent: ConsentWords = ConsentWords(),
    passes: Literal[1, 2] = 2,
    threads: int = 0,
) -> None:
    """Turn a talking-head video into a capture: frames cut out, landmarks, and the rig fitted.

    Args:
        video: One person who talks and turns the head, filmed by a camera that stands still; a
            file, or a folder of numbered pictures.
        output: Folder of the capture.
        size: Side of the square pictures, pixels.
        part: Which part of the video is used.
        consent: Whose likeness this is.
        passes: With 2, a small avatar is trained on what the first pass gave, and head pose and
            jaw then follow what it draws: about a minute more, and poses that fit much better.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.cli.threads import use_threads
    from incarnate.tracking.track import TrackedVideo, track_video

    use_threads(threads)
    settings = _settings(size, part, consent)
    with quiet_libraries(), ConsoleProgress() as progress:
        tracked = track_video(video, output, settings, progress)
        if passes == 2:
            capture, better, warnings = aligned(tracked.capture, tracked.track, progress)
            tracked = TrackedVideo(capture, better, (*tracked.warnings, *warnings))
        _draw(tracked.capture, tracked.track, progress)
    for line in _summary(tracked, output):
        print(line)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep what compiled libraries write to stderr out of the progress bar; Python's stays.

    The detector announces its start in a dozen lines that read like warnings, and has no setting
    against it.
    """
    sys.stderr.flush()
    python_stderr, terminal = sys.stderr, os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with os.fdopen(os.dup(terminal), "w", encoding="utf-8", errors="replace") as stream:
            # Where something else stands in for stderr already, nothing has to be led around.
            if python_stderr is sys.__stderr__:
                sys.stderr = stream
            try:
                yield
            finally:
                sys.stderr = python_stderr
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def aligned(
    capture: "Capture", track: "Track", progress: ConsoleProgress
) -> "tuple[Capture, Track, tuple[str, ...]]":
    """Let a small avatar correct a capture's poses, in place.

    Returns:
        The capture and the track as they are now, and a warning where no avatar could be made.
    """
    from incarnate.capture.writing import save_track
    from incarnate.errors import AvatarError
    from incarnate.train.second_pass import second_pass

    try:
        better = second_pass(capture, track, progress=progress)
    except AvatarError as error:
        warning = f"poses are those of the first pass, as no avatar could be trained on it: {error}"
        return capture, track, (warning,)
    note = {"refined": "poses aligned with a small avatar of the training frames"}
    return save_track(better, capture.folder, note), better, ()


def _settings(size: int, part: Part, consent: ConsentWords) -> "TrackSettings":
    from incarnate.tracking.track import TrackSettings
    from incarnate.tracking.video import VideoSelection

    selection = VideoSelection(part.fps, part.start, part.end, part.max_frames, part.picture_rate)
    return TrackSettings(size, selection, part.shot, consent_from(consent))


def consent_from(words: ConsentWords) -> "Consent | None":
    """The consent that the words tell; None where nothing is told, a mistake if told in part."""
    from incarnate.capture.capture import Consent
    from incarnate.errors import TrackingError

    given = {name: word for name, word in vars(words).items() if word is not None}
    if not given:
        return None
    missing = [f"--consent.{name}" for name in vars(words) if not given.get(name, "").strip()]
    if missing:
        raise TrackingError(
            f"consent is told in part: {', '.join(missing)} is missing; give all three, so that it "
            "can be understood later, or none"
        )
    return Consent(**given)


def _draw(capture: "Capture", track: "Track", progress: ConsoleProgress) -> None:
    """Draw the rig over every frame as a video, and over some of them on a sheet."""
    from incarnate.capture.pictures import write_picture
    from incarnate.capture.reading import read_frame
    from incarnate.view.overlays import contact_sheet, draw_rig, spread
    from incarnate.view.video import VideoWriter

    on_sheet = set(spread(capture.indices(), _SHEET_FRAMES))
    pictures, captions = [], []
    with VideoWriter(capture.folder / "overlay.mp4", capture.fps) as writer:
        for index in capture.indices():
            drawn = draw_rig(read_frame(capture, index), track.rig, track.poses[index])
            writer.write(drawn)
            if index in on_sheet:
                pictures.append(drawn)
                captions.append(f"frame {index}  {track.residuals[index]:.1f} px")
            progress(index + 1, capture.num_frames, "drawing the rig over the frames")
    write_picture(capture.folder / "sheet.png", contact_sheet(pictures, captions))


def _summary(tracked: "TrackedVideo", output: Path) -> list[str]:
    capture, track = tracked.capture, tracked.track
    view = capture.cameras[0]
    return [
        *(f"warning: {warning}" for warning in tracked.warnings),
        f"wrote {output}: {len(capture.indices('train'))} training and "
        f"{len(capture.indices('test'))} test frames, {view.width}×{view.height}",
        f"landmarks miss by {track.residuals.mean():.2f} px on average, "
        f"{track.residuals.max():.2f} px in the worst frame",
        f"look at {output / 'overlay.mp4'} and {output / 'sheet.png'}: the blue mesh should lie "
        "on the face",
        f"next: incarnate train head {output} -o AVATAR --preset quick",
    ]
