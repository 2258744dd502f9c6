"""``incarnate ablate``: the arms that the user can name, and tiny runs."""

from pathlib import Path
from typing import get_args

import pytest

from incarnate.cli import main
from incarnate.cli.ablate import (
    ArmName,
    BodyArmName,
    BodySetting,
    Setting,
    body_recipe,
    recipe_of,
)
from incarnate.train.ablation import ARMS
from incarnate.train.body_arms import BODY_ARMS


def test_the_commands_arms_are_those_of_the_table() -> None:
    assert get_args(ArmName) == tuple(arm.name for arm in ARMS)
    assert get_args(BodyArmName) == tuple(arm.name for arm in BODY_ARMS)


def test_the_setting_changes_the_preset() -> None:
    recipe = recipe_of(Setting(preset="smoke", steps=60, size=96, seed=4))
    assert (recipe.steps, recipe.size, recipe.seed) == (60, 96, 4)
    body = body_recipe(
        BodySetting(preset="smoke", steps=60, seed=4, surface="template", map_size=192, views=3)
    )
    assert (body.steps, body.seed, body.surface) == (60, 4, "template")
    assert (body.model.map_size, body.views) == (192, 3)


def test_it_prints_and_writes_the_table(
    capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ablate", "head", str(capture_folder), "-o", str(tmp_path / "arms")]
    words += ["--arms", "baked", "--preset", "smoke", "--steps", "2", "--size", "48"]
    assert main([*words, "--lpips", "none", "--max-frames", "1", "--threads", "1"]) == 0
    shown = capsys.readouterr().out
    assert "## Shading gives relighting without losing likeness" in shown
    assert f"wrote {tmp_path / 'arms' / 'ablation.md'} and ablation.json: 2 trainings" in shown


def test_an_unknown_arm_is_refused(capture_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["ablate", "head", str(capture_folder), "-o", str(tmp_path), "--arms", "no-hair"])


def test_bodies_have_arms_of_their_own(
    body_capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ablate", "body", str(body_capture_folder), "-o", str(tmp_path / "arms")]
    words += ["--arms", "static", "three-cameras", "--preset", "smoke", "--steps", "2"]
    words += ["--size", "48", "--lpips", "none", "--max-frames", "1", "--threads", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "## Pose-dependent beats static" in shown
    assert "`three-cameras` was skipped: the capture has no more than 2 training cameras" in shown
    assert f"wrote {tmp_path / 'arms' / 'ablation.md'} and ablation.json: 2 of 3 arms" in shown
