"""A folder of pictures as a clip: in the order of the numbers in their names."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from incarnate.capture.pictures import picture_size
from incarnate.errors import TrackingError

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


def picture_paths(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder, frame_9 before frame_10; none where there is no folder.

    Hidden files, and what lies in folders of the folder, don't count.
    """
    if not folder.is_dir():
        return ()
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS)
    return tuple(sorted((path for path in found if not path.name.startswith(".")), key=_order))


def check_same_size(paths: tuple[Path, ...]) -> None:
    """All pictures must be of one camera, by the sizes in their headers.

    Raises:
        TrackingError: One has another size than the first.
        CaptureError: One can't be opened.
    """
    first = picture_size(paths[0])
    for path in paths[1:]:
        if picture_size(path) != first:
            raise TrackingError(
                f"{path} has {' × '.join(map(str, picture_size(path)))} pixels, {paths[0].name} "
                f"has {' × '.join(map(str, first))}; give the pictures of one clip, all of one size"
            )


def upright_picture(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """A picture as it is to be looked at: turned as its metadata say; over black if it has alpha.

    Raises:
        TrackingError: It can't be decoded.
    """
    try:
        with Image.open(path) as stored:
            picture = ImageOps.exif_transpose(stored)
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                over = Image.new("RGBA", picture.size, (0, 0, 0, 255))
                picture = Image.alpha_composite(over, picture)
            return np.ascontiguousarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise TrackingError(
            f"{path} cannot be decoded as PNG or JPEG ({error}); write it again, or take it out "
            "of the folder"
        ) from error


def _order(path: Path) -> tuple[tuple[int, ...], str]:
    """The numbers in a name, then the name."""
    return tuple(int(digits) for digits in re.findall(r"\d+", path.stem)), path.name
