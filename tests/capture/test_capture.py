"""The record of a capture: which frames belong to which split."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import pytest

from incarnate.capture.capture import Capture


def test_splits_part_the_frames(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert capture.num_frames == 4
    assert capture.indices("train") == [0, 1, 2]
    assert capture.indices("test") == [3]
    assert capture.indices() == sorted(capture.indices("train") + capture.indices("test"))


def test_a_capture_cannot_be_changed(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    with pytest.raises(FrozenInstanceError):
        capture.fps = 3.0  # pyright: ignore[reportAttributeAccessIssue]


def test_test_frames_are_told_apart_by_their_clip(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert capture.test_kind(3) == "held-out pose"
    assert replace(capture, splits=("test",) * 4).test_kind(3) == "other clip"
    clips = ("walk", "walk", "jump", "jump")
    parted = replace(capture, clips=clips, splits=("train", "test", "test", "test"))
    kinds = [parted.test_kind(index) for index in parted.indices("test")]
    assert kinds == ["held-out pose", "other clip", "other clip"]
    with pytest.raises(AssertionError, match="frame 0 is trained on"):
        parted.test_kind(0)


def test_cameras_are_of_one_kind_or_the_other(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert capture.train_cameras == (0,)
    four = replace(capture, cameras=capture.cameras * 4, test_cameras=(1, 3))
    assert four.train_cameras == (0, 2)
