"""Checks a capture before hours are spent on it, and names the faulty frames."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from incarnate.capture.alignment import shares_on_mattes
from incarnate.capture.capture import Capture, Track
from incarnate.capture.pictures import read_picture
from incarnate.capture.reading import image_path, matte_path
from incarnate.capture.tracks import frames_not_finite, load_track
from incarnate.errors import CaptureError

_BLACK = 2
"""Pictures whose brightest 8-bit value stays below this show nothing."""
_OUTLIER_FACTOR = 4.0
_OUTLIER_PIXELS = 2.0
# Clothes and hair lie outside the rig, so that a good camera has nearly all of it on the matte; one
# that is turned by a degree, or swapped with another, loses limbs first.
_MIN_ON_MATTE = 0.8
_MAX_BEHIND_OTHERS = 0.1


@dataclass(frozen=True)
class Problem:
    """Something wrong with a capture."""

    frame: int | None
    """Index of the faulty frame; None where the whole capture is meant."""
    camera: str | None
    """Name of the camera; None where all are meant."""
    what: str
    """What is wrong."""
    what_to_do: str
    """How the user can mend it."""

    def __str__(self) -> str:
        place = [] if self.frame is None else [f"frame {self.frame}"]
        place += [] if self.camera is None else [f"camera {self.camera}"]
        return f"{', '.join(place) or 'capture'}: {self.what}; {self.what_to_do}"


def validate(capture: Capture) -> list[Problem]:
    """Look at every picture and at the track of a capture; an empty list is a good capture.

    All problems are collected, so that one run shows everything there is to mend.
    """
    return [
        *_camera_problems(capture),
        *_split_problems(capture),
        *(
            problem
            for camera in range(len(capture.cameras))
            for index in range(capture.num_frames)
            for problem in _picture_problems(capture, index, camera)
        ),
        *_track_problems(capture),
    ]


def _camera_problems(capture: Capture) -> Iterator[Problem]:
    for name, camera in zip(capture.camera_names, capture.cameras, strict=True):
        k, pose = camera.intrinsics.double(), camera.camera_from_world.double()
        if not (k[0, 0] > 0 and k[1, 1] > 0):
            yield Problem(
                None, name, f"focal lengths are {k[0, 0]:g} and {k[1, 1]:g} pixels",
                "give positive ones: a webcam has about 1.0 to 1.3 times the image height",
            )  # fmt: skip
        rotation = pose[:3, :3]
        error = (rotation @ rotation.T - torch.eye(3, dtype=torch.float64)).abs().max()
        # 1e-3 passes matrices that were written with four digits.
        if error > 1e-3 or torch.linalg.det(rotation) < 0:
            yield Problem(
                None, name, "camera_from_world is not a rotation and a translation",
                "write a rigid transform from world to OpenCV camera axes",
            )  # fmt: skip


def _split_problems(capture: Capture) -> Iterator[Problem]:
    if not capture.indices("train"):
        yield Problem(None, None, "no frame is in the train split", "mark frames as train")
    for index in range(1, capture.num_frames):
        if capture.times[index] <= capture.times[index - 1]:
            yield Problem(
                index, None,
                f"time {capture.times[index]:g} s is not after {capture.times[index - 1]:g} s",
                "list the frames in order of time",
            )  # fmt: skip
        if capture.clips and capture.clips[index] in capture.clips[: index - 1]:
            clip = capture.clips[index]
            if capture.clips[index - 1] != clip:
                yield Problem(
                    index, None, f'the clip "{clip}" goes on here after another one',
                    "list the frames clip by clip, so that neighbours are neighbours in time",
                )  # fmt: skip
    if not capture.train_cameras:
        yield Problem(None, None, "all cameras are test cameras", "keep some for training")


def _picture_problems(capture: Capture, index: int, camera: int) -> Iterator[Problem]:
    name, view = capture.camera_names[camera], capture.cameras[camera]
    try:
        pixels = read_picture(image_path(capture, index, camera))
        path = matte_path(capture, index, camera)
        matte = pixels[..., 3:] if path is None else read_picture(path, "L")[..., None]
    except CaptureError as error:
        yield Problem(index, name, *_split_text(error))
        return
    for what, picture in (("image", pixels), ("matte", matte)):
        if picture.shape[:2] != (view.height, view.width) and picture.size:
            yield Problem(
                index, name,
                f"the {what} is {picture.shape[1]}×{picture.shape[0]} pixels, the camera "
                f"{view.width}×{view.height}",
                "write it again in the camera's size, or mend the camera",
            )  # fmt: skip
            return
    yield from _content_problems(pixels[..., :3], matte, index, name)


def _content_problems(
    rgb: np.ndarray, matte: np.ndarray, index: int, camera: str
) -> Iterator[Problem]:
    if matte.size == 0 or matte.min() == 255:
        yield Problem(
            index, camera, "the matte covers the whole picture",
            "cut the person out (`incarnate track` does), or name the mattes in capture.json",
        )  # fmt: skip
    elif matte.max() < 128:
        yield Problem(index, camera, "the matte is empty", "remove the frame, or mend its matte")
    elif rgb[matte[..., 0] >= 128].max() < _BLACK:
        yield Problem(index, camera, "the picture is black inside the matte", "remove the frame")


def _track_problems(capture: Capture) -> Iterator[Problem]:
    if capture.layout.track is None:
        yield Problem(None, None, "the capture has no track", "run `incarnate track`")
        return
    try:
        track = load_track(capture, not_finite="kept")
    except CaptureError as error:
        yield Problem(None, None, *_split_text(error))
        return
    yield from _pose_problems(track)
    if len(capture.cameras) > 1 and len(track.poses) == capture.num_frames:
        yield from _calibration_problems(capture, track)


def _calibration_problems(capture: Capture, track: Track) -> Iterator[Problem]:
    shares = shares_on_mattes(capture, track)
    usual = float(shares.nanmedian())
    if usual < _MIN_ON_MATTE:
        yield Problem(
            None, None,
            f"only {100 * usual:.0f} in 100 of the rig's vertices lie on the mattes",
            "check the poses and the axes of the world",
        )  # fmt: skip
        return
    for name, share in zip(capture.camera_names, shares.tolist(), strict=True):
        if share < usual - _MAX_BEHIND_OTHERS:
            yield Problem(
                None, name,
                f"only {100 * share:.0f} in 100 of the rig's vertices lie on the mattes, against "
                f"{100 * usual:.0f} in the other cameras",
                "check its calibration, and whether its pictures are another camera's",
            )  # fmt: skip


def _pose_problems(track: Track) -> Iterator[Problem]:
    for index in frames_not_finite(track):
        yield Problem(index, None, "the pose is not finite", "remove the frame and track again")
    if not track.rig.vertices.isfinite().all():
        yield Problem(None, None, "the rig's vertices are not finite", "track again")
    residuals = torch.where(track.residuals.isfinite(), track.residuals, 0.0)
    limit = max(_OUTLIER_PIXELS, _OUTLIER_FACTOR * float(residuals.median()))
    for index in torch.nonzero(residuals > limit)[:, 0].tolist():
        yield Problem(
            index, None,
            f"landmarks miss by {residuals[index]:.1f} pixels, the median is "
            f"{residuals.median():.1f}",
            "look at the overlay of `incarnate check`; remove the frame if the fit is wrong",
        )  # fmt: skip


def _split_text(error: CaptureError) -> tuple[str, str]:
    """The cause and the remedy of an error's text, which are parted by its last semicolon."""
    what, _, what_to_do = str(error).rpartition("; ")
    return (what, what_to_do.rstrip(".")) if what else (str(error), "mend it and check again")
