"""Previews show truth, avatar and difference side by side."""

from pathlib import Path

import torch
from tests.avatars.people import portrait_camera

from incarnate.capture.pictures import read_picture
from incarnate.train.frames import TrainingFrame
from incarnate.train.previews import write_preview


def test_a_preview_has_three_panels(tmp_path: Path) -> None:
    target = torch.full((8, 8, 3), 0.5)
    frame = TrainingFrame(0, portrait_camera(8), target, torch.ones(8, 8))
    write_preview(torch.zeros(8, 8, 3), frame, tmp_path / "previews" / "1.png")
    sheet = read_picture(tmp_path / "previews" / "1.png", "RGB")
    assert sheet.shape == (8, 24, 3)
    assert abs(int(sheet[4, 4, 0]) - 128) <= 1
    assert sheet[4, 12, 0] == 0
    # Too dark by a half, times four, below mid grey: black.
    assert sheet[4, 20, 0] == 0
