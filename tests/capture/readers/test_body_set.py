"""Choosing a part of a set: cameras, frames, splits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.capture.readers.body_sets import FRAMES, write_thuman4

from incarnate.capture.readers.body_set import BodySet, Selection
from incarnate.capture.readers.smplx_params import SmplxCodes
from incarnate.capture.readers.thuman4 import read_thuman4
from incarnate.errors import CaptureError


@pytest.fixture
def body_set(tmp_path: Path) -> BodySet:
    write_thuman4(tmp_path / "s")
    return read_thuman4(tmp_path / "s")


def test_all_is_taken_and_the_last_camera_held_out(body_set: BodySet) -> None:
    views = Selection().views_of(body_set)
    assert len(views) == 3
    assert Selection().held_out_cameras(views) == ("cam02",)
    assert Selection().held_out_cameras(views[:2]) == ()
    assert Selection().frames_of(body_set, views) == (tuple(range(FRAMES)), ())
    assert Selection().splits_of(range(FRAMES)) == ("train",) * 5 + ("test",)


def test_a_part_is_taken(body_set: BodySet) -> None:
    part = Selection(cameras=("cam02",), test_cameras=("cam01",), start=1, every=2, test_from=4)
    views = part.views_of(body_set)
    assert [view.name for view in views] == ["cam01", "cam02"]
    assert part.held_out_cameras(views) == ("cam01",)
    frames, _ = part.frames_of(body_set, views)
    assert frames == (1, 3, 5)
    assert part.splits_of(frames) == ("train", "train", "test")


def test_moments_that_are_not_whole_are_left_out(body_set: BodySet) -> None:
    lossy = replace(body_set, missing=frozenset({("cam00", 1)}))
    body_set.views[2].files(3).image.unlink()
    views = Selection().views_of(lossy)
    frames, notes = Selection().frames_of(lossy, views)
    assert frames == (0, 2, 4, 5)
    assert notes == (
        "2 of 6 frames lack a picture or a matte of some camera and are left out",
    )  # fmt: skip
    whole = lossy.codes
    codes = SmplxCodes(
        whole.shape,
        whole.rotation[:3],
        whole.translation[:3],
        {name: turned[:3] for name, turned in whole.joints.items()},
        whole.expression[:3],
    )
    frames, notes = Selection().frames_of(replace(lossy, codes=codes), views)
    assert frames == (0, 2)
    assert notes[1] == "2 frames have no pose and are left out"


Choose = Callable[[Selection, BodySet], object]


@pytest.mark.parametrize(
    ("part", "choose", "expected"),
    [
        (Selection(cameras=("cam9",)), Selection.views_of, "has no camera 'cam9'; it has: cam00,"),
        (Selection(shrink=99), Selection.views_of, "pictures cannot be divided by 99"),
        (Selection(every=0), lambda s, b: s.frames_of(b, b.views), "start 0 and every 0"),
        (Selection(start=9), lambda s, b: s.frames_of(b, b.views), "none of the 0 chosen frames"),
        (Selection(test_from=0), lambda s, b: s.splits_of((0, 1)), "none is left for training"),
    ],
)
def test_faults_are_named(
    body_set: BodySet, part: Selection, choose: Choose, expected: str
) -> None:
    with pytest.raises(CaptureError, match=expected):
        choose(part, body_set)
