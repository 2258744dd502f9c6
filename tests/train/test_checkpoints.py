"""Checkpoints come back whole; a folder belongs to one training."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from incarnate.errors import AvatarError
from incarnate.train.checkpoints import (
    Checkpoint,
    claim_folder,
    read_checkpoint,
    write_checkpoint,
)
from incarnate.train.recipes import SMOKE


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    checkpoint = Checkpoint(
        7, {"means": torch.rand(3, 3)}, {"means/step": torch.tensor(7.0)}, {"total": torch.ones(3)}
    )
    write_checkpoint(checkpoint, tmp_path)
    back = read_checkpoint(tmp_path)
    assert back is not None
    assert back.step == 7
    torch.testing.assert_close(back.avatar["means"], checkpoint.avatar["means"])
    assert set(back.optimizer) == {"means/step"}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


def test_a_folder_refuses_another_training(tmp_path: Path) -> None:
    folder = tmp_path / "avatar" / "training"
    claim_folder(folder, SMOKE, tmp_path / "capture")
    claim_folder(folder, SMOKE, tmp_path / "capture")
    with pytest.raises(AvatarError, match=r"differs in capture, steps.*another output folder"):
        claim_folder(folder, replace(SMOKE, steps=9), tmp_path / "other")


@pytest.mark.parametrize(("name", "what"), [("capture.json", "capture"), ("avatar.json", "avatar")])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(AvatarError, match=f"holds an? {what} already"):
        claim_folder(tmp_path / "training", SMOKE, tmp_path / "capture")
    assert [path.name for path in tmp_path.iterdir()] == [name]
