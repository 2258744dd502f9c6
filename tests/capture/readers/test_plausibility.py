"""A head that is not where its pictures are is doubted; one that is there is not."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.people import write_painted_capture

from incarnate.capture.capture import Capture, Track
from incarnate.capture.readers.plausibility import doubts_about
from incarnate.capture.tracks import load_track


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Capture, Track]:
    capture = write_painted_capture(tmp_path_factory.mktemp("painted") / "c", num_frames=3)
    return capture, load_track(capture)


def test_a_true_track_is_not_doubted(painted: tuple[Capture, Track]) -> None:
    assert doubts_about(*painted) == ()


@pytest.mark.parametrize("shift", [(0.15, 0.0, 0.0), (0.0, 0.0, -8.0), (9.0, 0.0, 0.0)])
def test_a_head_beside_or_too_far_is_doubted(
    painted: tuple[Capture, Track], shift: tuple[float, float, float]
) -> None:
    capture, track = painted
    moved = track.poses.root_translation + torch.tensor(shift)
    track = replace(track, poses=replace(track.poses, root_translation=moved))
    assert "check --format, --flame and --head-scale" in doubts_about(capture, track)[0]
