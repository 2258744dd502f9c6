"""The arms of a body's ablation: each changes its part, alike trainings are done once."""

from dataclasses import asdict, replace

import pytest
from tests.avatars.moving_bodies import write_body_capture

from incarnate.capture.capture import Capture
from incarnate.train.body_arms import (
    BODY_ARMS,
    BODY_WHOLE,
    BodyArm,
    body_arm,
    trainer_of,
    why_skipped,
    with_cameras,
)
from incarnate.train.body_recipes import QUICK_BODY, SMOKE_BODY

# Arms that differ in cameras or in driving alone, or are what QUICK_BODY is.
_ALIKE = ("three-cameras", "styleunet", "projection", "projection-alone")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_body_capture(tmp_path_factory.mktemp("body") / "capture", num_frames=4)


@pytest.mark.parametrize("arm", BODY_ARMS, ids=lambda arm: arm.name)
def test_an_arm_changes_one_part_of_the_recipe(arm: BodyArm) -> None:
    base = BODY_WHOLE if arm.against == "whole" else body_arm(arm.against)
    before, after = asdict(base.change(QUICK_BODY)), asdict(arm.change(QUICK_BODY))
    changed = {key for key in before if before[key] != after[key]}
    assert len(changed) == (0 if arm.name in _ALIKE else 1)
    assert changed <= {"model", "surface", "losses", "seed", "network_share"}
    # What it is held to exists, and comes before it.
    names = [BODY_WHOLE.name, *(other.name for other in BODY_ARMS)]
    assert names.index(arm.against) < names.index(arm.name)


def test_networks_of_the_arms_have_the_size_of_the_whole_methods() -> None:
    for kind in ("unet", "mlp"):
        network = body_arm(kind).change(SMOKE_BODY).model.network
        assert SMOKE_BODY.model.network is not None
        assert network == replace(SMOKE_BODY.model.network, kind=kind)
    assert body_arm("no-network").change(SMOKE_BODY).model.network is None
    alone = replace(SMOKE_BODY, model=replace(SMOKE_BODY.model, network=None))
    assert body_arm("styleunet").change(alone).model.network is not None


def test_arms_that_are_trained_alike_share_a_training() -> None:
    smoke = body_arm("styleunet").change(SMOKE_BODY)
    assert trainer_of(body_arm("projection"), smoke) == BODY_WHOLE
    assert trainer_of(body_arm("projection-alone"), smoke).name == "no-memory"
    assert trainer_of(body_arm("styleunet-alone"), smoke).name == "no-memory"
    # The same recipe on fewer cameras is another training.
    assert trainer_of(body_arm("three-cameras"), smoke).name == "three-cameras"


def test_what_cannot_be_told_apart_is_skipped_with_the_reason(capture: Capture) -> None:
    smoke = body_arm("styleunet").change(SMOKE_BODY)
    assert smoke.surface == "rig"
    assert why_skipped(body_arm("rig-surface"), smoke, capture) == "`whole` is trained so already"
    assert "no more than 2 training cameras" in why_skipped(
        body_arm("three-cameras"), smoke, capture
    )
    static = replace(smoke, model=replace(smoke.model, dependence="static"))
    assert why_skipped(body_arm("projection"), static, capture) == "no network sees poses"
    for name in ("static", "no-history", "projection", "projection-alone", "styleunet-alone"):
        assert why_skipped(body_arm(name), smoke, capture) == ""
    assert why_skipped(BODY_WHOLE, smoke, capture) == ""


def test_the_perceptual_loss_is_skipped_without_its_weights(
    capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incarnate.evaluate.lpips_weights.PACKAGE", "not_installed")
    assert "not installed" in why_skipped(body_arm("perceptual"), SMOKE_BODY, capture)
    assert why_skipped(body_arm("another-seed"), SMOKE_BODY, capture) == ""


def test_fewer_cameras_are_spread_evenly(capture: Capture) -> None:
    eight = replace(capture, cameras=capture.cameras[:1] * 8, test_cameras=(7,))
    assert with_cameras(eight, 3).train_cameras == (1, 3, 5)
    assert with_cameras(eight, None) is eight
