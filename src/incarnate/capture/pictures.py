"""Reads and writes single 8-bit picture files; the only place of this room that knows codecs."""

from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from incarnate.errors import CaptureError
from incarnate.whole_files import whole

Mode = Literal["RGB", "RGBA", "L"]
_JPEG_QUALITY = 95
# Level 1 is four times faster than the default here, for files a tenth larger.
_PNG_LEVEL = 1


def read_picture(path: Path, mode: Mode | None = None) -> UInt8[np.ndarray, "height width *c"]:
    """Decode a PNG or JPEG file.

    Args:
        path: The file.
        mode: Channels to convert to; None keeps RGBA where there is alpha, else gives RGB.

    Raises:
        CaptureError: The file is missing, or cannot be decoded.
    """
    try:
        with Image.open(path) as picture:
            has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
            wanted = mode or ("RGBA" if has_alpha else "RGB")
            return np.array(picture.convert(wanted))
    except FileNotFoundError:
        raise CaptureError(
            f"{path} is missing; restore it, or remove its frame from capture.json."
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise CaptureError(
            f"{path} cannot be decoded as PNG or JPEG ({error}); write it again."
        ) from error


def picture_size(path: Path) -> tuple[int, int]:
    """(width, height) of a picture, from its header alone."""
    try:
        with Image.open(path) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError) as error:
        raise CaptureError(
            f"{path} cannot be opened as PNG or JPEG ({error}); restore or re-write it."
        ) from error


def write_picture(path: Path, pixels: UInt8[np.ndarray, "height width *c"]) -> None:
    """Write a PNG or JPEG (by the file's ending); the file has another name until it is whole."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    with whole(path) as partial:
        if path.suffix.lower() in (".jpg", ".jpeg"):
            # Full chroma resolution: lips and irises are small and saturated.
            picture.save(partial, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        else:
            picture.save(partial, "PNG", compress_level=_PNG_LEVEL)
