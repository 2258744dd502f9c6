"""``incarnate refine``: a new capture with aligned poses, which says so; the old one stays."""

from pathlib import Path

import pytest
import torch

from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.cli import main


def test_poses_are_aligned_into_a_new_capture(
    avatar_folder: Path, capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_track(load_capture(capture_folder)).poses
    new = tmp_path / "refined"
    assert main(["refine", str(avatar_folder), str(capture_folder), "-o", str(new)]) == 0
    shown = capsys.readouterr().out
    assert f"wrote {new}: poses of 6 frames aligned" in shown
    assert f"next: incarnate train head {new} " in shown
    refined = load_capture(new)
    assert refined.provenance["refined"] == "poses aligned with the avatar 'ada'"
    assert not torch.equal(load_track(refined).poses.joint_rotations, before.joint_rotations)
    kept = load_track(load_capture(capture_folder)).poses
    assert torch.equal(kept.joint_rotations, before.joint_rotations)


def test_an_existing_folder_is_refused_before_the_work_begins(
    avatar_folder: Path, capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refine", str(avatar_folder), str(capture_folder), "-o", str(tmp_path)]) == 2
    assert "it is left alone" in capsys.readouterr().err
