"""A capture with another track is whole, and the first one stays as it was."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import write_painted_capture

from incarnate.capture.files import load_capture
from incarnate.capture.reading import read_frame
from incarnate.capture.retracking import write_retracked
from incarnate.capture.tracks import load_track
from incarnate.errors import CaptureError


def test_only_track_and_provenance_differ(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "old", size=32, num_frames=4)
    track = load_track(capture)
    moved = replace(track.poses, root_translation=track.poses.root_translation + 0.01)
    new = write_retracked(
        capture, replace(track, poses=moved), tmp_path / "new", {"refined": "by hand"}
    )
    assert torch.equal(load_track(new).poses.root_translation, moved.root_translation)
    assert new.provenance == {**capture.provenance, "refined": "by hand"}
    assert torch.equal(read_frame(new, 2).image, read_frame(capture, 2).image)
    old = load_capture(tmp_path / "old")
    assert torch.equal(load_track(old).poses.root_translation, track.poses.root_translation)
    assert old.provenance == capture.provenance


def test_a_folder_that_exists_is_left_alone_and_a_wrong_track_leaves_nothing(
    tmp_path: Path,
) -> None:
    capture = write_painted_capture(tmp_path / "old", size=32, num_frames=4)
    track = load_track(capture)
    with pytest.raises(CaptureError, match="it is left alone"):
        write_retracked(capture, track, tmp_path / "old", {})
    with pytest.raises(CaptureError, match="the track has 3 poses"):
        write_retracked(capture, replace(track, poses=track.poses[:3]), tmp_path / "new", {})
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
