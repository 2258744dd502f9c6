"""Writes pictures as a video file, or as a folder of numbered pictures."""

import re
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, final

import av
import numpy as np
from av.codec.codec import UnknownCodecError
from jaxtyping import UInt8
from PIL import Image

from incarnate.errors import RenderError
from incarnate.whole_files import discard

Picture = UInt8[np.ndarray, "height width 3"]

# What x264 calls visually lossless for most material; smaller is better and larger.
_CRF = "17"
# ITU-T H.273: BT.709 primaries and matrix, the sRGB transfer function, video range.
_BT709, _SRGB, _VIDEO_RANGE = 1, 13, 1
_FRAME_NAME = re.compile(r"\d{6}\.png")


class _Sink(Protocol):
    """Where pictures go while they are written: something with a temporary name."""

    def add(self, picture: Picture) -> None:
        """Append a picture."""
        ...

    def close(self) -> None:
        """Finish the temporary file or folder."""
        ...


@final
class VideoWriter:
    """Writes 8-bit sRGB pictures of one size; what was there before stays until all are written.

    ```python
    with VideoWriter("out.mp4", fps=25.0) as writer:
        for picture in pictures:
            writer.write(picture)
    ```
    """

    def __init__(self, path: Path | str, fps: float) -> None:
        """Choose the format by the name.

        Args:
            path: ``.mp4`` for H.264 (yuv420p, BT.709; odd sizes gain a row or column), or a name
                without an ending for a folder of ``000000.png`` ….
            fps: Frames a second; a folder has no use for it.

        Raises:
            RenderError: Another ending, frames a second that make no sense, or a folder that holds
                something else.
        """
        self.path = Path(path)
        self.num_frames = 0
        if not 0 < fps <= 1000:
            raise RenderError(
                f"cannot write {self.path}: {fps:g} frames a second; give more than 0, at most 1000"
            )
        if self.path.suffix.lower() not in ("", ".mp4"):
            raise RenderError(
                f"cannot write {self.path}: the ending {self.path.suffix!r} is not known; give a "
                "name that ends in .mp4, or one without an ending for a folder of PNG pictures"
            )
        self._fps = fps
        self._partial = self.path.with_name(f".partial-{self.path.name}")
        self._sink: _Sink | None = None
        _check_target(self.path)

    def __enter__(self) -> "VideoWriter":
        discard(self._partial)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_video = self.path.suffix != ""
        self._sink = _Mp4(self._partial, self._fps) if is_video else _Folder(self._partial)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._sink is not None
        try:
            self._sink.close()
            if error is None and self.num_frames == 0:
                raise RenderError(f"nothing to write to {self.path}: there was no picture")
            if error is None:
                discard(self.path)
                self._partial.replace(self.path)
        finally:
            discard(self._partial)

    def write(self, picture: Picture) -> None:
        """Append a picture; all have the size of the first."""
        assert self._sink is not None, "write inside a `with` block"
        self._sink.add(picture)
        self.num_frames += 1


@final
class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        folder.mkdir()

    def add(self, picture: Picture) -> None:
        Image.fromarray(picture).save(self._folder / f"{self._count:06d}.png")
        self._count += 1

    def close(self) -> None:
        pass


@final
class _Mp4:
    def __init__(self, path: Path, fps: float) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        rate = Fraction(fps).limit_denominator(1001)
        try:
            self._stream = self._container.add_stream("libx264", rate=rate)
        except UnknownCodecError as error:
            self._container.close()
            raise RenderError(
                "this build of PyAV has no H.264 encoder (libx264); install the published wheel "
                "(`pip install --force-reinstall av`), or write a folder of pictures"
            ) from error
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": _CRF}
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = _BT709
        context.color_trc, context.color_range = _SRGB, _VIDEO_RANGE
        self._shape: tuple[int, ...] | None = None

    def add(self, picture: Picture) -> None:
        even = _padded_to_even(picture)
        if self._shape is None:
            self._shape = picture.shape
            self._stream.height, self._stream.width = even.shape[:2]
        assert picture.shape == self._shape, f"{picture.shape} after {self._shape}"
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        # Without it the converter would use BT.601, and reds and greens would be off on a screen.
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        if self._shape is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def _padded_to_even(
    picture: Picture,
) -> UInt8[np.ndarray, "even_height even_width 3"]:
    """4:2:0 needs even sizes: the last row and column are repeated where one is missing."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded)


def _check_target(path: Path) -> None:
    """Only pictures of our own naming may be replaced with their folder."""
    if not path.is_dir():
        return
    others = [entry.name for entry in path.iterdir() if not _FRAME_NAME.fullmatch(entry.name)]
    if others:
        raise RenderError(
            f"cannot write pictures to {path}: the folder holds other things ({others[0]}); give "
            "a new folder, or a name that ends in .mp4"
        )
