"""Validation names the faulty frame and what to do; a good capture passes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.capture.tiny import tiny_pixels, tiny_track

from incarnate.capture.capture import Capture
from incarnate.capture.pictures import write_picture
from incarnate.capture.reading import image_path, matte_path
from incarnate.capture.validate import Problem, validate
from incarnate.capture.writing import save_track


def texts(capture: Capture) -> list[str]:
    return [str(problem) for problem in validate(capture)]


def test_a_good_capture_has_no_problems(make_capture: Callable[..., Capture]) -> None:
    assert validate(make_capture()) == []


def test_a_missing_picture_is_named(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    path = image_path(capture, 2)
    path.unlink()
    assert texts(capture) == [
        f"frame 2, camera front: {path} is missing; restore it, or remove its frame from "
        "capture.json"
    ]


def test_a_missing_matte_is_named(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture(encoding="jpeg")
    path = matte_path(capture, 1)
    assert path is not None
    path.unlink()
    assert texts(capture)[0].startswith(f"frame 1, camera front: {path} is missing")


FLAT = np.full((10, 12, 4), 90, np.uint8)


def with_alpha(value: int) -> np.ndarray:
    return np.concatenate([FLAT[..., :3], np.full((10, 12, 1), value, np.uint8)], -1)


def black() -> np.ndarray:
    pixels = tiny_pixels(0)
    pixels[..., :3] = 0
    return pixels


@pytest.mark.parametrize(
    ("pixels", "text"),
    [
        (with_alpha(0), "the matte is empty; remove the frame, or mend its matte"),
        (with_alpha(255), "the matte covers the whole picture; cut the person out (`incarnate "
                          "track` does), or name the mattes in capture.json"),
        (with_alpha(255)[..., :3], "the matte covers the whole picture; cut the person out "
                                   "(`incarnate track` does), or name the mattes in capture.json"),
        (black(), "the picture is black inside the matte; remove the frame"),
        (FLAT[:5], "the image is 12×5 pixels, the camera 12×10; write it again in the camera's "
                   "size, or mend the camera"),
    ],
)  # fmt: skip
def test_faulty_pictures_are_named(
    make_capture: Callable[..., Capture], pixels: np.ndarray, text: str
) -> None:
    capture = make_capture()
    write_picture(image_path(capture, 1), pixels)
    assert texts(capture) == [f"frame 1, camera front: {text}"]


def test_all_problems_are_collected(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    for index in (0, 3):
        image_path(capture, index).unlink()
    assert [problem.frame for problem in validate(capture)] == [0, 3]


def test_times_and_splits(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    shuffled = replace(capture, times=(0.0, 0.08, 0.04, 0.12))
    assert texts(shuffled) == [
        "frame 2: time 0.04 s is not after 0.08 s; list the frames in order of time"
    ]
    assert texts(replace(capture, splits=("test",) * 4)) == [
        "capture: no frame is in the train split; mark frames as train"
    ]


def test_clips_and_test_cameras(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert texts(replace(capture, clips=("a", "a", "b", "b"))) == []
    assert texts(replace(capture, clips=("a", "b", "a", "a"), test_cameras=(0,))) == [
        'frame 2: the clip "a" goes on here after another one; list the frames clip by clip, so '
        "that neighbours are neighbours in time",
        "capture: all cameras are test cameras; keep some for training",
    ]


def test_cameras(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    mirrored = torch.diag(torch.tensor([-1.0, 1, 1, 1])) @ capture.cameras[0].camera_from_world
    camera = replace(capture.cameras[0], camera_from_world=mirrored,
                     intrinsics=-capture.cameras[0].intrinsics)  # fmt: skip
    problems = texts(replace(capture, cameras=(camera,)))
    assert "focal lengths are -" in problems[0]
    assert problems[1] == (
        "camera front: camera_from_world is not a rotation and a translation; write a rigid "
        "transform from world to OpenCV camera axes"
    )


def test_poses(make_capture: Callable[..., Capture]) -> None:
    capture, track = make_capture(), tiny_track()
    track.poses.root_rotation[1, 0] = torch.nan
    residuals = torch.tensor([1.0, 1.0, 30.0, 1.0])
    problems = texts(save_track(replace(track, residuals=residuals), capture.folder))
    assert problems == [
        "frame 1: the pose is not finite; remove the frame and track again",
        "frame 2: landmarks miss by 30.0 pixels, the median is 1.0; look at the overlay of "
        "`incarnate check`; remove the frame if the fit is wrong",
    ]


def test_tracks(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    (capture.folder / "track.npz").unlink()
    assert texts(capture) == [
        f"capture: {capture.folder / 'track.npz'} is missing; track the capture again"
    ]
    untracked = replace(capture, layout=replace(capture.layout, track=None))
    assert texts(untracked) == ["capture: the capture has no track; run `incarnate track`"]


def test_a_problem_reads_as_a_sentence() -> None:
    assert str(Problem(None, None, "all is lost", "start anew")) == (
        "capture: all is lost; start anew"
    )
