"""The record of a capture: which frames belong to which split."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

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
