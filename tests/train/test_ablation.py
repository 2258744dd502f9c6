"""The ablation runner: every arm differs in its part alone, and is run once."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import small_avatar, write_painted_capture

from incarnate.capture.capture import Capture
from incarnate.errors import AvatarError
from incarnate.evaluate.scores import Options
from incarnate.train.ablation import ARMS, Arm, median_drift, run_ablation
from incarnate.train.ablation_table import ArmResult
from incarnate.train.recipes import QUICK, SMOKE, HeadRecipe

TINY: HeadRecipe = replace(
    SMOKE, steps=6, size=48, coarse_steps=2, surface_splats=400, silhouette_splats=50,
    max_splats=500, model=replace(SMOKE.model, num_codes=4),
)  # fmt: skip
OPTIONS = Options(lpips="none", max_frames=1)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture", num_frames=5)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_an_arm_changes_its_part_and_nothing_else(arm: Arm) -> None:
    changed = arm.change(QUICK)
    assert changed != QUICK
    before, after = asdict(QUICK), asdict(changed)
    parts = [key for key in before if before[key] != after[key]]
    assert parts in (["model"], ["losses"], ["expression"])
    [part] = parts
    different = [key for key in before[part] if before[part][key] != after[part][key]]
    assert len(different) == 1 or sum(after[part][key] != 0 for key in different) <= 1


@dataclass(frozen=True)
class Done:
    """An ablation that has been run."""

    folder: Path
    results: tuple[ArmResult, ...]
    told: list[str]


@pytest.fixture(scope="module")
def done(capture: Capture, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder, told = tmp_path_factory.mktemp("ablation"), []
    return Done(folder, run(capture, folder, told), told)


def run(
    capture: Capture, folder: Path, told: list[str], options: Options = OPTIONS
) -> tuple[ArmResult, ...]:
    return run_ablation(
        capture, TINY, folder, arms=["baked"], options=options,
        progress=lambda done, total, text: told.append(text),
    )  # fmt: skip


def test_arms_are_trained_alike_measured_and_tabled(done: Done) -> None:
    assert [result.name for result in done.results] == ["whole", "baked"]
    for result in done.results:
        assert 5 < result.figures["psnr"] < 60
        assert 0 < result.figures["drift_mm"] < 20
        assert "lpips_alex" not in result.figures
        recipe = json.loads((done.folder / result.name / "training" / "recipe.json").read_text())
        assert (recipe["seed"], recipe["steps"]) == (TINY.seed, TINY.steps)
    assert any(text.startswith("2/2 baked: training") for text in done.told)
    table = (done.folder / "ablation.md").read_text()
    for arm in ARMS:
        assert (f"## {arm.claim}\n" in table) == (arm.name == "baked")
    content = json.loads((done.folder / "ablation.json").read_text())
    assert content["arms"][1]["figures"] == done.results[1].figures


def test_a_measured_arm_is_not_run_again(done: Done, capture: Capture) -> None:
    told: list[str] = []
    assert run(capture, done.folder, told) == done.results
    assert not told
    # Another measurement reads the trained avatars, and measures.
    again = run(capture, done.folder, told, replace(OPTIONS, size=32))
    assert [x.figures["minutes"] for x in again] == [x.figures["minutes"] for x in done.results]
    assert told
    assert not any("training" in text for text in told)


def test_the_table_keeps_arms_that_were_measured_alike(done: Done, capture: Capture) -> None:
    run(capture, done.folder, [])
    alike = run_ablation(capture, TINY, done.folder, arms=[], options=OPTIONS)
    assert [result.name for result in alike] == ["whole"]
    assert _tabled(done.folder) == ["whole", "baked"]
    # Measured in other pictures, or trained on otherwise, it does not belong beside these.
    run_ablation(capture, TINY, done.folder, arms=[], options=replace(OPTIONS, size=40))
    assert _tabled(done.folder) == ["whole"]
    note = done.folder / "baked" / "training" / "recipe.json"
    as_it_was = note.read_text()
    note.write_text(json.dumps(json.loads(as_it_was) | {"steps": 7}))
    run_ablation(capture, TINY, done.folder, arms=[], options=OPTIONS)
    note.write_text(as_it_was)
    assert _tabled(done.folder) == ["whole"]


def _tabled(folder: Path) -> list[str]:
    content = json.loads((folder / "ablation.json").read_text())
    return [result["name"] for result in content["arms"]]


def test_other_steps_need_another_folder(done: Done, capture: Capture) -> None:
    with pytest.raises(AvatarError, match="differs in steps"):
        run_ablation(capture, replace(TINY, steps=7), done.folder, arms=[], options=OPTIONS)


def test_an_unknown_arm_is_named_with_those_that_exist(capture: Capture, tmp_path: Path) -> None:
    with pytest.raises(
        AvatarError, match="no arm 'no-hair'; these exist: encoder, optimised-codes, frozen-bases"
    ):
        run_ablation(capture, TINY, tmp_path, arms=["no-hair"])


def test_drift_is_the_median_distance_from_the_start() -> None:
    avatar = small_avatar()
    assert median_drift(avatar) == 0
    avatar.means.data.add_(torch.tensor([0.003, 0.0, 0.004]))
    # Positions are about 1.5 m from the origin in float32.
    assert median_drift(avatar) == pytest.approx(5.0, abs=1e-3)
