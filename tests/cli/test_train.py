"""``incarnate train head``: changes to a preset, and a tiny training as a user types it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.avatars.moving_bodies import write_body_capture
from tests.avatars.people import write_painted_capture

from incarnate.avatars.files import load_head
from incarnate.cli import main
from incarnate.cli.train import BodyChanges, Changes, changed_body_recipe, changed_recipe
from incarnate.errors import AvatarError
from incarnate.train.body_recipes import QUICK_BODY
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
    assert changed_recipe(QUICK, Changes(codes=16)).model == replace(QUICK.model, num_codes=16)


def test_bases_need_a_code() -> None:
    with pytest.raises(AvatarError, match="--bases frozen learns none"):
        changed_recipe(QUICK, Changes(codes=0))


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        (Changes(steps=0), "--steps 0: give 1 or more"),
        (Changes(size=-1), "--size -1: give 24 or more"),
        (Changes(seed=-3), "--seed -3: give 0 or more"),
    ],
)
def test_numbers_that_no_training_can_have(changes: Changes, advice: str) -> None:
    with pytest.raises(AvatarError, match=advice):
        changed_recipe(QUICK, changes)


def test_maps_that_networks_cannot_halve() -> None:
    with pytest.raises(AvatarError, match="--map-size 100: give a multiple of 64"):
        changed_body_recipe(QUICK_BODY, BodyChanges(map_size=100))


def test_the_stages_of_a_body_are_shares_of_its_steps() -> None:
    assert changed_body_recipe(QUICK_BODY, BodyChanges(network_share=0.0)).network_share == 0
    with pytest.raises(AvatarError, match="--network-share 35: give a share of the steps"):
        changed_body_recipe(QUICK_BODY, BodyChanges(network_share=35.0))


def test_heads_and_bodies_are_not_taken_for_each_other(
    capture_folder: Path,
    body_capture_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    to = ["-o", str(tmp_path / "avatar"), "--preset", "smoke"]
    assert main(["train", "head", str(body_capture_folder), *to]) == 2
    assert "shows a whole body" in capsys.readouterr().err
    assert main(["train", "body", str(capture_folder), *to]) == 2
    assert "shows no whole body" in capsys.readouterr().err
    assert not (tmp_path / "avatar").exists()  # nothing claims the folder that another may take


def test_a_training_says_what_it_wrote_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = write_painted_capture(tmp_path / "capture", num_frames=5)
    words = ["train", "head", str(capture.folder), "-o", str(tmp_path / "avatar")]
    words += ["--preset", "smoke", "--steps", "4", "--max-splats", "900", "--threads", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert f"wrote {tmp_path / 'avatar'}: {load_head(tmp_path / 'avatar').num_splats} " in shown
    assert "after 4 steps" in shown
    assert f"next: incarnate evaluate {tmp_path / 'avatar'} {capture.folder}" in shown


def test_a_folder_that_is_no_capture_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "head", str(tmp_path), "-o", str(tmp_path / "avatar")]) == 2
    assert "has no capture.json" in capsys.readouterr().err


def test_a_body_is_trained_rendered_and_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = write_body_capture(tmp_path / "capture")
    avatar = tmp_path / "body"
    words = ["train", "body", str(capture.folder), "-o", str(avatar), "--preset", "smoke"]
    assert main([*words, "--steps", "4", "--map-size", "64", "--threads", "1"]) == 0
    assert "after 4 steps" in capsys.readouterr().out
    drawn = ["render", str(avatar), "-o", str(tmp_path / "frames"), "--frames", "0:2"]
    assert main([*drawn, "--camera", "turntable", "--light", "sky"]) == 0
    assert len(list((tmp_path / "frames").glob("*.png"))) == 2


def test_switches_of_a_body_reach_its_model() -> None:
    changes = BodyChanges(network="unet", key_poses=0, surface="rig", steps=7)
    recipe = changed_body_recipe(QUICK_BODY, changes)
    assert recipe.model.network is not None
    assert (recipe.model.network.kind, recipe.model.key_poses) == ("unet", 0)
    assert (recipe.surface, recipe.steps) == ("rig", 7)
    assert changed_body_recipe(QUICK_BODY, BodyChanges()) == QUICK_BODY
