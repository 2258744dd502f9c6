"""``incarnate train head``: changes to a preset, and a tiny training as a user types it."""

from pathlib import Path

import pytest
from tests.avatars.people import write_painted_capture

from incarnate.avatars.files import load_avatar
from incarnate.cli import main
from incarnate.cli.train import Changes, changed_recipe
from incarnate.train.recipes import QUICK


def test_without_changes_the_preset_stays() -> None:
    assert changed_recipe(QUICK, Changes()) == QUICK


def test_fewer_steps_shorten_the_coarse_stage_alike() -> None:
    recipe = changed_recipe(QUICK, Changes(steps=QUICK.steps // 10))
    assert recipe.coarse_steps == QUICK.coarse_steps // 10
    assert recipe.size == QUICK.size


def test_switches_of_the_model_reach_the_model() -> None:
    recipe = changed_recipe(QUICK, Changes(bases="frozen", shading="baked", seed=3))
    assert (recipe.model.bases, recipe.model.shading, recipe.seed) == ("frozen", "baked", 3)


def test_a_training_says_what_it_wrote_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = write_painted_capture(tmp_path / "capture", num_frames=5)
    words = ["train", "head", str(capture.folder), "-o", str(tmp_path / "avatar")]
    words += ["--preset", "smoke", "--steps", "4", "--max-splats", "900", "--threads", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert f"wrote {tmp_path / 'avatar'}: {load_avatar(tmp_path / 'avatar').num_splats} " in shown
    assert "after 4 steps" in shown
    assert f"next: incarnate evaluate {tmp_path / 'avatar'} {capture.folder}" in shown


def test_a_folder_that_is_no_capture_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "head", str(tmp_path), "-o", str(tmp_path / "avatar")]) == 2
    assert "has no capture.json" in capsys.readouterr().err
