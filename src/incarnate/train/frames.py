"""Training pictures, decoded once and held as bytes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.capture import Capture, Frame
from incarnate.capture.reading import read_frame, read_pseudo_albedo
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear


@dataclass(frozen=True)
class TrainingFrame:
    """One picture as the loss compares it: on black, encoded for the screen."""

    index: int
    """The frame's index in the capture."""
    camera: Camera
    target: Float[Tensor, "height width 3"]
    """sRGB in [0, 1] of the person over black, composited in linear colour."""
    matte: Float[Tensor, "height width"]
    albedo: Float[Tensor, "height width 3"] | None = None
    """Albedo over black that a network guessed, sRGB; None where the capture has none."""


class TrainingFrames:
    """The training split of a capture at one size.

    Bytes take a quarter of the memory of floats and hold all that an 8-bit file had.
    """

    def __init__(
        self,
        capture: Capture,
        indices: list[int],
        *,
        longest_side: int,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        self._cameras: list[Camera] = []
        self._pixels: list[UInt8[np.ndarray, "height width 4"]] = []
        self._albedos: list[UInt8[np.ndarray, "height width 3"] | None] = []
        self._indices = indices
        size = fitted_size(capture.cameras[0], longest_side)
        for done, index in enumerate(indices):
            frame = read_frame(capture, index, size=size)
            self._cameras.append(frame.camera)
            self._pixels.append(packed_frame(frame))
            albedo = read_pseudo_albedo(capture, index, size=size)
            over_black = None if albedo is None else albedo * frame.matte[..., None]
            self._albedos.append(None if over_black is None else bytes_from_linear(over_black))
            if progress is not None:
                progress(done + 1, len(indices), "reading frames")

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def indices(self) -> list[int]:
        """Indices of the frames in the capture."""
        return list(self._indices)

    def __getitem__(self, position: int) -> TrainingFrame:
        pixels = torch.from_numpy(self._pixels[position]).float() / 255
        albedo = self._albedos[position]
        return TrainingFrame(
            index=self._indices[position],
            camera=self._cameras[position],
            target=pixels[..., :3].contiguous(),
            matte=pixels[..., 3].contiguous(),
            albedo=None if albedo is None else torch.from_numpy(albedo).float() / 255,
        )

    def halved(self, position: int) -> TrainingFrame:
        """The same picture at half the size, averaged over 2×2 pixels (an odd last row is cut)."""
        return halved_frame(self[position])


def halved_frame(frame: TrainingFrame) -> TrainingFrame:
    """A picture at half the size, averaged over 2×2 pixels (an odd last row is cut)."""
    height, width = frame.matte.shape[0] // 2, frame.matte.shape[1] // 2
    camera = frame.camera.cropped(0, 0, 2 * width, 2 * height).resized(width, height)
    return TrainingFrame(
        index=frame.index,
        camera=camera,
        target=_halved(frame.target),
        matte=_halved(frame.matte[..., None])[..., 0],
        albedo=None if frame.albedo is None else _halved(frame.albedo),
    )


def _halved(picture: Float[Tensor, "height width c"]) -> Float[Tensor, "rows columns c"]:
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
    return picture[: 2 * rows, : 2 * columns].view(rows, 2, columns, 2, -1).mean((1, 3))


def fitted_size(camera: Camera, longest_side: int) -> tuple[int, int]:
    """(width, height) of a camera's picture, made smaller if need be to fit the longest side."""
    scale = min(1.0, longest_side / max(camera.width, camera.height))
    return round(camera.width * scale), round(camera.height * scale)


def packed_frame(frame: Frame) -> UInt8[np.ndarray, "height width 4"]:
    """The picture over black, sRGB, and its matte, as bytes."""
    target = bytes_from_linear(frame.image * frame.matte[..., None])
    matte = (frame.matte * 255 + 0.5).to(torch.uint8).numpy()
    return np.concatenate([target, matte[..., None]], -1)


def frame_order(num_frames: int, step: int, seed: int) -> int:
    """Which frame a step uses: every epoch is a new permutation.

    A pure function of step and seed, so that a resumed run sees the frames that it would have.
    """
    epoch, position = divmod(step, num_frames)
    order = np.random.default_rng((seed, epoch)).permutation(num_frames)
    return int(order[position])
