"""Calibrations in JSON as OpenCV gives them: K, R, T, imgSize and distCoeff of each camera."""

from pathlib import Path

import numpy as np
import torch

from incarnate.capture.readers.body_set import BodyView
from incarnate.capture.readers.distortion import COUNTS
from incarnate.capture.readers.head_set import natural_key
from incarnate.capture.readers.tables import matrix, numbers, read_json
from incarnate.errors import CaptureError

_DISTORTION = ("distCoeff", "distCoeffs", "dist", "D")


def read_opencv_views(path: Path, *, image: str, matte: str) -> tuple[BodyView, ...]:
    """The cameras of a set, in natural order of their names.

    OpenCV counts pixels from the centre of the first one, we from its corner: principal points move
    by half a pixel.

    Args:
        path: The JSON file; pictures lie in its folder.
        image: Pattern of a picture's path, with ``{camera}`` and ``{frame:08d}``.
        matte: Pattern of a matte's path.

    Raises:
        CaptureError: The file is missing, or a camera lacks something.
    """
    cameras = read_json(path)
    if not cameras:
        raise CaptureError(f"{path} holds no camera; is it the file of the data set?")
    views = []
    for name in sorted(cameras, key=natural_key):
        entry, place = cameras[name], f"{path}: {name}"
        if not isinstance(entry, dict):
            raise CaptureError(f"{place} is {entry!r}; expected an object with K, R, T, imgSize.")
        intrinsics = torch.from_numpy(numbers(entry, "K", place, (9,)).reshape(3, 3))
        intrinsics[:2, 2] += 0.5
        turn = numbers(entry, "R", place, (9,)).reshape(3, 3)
        shift = numbers(entry, "T", place, (3,))[:, None]
        pose = matrix({"R and T": np.hstack([turn, shift]).tolist()}, "R and T", place)
        width, height = numbers(entry, "imgSize", place, (2,)).astype(int).tolist()
        views.append(
            BodyView(
                name=name,
                intrinsics=intrinsics,
                width=width,
                height=height,
                camera_from_set=torch.from_numpy(pose),
                folder=path.parent,
                image=image.replace("{camera}", name),
                matte=matte.replace("{camera}", name),
                distortion=_distortion(entry, place),
            )
        )
    return tuple(views)


def _distortion(entry: dict, place: str) -> torch.Tensor | None:
    given = [name for name in _DISTORTION if entry.get(name) is not None]
    if not given:
        return None
    coefficients = torch.from_numpy(numbers(entry, given[0], place, COUNTS))
    return coefficients if bool((coefficients != 0).any()) else None
