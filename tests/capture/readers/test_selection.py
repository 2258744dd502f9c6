"""Which cameras and frames are held out."""

import pytest

from incarnate.capture.readers.selection import Selection
from incarnate.errors import CaptureError

SIX = (0, 2, 4, 6, 8, 10)


def test_the_last_of_three_cameras_is_held_out() -> None:
    assert Selection().held_out_cameras(["a", "b", "c"]) == ("c",)
    assert Selection().held_out_cameras(["a", "b"]) == ()
    assert Selection(test_cameras=("a",)).held_out_cameras(["a", "b"]) == ("a",)
    assert Selection(test_cameras=()).held_out_cameras(["a", "b", "c"]) == ()


def test_the_last_frames_are_held_out() -> None:
    assert Selection().splits_of(SIX) == ("train",) * 5 + ("test",)
    assert Selection().splits_of((7,)) == ("train",)
    assert Selection().splits_of(range(100)).count("test") == 15
    assert Selection(test_from=5).splits_of(SIX) == ("train",) * 3 + ("test",) * 3
    assert Selection(test_from=99).splits_of(SIX) == ("train",) * 6


def test_a_test_that_begins_too_early_is_named() -> None:
    with pytest.raises(CaptureError) as caught:
        Selection(test_from=0).splits_of(SIX)
    assert str(caught.value) == (
        "all 6 chosen frames are from number 0 on: none is left for training; begin the test later."
    )
