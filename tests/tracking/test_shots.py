"""Cuts are found, and nothing else is taken for one."""

import numpy as np
import pytest
from tests.tracking.made_sightings import made_sightings

from incarnate.errors import TrackingError
from incarnate.tracking.shots import choose_shot, find_cuts


def test_one_shot_has_no_cut() -> None:
    sightings = made_sightings(60)
    assert find_cuts(sightings) == []
    kept, warnings = choose_shot(sightings, "whole")
    assert len(kept) == 60
    assert warnings == []


def test_cuts_are_where_the_shots_begin() -> None:
    assert find_cuts(made_sightings(60, shots=3)) == [20, 40]


def test_a_flash_is_no_cut() -> None:
    sightings = made_sightings(60)
    sightings.thumbnails[30] = 255
    assert find_cuts(sightings) == []


def test_a_quick_turn_before_a_still_wall_is_no_cut() -> None:
    sightings = made_sightings(60)
    sightings.points[30:, :, 0] += 90  # a third of the face from one frame to the next
    assert find_cuts(sightings) == []


def test_a_fast_stretch_is_no_cut() -> None:
    sightings = made_sightings(60)
    moving = np.cumsum(np.full(10, 40.0))
    sightings.points[20:30, :, 0] += moving[:, None]
    sightings.points[30:, :, 0] += moving[-1]
    noise = np.random.default_rng(2).integers(0, 60, (10, 16, 16, 3), dtype=np.uint8)
    sightings.thumbnails[20:30] //= 2
    sightings.thumbnails[20:30] += noise
    assert find_cuts(sightings) == []


def test_a_cut_to_a_picture_without_a_face_is_found() -> None:
    sightings = made_sightings(60, shots=2)
    sightings.points[30:] = np.nan
    assert find_cuts(sightings) == [30]


def test_a_cut_is_refused_in_clear_words() -> None:
    with pytest.raises(TrackingError, match=r"has a cut at 1\.00 s; .*--start and --end") as error:
        choose_shot(made_sightings(60, shots=2), "whole")
    assert "--shot longest" in str(error.value)
    with pytest.raises(TrackingError, match=r"has 2 cuts at 0\.67 s, 1\.33 s"):
        choose_shot(made_sightings(60, shots=3), "whole")


def test_the_longest_shot_can_be_taken() -> None:
    sightings = made_sightings(60, shots=3)[np.arange(50)]
    kept, warnings = choose_shot(sightings, "longest")
    assert kept.indices.tolist() == list(range(20))
    assert warnings == [
        "cuts at 0.67 s, 1.33 s: only the longest shot is used (0.00-0.63 s, 20 frames)"
    ]
