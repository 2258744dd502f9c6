"""Choosing a part of a set: cameras, frames, splits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.capture.readers.body_sets import FRAMES, write_thuman4

from incarnate.capture.readers.body_set import BodySet, chosen_frames, chosen_views
from incarnate.capture.readers.selection import Selection
from incarnate.capture.readers.smplx_params import SmplxCodes
from incarnate.capture.readers.thuman4 import read_thuman4
from incarnate.errors import CaptureError


@pytest.fixture
def body_set(tmp_path: Path) -> BodySet:
    write_thuman4(tmp_path / "s")
    return read_thuman4(tmp_path / "s")


def test_all_is_taken(body_set: BodySet) -> None:
    views = chosen_views(body_set, Selection())
    assert len(views) == 3
    assert chosen_frames(body_set, Selection(), views) == (tuple(range(FRAMES)), ())


def test_a_part_is_taken(body_set: BodySet) -> None:
    part = Selection(cameras=("cam02",), test_cameras=("cam01",), start=1, every=2)
    views = chosen_views(body_set, part)
    assert [view.name for view in views] == ["cam01", "cam02"]
    frames, _ = chosen_frames(body_set, part, views)
    assert frames == (1, 3, 5)


def test_moments_that_are_not_whole_are_left_out(body_set: BodySet) -> None:
    lossy = replace(body_set, missing=frozenset({("cam00", 1)}))
    body_set.views[2].files(3).image.unlink()
    views = chosen_views(lossy, Selection())
    frames, notes = chosen_frames(lossy, Selection(), views)
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
    frames, notes = chosen_frames(replace(lossy, codes=codes), Selection(), views)
    assert frames == (0, 2)
    assert notes[1] == "2 frames have no pose and are left out"


Choose = Callable[[BodySet, Selection], object]


def frames_of_all(body_set: BodySet, selection: Selection) -> object:
    return chosen_frames(body_set, selection, body_set.views)


@pytest.mark.parametrize(
    ("part", "choose", "expected"),
    [
        (Selection(cameras=("cam9",)), chosen_views, "has no camera 'cam9'; it has: cam00,"),
        (Selection(shrink=99), chosen_views, "pictures cannot be divided by 99"),
        (Selection(every=0), frames_of_all, "start 0 and every 0"),
        (Selection(start=9), frames_of_all, "none of the 0 chosen frames"),
    ],
)
def test_faults_are_named(
    body_set: BodySet, part: Selection, choose: Choose, expected: str
) -> None:
    with pytest.raises(CaptureError, match=expected):
        choose(body_set, part)
