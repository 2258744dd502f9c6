"""The runner of a body's ablation: alike but for the part, trained and measured once."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.avatars.moving_bodies import SMALL_BODY, write_body_capture

from incarnate.capture.capture import Capture
from incarnate.errors import AvatarError
from incarnate.evaluate.scores import Options
from incarnate.train.body_ablation import chosen_arms, run_body_ablation
from incarnate.train.body_ablation_table import BodyArmResult
from incarnate.train.body_recipes import SMOKE_BODY

TINY = replace(SMOKE_BODY, steps=4, size=64, model=SMALL_BODY)
OPTIONS = Options(lpips="none", max_frames=1)
ARMS = ("static", "rig-surface", "projection")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_body_capture(tmp_path_factory.mktemp("body") / "capture", num_frames=5)


@dataclass(frozen=True)
class Done:
    """An ablation that has been run."""

    folder: Path
    results: tuple[BodyArmResult, ...]
    told: list[str]


def run(
    capture: Capture, folder: Path, told: list[str], options: Options = OPTIONS
) -> tuple[BodyArmResult, ...]:
    return run_body_ablation(
        capture, TINY, folder, arms=ARMS, options=options,
        progress=lambda done, total, text: told.append(text),
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(capture: Capture, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder, told = tmp_path_factory.mktemp("ablation"), []
    return Done(folder, run(capture, folder, told), told)


def test_arms_are_trained_alike_measured_and_tabled(done: Done) -> None:
    whole, static, rig, projection = done.results
    assert rig.skipped == "`whole` is trained so already"
    for result in (whole, static, projection):
        assert set(result.splits) == {"held-out camera", "held-out poses"}
        assert 5 < result.splits["held-out poses"]["psnr_matte"] < 60
        assert "lpips_alex" not in result.splits["held-out poses"]
        assert (done.folder / result.name / "report" / "report.html").is_file()
    assert "offset_p95" not in static.splits["held-out poses"]
    assert 0 < static.own["minutes"] < 5
    recipes = [
        json.loads((done.folder / name / "training" / "recipe.json").read_text())
        for name in ("whole", "static")
    ]
    assert [recipe["steps"] for recipe in recipes] == [4, 4]
    assert [recipe["model"]["dependence"] for recipe in recipes] == ["posed", "static"]
    assert any(text.startswith("2/4 static: training") for text in done.told)
    table = (done.folder / "ablation.md").read_text()
    assert "Held to `whole`: the whole method." in table
    content = json.loads((done.folder / "ablation.json").read_text())
    assert content["arms"][1]["splits"] == dict(static.splits)


def test_arms_that_differ_in_driving_alone_share_a_training(done: Done) -> None:
    assert not (done.folder / "projection" / "training").exists()
    assert not any("projection: training" in text for text in done.told)


def test_a_measured_arm_is_not_run_again(done: Done, capture: Capture) -> None:
    told: list[str] = []
    assert run(capture, done.folder, told) == done.results
    assert not told
    # Another measurement reads the trained avatars, and measures.
    again = run(capture, done.folder, told, replace(OPTIONS, size=48))
    assert again[1].own["minutes"] == done.results[1].own["minutes"]
    assert told
    assert not any("training ·" in text for text in told)


def test_other_steps_need_another_folder(done: Done, capture: Capture) -> None:
    with pytest.raises(AvatarError, match="differs in steps"):
        run_body_ablation(capture, replace(TINY, steps=5), done.folder, arms=[], options=OPTIONS)


def test_what_an_arm_is_held_to_comes_along() -> None:
    assert [arm.name for arm in chosen_arms(["mlp-alone"])] == [
        "whole",
        "styleunet-alone",
        "mlp-alone",
    ]
    with pytest.raises(AvatarError, match="no arm 'no-hair'; these exist: another-seed, static, "):
        chosen_arms(["no-hair"])
