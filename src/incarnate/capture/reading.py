"""Decodes frames, relit frames, guessed albedo and true surface maps of a capture."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.capture import Capture, Frame
from incarnate.capture.layout import TruthKind, fill_pattern
from incarnate.capture.pictures import read_picture
from incarnate.capture.resampling import resize_area, resize_nearest, resize_straight
from incarnate.errors import CaptureError
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import linear_from_bytes

Size = tuple[int, int]
"""(width, height) in pixels."""


def read_frame(capture: Capture, index: int, camera: int = 0, size: Size | None = None) -> Frame:
    """Decode one picture and its matte.

    Args:
        capture: The capture.
        index: Position in the capture's frame list.
        camera: Position in the capture's camera list.
        size: (width, height) to resample to, by area in linear premultiplied colour; the camera
            follows. None keeps the picture's own size.

    Returns:
        Linear RGB with straight alpha. Without any matte, coverage is one everywhere.

    Raises:
        CaptureError: A file is missing, unreadable, or not of its camera's size.
    """
    return _read(capture, capture.layout.images, (index, camera), size)


def read_matte(capture: Capture, index: int, camera: int = 0) -> Float[Tensor, "height width"]:
    """Decode a frame's coverage alone, as `read_frame` gives it at the picture's own size.

    Args:
        capture: The capture.
        index: Position in the capture's frame list.
        camera: Position in the capture's camera list.

    Raises:
        CaptureError: A file is missing, unreadable, or not of its camera's size.
    """
    if matte_path(capture, index, camera) is not None:
        return _matte(capture, None, index, camera)
    path = image_path(capture, index, camera)
    pixels = _checked(read_picture(path), path, capture.cameras[camera])
    return _matte(capture, pixels, index, camera)


def read_relit_frame(
    capture: Capture, light_name: str, index: int, camera: int = 0, size: Size | None = None
) -> Frame:
    """Decode one picture under another light; arguments and errors as for `read_frame`.

    Args:
        capture: The capture.
        light_name: One of ``capture.relights``.
        index: Position in the capture's frame list.
        camera: Position in the capture's camera list.
        size: (width, height) to resample to.
    """
    if light_name not in capture.layout.relit_images:
        known = ", ".join(capture.layout.relit_images) or "none"
        raise CaptureError(
            f"{capture.folder} has no pictures under the light {light_name!r}; it has: {known}."
        )
    return _read(capture, capture.layout.relit_images[light_name], (index, camera), size)


def read_truth(
    capture: Capture, kind: TruthKind, index: int, camera: int = 0, size: Size | None = None
) -> Float[Tensor, "height width channels"]:
    """Decode a map of true surface properties; only meaningful where the person is seen.

    Args:
        capture: The capture.
        kind: ``albedo`` (linear RGB), ``normal`` (unit vectors in world axes), ``roughness``
            (perceptual, one channel) or ``label`` (one channel of whole numbers, the constants of
            `incarnate.capture.layout`).
        index: Position in the capture's frame list.
        camera: Position in the capture's camera list.
        size: (width, height) to resample to; labels are picked, never averaged.

    Raises:
        CaptureError: The capture has no such map for this frame.
    """
    if not has_truth(capture, kind, index, camera):
        raise CaptureError(
            f"{capture.folder} has no true {kind} of frame {index}; ask `has_truth` first."
        )
    if kind == "label":
        labels = read_picture(truth_path(capture, kind, index, camera), "L")
        values = torch.from_numpy(labels).float()[..., None]
        return values if size is None else resize_nearest(values, *size)
    pixels = read_picture(truth_path(capture, kind, index, camera), "RGB")
    linear = torch.from_numpy(pixels).float() / 255
    values = linear_from_bytes(pixels) if kind == "albedo" else linear
    if size is not None:
        values = resize_area(values, *size)
    if kind == "normal":
        return torch.nn.functional.normalize(2 * values - 1, dim=-1)
    return values[..., :1] if kind == "roughness" else values


def has_truth(capture: Capture, kind: TruthKind, index: int, camera: int = 0) -> bool:
    """Whether a true map of this kind exists for a frame; most frames have none."""
    return kind in capture.layout.truth and truth_path(capture, kind, index, camera).is_file()


def read_pseudo_albedo(
    capture: Capture, index: int, camera: int = 0, size: Size | None = None
) -> Float[Tensor, "height width 3"] | None:
    """The albedo that a network guessed for a frame, linear RGB; None where there is none.

    Args:
        capture: The capture.
        index: Position in the capture's frame list.
        camera: Position in the capture's camera list.
        size: (width, height) to resample to.

    Raises:
        CaptureError: The picture is unreadable or not of its camera's size.
    """
    pattern = capture.layout.pseudo_albedo
    path = None if pattern is None else _path(capture, pattern, index, camera)
    if path is None or not path.is_file():
        return None
    pixels = _checked(read_picture(path, "RGB"), path, capture.cameras[camera])
    values = linear_from_bytes(pixels)
    return values if size is None else resize_area(values, *size)


def has_relit(capture: Capture, light_name: str, index: int, camera: int = 0) -> bool:
    """Whether a frame exists under another light."""
    pattern = capture.layout.relit_images.get(light_name)
    return pattern is not None and _path(capture, pattern, index, camera).is_file()


def image_path(capture: Capture, index: int, camera: int = 0) -> Path:
    """Where a frame's picture lies."""
    return _path(capture, capture.layout.images, index, camera)


def matte_path(capture: Capture, index: int, camera: int = 0) -> Path | None:
    """Where a frame's matte lies; None where the pictures carry it as alpha."""
    pattern = capture.layout.mattes
    return None if pattern is None else _path(capture, pattern, index, camera)


def truth_path(capture: Capture, kind: TruthKind, index: int, camera: int = 0) -> Path:
    """Where a true map lies, if it exists."""
    return _path(capture, capture.layout.truth[kind], index, camera)


def _path(capture: Capture, pattern: str, index: int, camera: int) -> Path:
    return capture.folder / fill_pattern(pattern, capture.camera_names[camera], index)


def _read(capture: Capture, pattern: str, which: tuple[int, int], size: Size | None) -> Frame:
    index, camera = which
    view = capture.cameras[camera]
    path = _path(capture, pattern, index, camera)
    pixels = _checked(read_picture(path), path, view)
    image = linear_from_bytes(pixels[..., :3])
    matte = _matte(capture, pixels, index, camera)
    if size is not None:
        image, matte = resize_straight(image, matte, width=size[0], height=size[1])
        view = view.resized(*size)
    return Frame(index, capture.times[index], view, image, matte)


def _matte(
    capture: Capture, pixels: UInt8[np.ndarray, "height width c"] | None, index: int, camera: int
) -> Float[Tensor, "height width"]:
    """Coverage from the matte's file, the picture's alpha, or, for relit pictures, the frame's."""
    path = matte_path(capture, index, camera)
    if path is not None:
        coverage = _checked(read_picture(path, "L"), path, capture.cameras[camera])
    elif pixels is not None and pixels.shape[-1] == 4:
        coverage = pixels[..., 3]
    else:
        own = read_picture(image_path(capture, index, camera))
        coverage = own[..., 3] if own.shape[-1] == 4 else np.full(own.shape[:2], 255, np.uint8)
    return torch.from_numpy(np.ascontiguousarray(coverage)).float() / 255


def _checked(
    pixels: UInt8[np.ndarray, "height width *c"], path: Path, view: Camera
) -> UInt8[np.ndarray, "height width *c"]:
    height, width = pixels.shape[:2]
    if (width, height) != (view.width, view.height):
        raise CaptureError(
            f"{path} is {width}×{height} pixels, but its camera is {view.width}×{view.height}; "
            "write the picture again, or mend the camera in capture.json."
        )
    return pixels
