"""Small videos for tests, made by PyAV."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8

from incarnate.tracking.video import VideoSelection, read_video

Picture = UInt8[np.ndarray, "height width 3"]

QUARTER_TURN_CLOCKWISE = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
"""A track header's matrix (a b u c d v x y w): right becomes down, down becomes left."""


def write_clip(
    path: Path, pictures: Sequence[Picture], *, fps: int = 30, times: Sequence[float] | None = None
) -> Path:
    """Encode pictures without visible loss, at even steps or at given times in seconds."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        # 4:4:4, so that odd sizes can be written.
        stream = container.add_stream("libx264", rate=fps, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            time = index / fps if times is None else times[index]
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn_on_display(path: Path, matrix: tuple[int, ...] = QUARTER_TURN_CLOCKWISE) -> Path:
    """Write a display matrix into an mp4's track header, as phones do (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    # Version 0 of the box: name, flags, times, id, duration, layer, group, volume, then the matrix.
    start = data.index(b"tkhd") + 4 + 40
    data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)
    return path


def face_frames(shared_data: Path, count: int, start: float = 0.0) -> list[Picture]:
    """Frames of the footage that the tests share."""
    footage = shared_data / "footage" / "talking-head.mp4"
    selection = VideoSelection(start=start, max_frames=count)
    return [frame.image for frame in read_video(footage, selection)]


def noise_frames(count: int, height: int = 96, width: int = 128) -> list[Picture]:
    """Pictures without a face."""
    generator = np.random.default_rng(3)
    return list(generator.integers(0, 255, (count, height, width, 3), dtype=np.uint8))
