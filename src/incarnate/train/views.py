"""Training pictures of several cameras: cropped to the person, decoded beside the training."""

from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, UInt8

from incarnate.capture.capture import Capture
from incarnate.capture.reading import read_frame
from incarnate.geometry.cameras import Camera
from incarnate.train.frames import TrainingFrame, fitted_size, halved_frame, packed_frame

# Pixels around the person that a crop shows: splats must learn not to be there.
_MARGIN = 12
# A window of SSIM has to fit into the halved crop.
_LEAST_SIDE = 32


@dataclass(frozen=True)
class View:
    """Which picture: a frame seen by a camera."""

    frame: int
    """Index in the capture."""
    camera: int
    """Index among the capture's cameras."""


@final
class TrainingViews:
    """Pictures of a capture at one size, as bytes, decoded on a thread of their own.

    What was decoded is kept up to a number of bytes; the picture that was not asked for longest
    goes first.
    """

    def __init__(self, capture: Capture, *, longest_side: int, most_bytes: int) -> None:
        self._capture, self._longest_side, self._most_bytes = capture, longest_side, most_bytes
        self._kept: OrderedDict[View, tuple[Camera, UInt8[np.ndarray, "height width 4"]]] = (
            OrderedDict()
        )
        self._bytes = 0
        self._waiting: dict[View, Future] = {}
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="decoder")

    def expect(self, views: Iterable[View]) -> None:
        """Begin to decode pictures that will be asked for soon."""
        for view in views:
            if view not in self._kept and view not in self._waiting:
                self._waiting[view] = self._decoder.submit(self._decode, view)

    def read(self, view: View, *, halved: bool = False) -> TrainingFrame:
        """One picture, cropped to the person; its camera is that of the crop.

        Args:
            view: Which.
            halved: At half the size.

        Raises:
            CaptureError: The picture can't be read.
        """
        if view not in self._kept:
            self.expect([view])
            self._keep(view, self._waiting.pop(view).result())
        self._kept.move_to_end(view)
        camera, pixels = self._kept[view]
        values = torch.from_numpy(pixels).float() / 255
        frame = TrainingFrame(
            view.frame, camera, values[..., :3].contiguous(), values[..., 3].contiguous()
        )
        return halved_frame(frame) if halved else frame

    def close(self) -> None:
        """End the thread; pictures can no longer be read."""
        self._decoder.shutdown(cancel_futures=True)

    def _keep(
        self, view: View, decoded: tuple[Camera, UInt8[np.ndarray, "height width 4"]]
    ) -> None:
        self._kept[view] = decoded
        self._bytes += decoded[1].nbytes
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes

    def _decode(self, view: View) -> tuple[Camera, UInt8[np.ndarray, "height width 4"]]:
        size = fitted_size(self._capture.cameras[view.camera], self._longest_side)
        frame = read_frame(self._capture, view.frame, view.camera, size)
        pixels = packed_frame(frame)
        rows, columns = _crop(pixels[..., 3] > 8)
        camera = frame.camera.cropped(
            columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start
        )
        return camera, np.ascontiguousarray(pixels[rows, columns])


def _crop(covered: Bool[np.ndarray, "height width"]) -> tuple[slice, slice]:
    """Rows and columns of the person with a margin; all of them where there is nobody."""
    return _span(np.any(covered, axis=1)), _span(np.any(covered, axis=0))


def _span(covered: Bool[np.ndarray, "pixels"]) -> slice:
    found = np.flatnonzero(covered)
    if not len(found):
        return slice(0, len(covered))
    first, last = int(found[0]) - _MARGIN, int(found[-1]) + 1 + _MARGIN
    lacking = max(0, _LEAST_SIDE - (last - first))
    first = max(0, first - lacking // 2)
    return slice(first, min(len(covered), max(last + lacking, first + _LEAST_SIDE)))
