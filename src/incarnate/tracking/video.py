"""Decode a video, one frame at a time: upright, contiguous RGB with its time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import av.container
import av.error
import numpy as np
from jaxtyping import UInt8

from incarnate.errors import TrackingError
from incarnate.tracking.picture_sequence import (
    PICTURE_ENDINGS,
    check_same_size,
    picture_paths,
    upright_picture,
)

MIN_FRAMES = 12
"""Fewer frames say too little about a person to fit a rig."""

_FALLBACK_RATE = Fraction(30)

Decoding = Callable[[], UInt8[np.ndarray, "height width 3"]]
"""Gives a picture, upright; frames that nobody wants are not converted."""


@dataclass(frozen=True)
class VideoFrame:
    """One decoded picture of a video."""

    time: float
    """Seconds since the first frame of the video; strictly rising."""
    index: int
    """How many decoded frames of the video came before it."""
    image: UInt8[np.ndarray, "height width 3"]
    """sRGB, upright, contiguous in memory (MediaPipe misreads padded rows without a word)."""


@dataclass(frozen=True)
class VideoSelection:
    """Which frames of a video are looked at; the same selection always gives the same frames."""

    fps: float | None = None
    """At most so many frames a second, chosen by their times; None keeps every frame."""
    start: float = 0.0
    """Seconds from the beginning of the video to skip."""
    end: float | None = None
    """Seconds from the beginning of the video at which to stop."""
    max_frames: int | None = None
    """Stop after so many frames."""
    picture_rate: float = 25.0
    """Frames a second of a folder of pictures, which does not say."""


def count_frames(path: Path) -> int:
    """How many frames there are to come: for progress bars only; 0 where a video does not say."""
    if path.is_dir():
        return len(picture_paths(path))
    with _opened(path) as container:
        stream = container.streams.video[0]
        if stream.frames:
            return stream.frames
        if stream.duration is None or stream.time_base is None:
            return 0
        return int(stream.duration * stream.time_base * (stream.average_rate or _FALLBACK_RATE))


def read_video(path: Path, selection: VideoSelection | None = None) -> Iterator[VideoFrame]:
    """Decode the frames of a video or a folder of pictures, in order, holding one at a time.

    The rotation that phones write into the metadata is applied. Times are those of the file, so
    that a variable frame rate is kept. Damaged packets are left out.

    Args:
        path: Any file that FFmpeg reads, or a folder of PNG or JPEG files.
        selection: Which frames; all if left out.

    Yields:
        Upright frames with strictly rising times in seconds.

    Raises:
        TrackingError: The file can't be opened, has no video, or no frame can be decoded; a folder
            has no pictures.
    """
    selection = selection or VideoSelection()
    last = -1.0
    count = 0
    pictures = _timed_files(path, selection) if path.is_dir() else _timed_pictures(path)
    for index, (time, decode) in enumerate(pictures):
        if selection.end is not None and time > selection.end:
            break
        if time < selection.start or not _is_due(time, last, selection.fps):
            continue
        if selection.max_frames is not None and count >= selection.max_frames:
            break
        # Two frames at one time would divide by zero in every speed computed later.
        last = max(time, last + 1e-4)
        count += 1
        yield VideoFrame(last, index, decode())
    if count == 0:
        raise TrackingError(
            f"no frame of {path} could be decoded between {selection.start:g} s and "
            f"{'the end' if selection.end is None else f'{selection.end:g} s'}; check that the "
            "file plays, and the start and end given"
        )


def _opened(path: Path) -> av.container.InputContainer:
    if not path.is_file():
        raise TrackingError(f"there is no file {path}; give the path of a video")
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        raise TrackingError(
            f"{path} cannot be read as a video ({error.strerror}); if it plays elsewhere, convert "
            "it first: ffmpeg -i INPUT -c:v libx264 -crf 12 OUTPUT.mp4"
        ) from error
    if not container.streams.video:
        kinds = sorted({stream.type for stream in container.streams}) or ["nothing"]
        container.close()
        raise TrackingError(
            f"{path} has no video stream, only {', '.join(kinds)}; give a file with moving pictures"
        )
    return container


def _timed_files(folder: Path, selection: VideoSelection) -> Iterator[tuple[float, Decoding]]:
    """The pictures of a folder with their times."""
    if not 0 < selection.picture_rate < float("inf"):
        raise TrackingError(
            f"{selection.picture_rate:g} pictures a second are none; give a rate above zero"
        )
    paths = picture_paths(folder)
    if not paths:
        raise TrackingError(
            f"the folder {folder} holds no picture ({', '.join(PICTURE_ENDINGS)}); give a video, "
            "or a folder of numbered pictures"
        )
    check_same_size(paths)
    for index, path in enumerate(paths):
        yield index / selection.picture_rate, partial(upright_picture, path)


def _timed_pictures(path: Path) -> Iterator[tuple[float, Decoding]]:
    """Seconds since the first frame, and the frame; packets that can't be decoded are skipped."""
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        rate = stream.average_rate or _FALLBACK_RATE
        first: float | None = None
        count = 0
        for packet in container.demux(stream):
            try:
                pictures = packet.decode()
            except av.error.InvalidDataError:
                continue
            for picture in pictures:
                time = float(count / rate) if picture.time is None else picture.time
                first = time if first is None else first
                count += 1
                yield time - first, partial(_upright, picture)


def _is_due(time: float, last: float, fps: float | None) -> bool:
    # A tenth of a period of slack, so that 30 of 30.0003 fps does not drop every other frame.
    return fps is None or last < 0 or time - last >= 0.9 / fps


def _upright(picture: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
    image = picture.to_ndarray(format="rgb24")
    # Both PyAV's angle and NumPy's quarter turns run counter-clockwise.
    quarter_turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarter_turns))
