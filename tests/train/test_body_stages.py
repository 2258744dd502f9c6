"""A body is learned in two stages: the second adds a memory, and holds what the first left."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY, small_body, write_body_capture
from torch import Tensor

from incarnate.avatars.body import BodyAvatar, BodyCondition
from incarnate.avatars.body_files import body_tensors
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.rigs.position_maps import position_maps_of_rig
from incarnate.splats.rasterize import rasterize
from incarnate.train.body import BodyTraining
from incarnate.train.body_recipes import SMOKE_BODY
from incarnate.train.body_stages import BodyStage, body_stages, stage_at
from incarnate.train.checkpoints import Checkpoint
from incarnate.train.views import TrainingViews

# Three steps each.
RECIPE = replace(SMOKE_BODY, steps=6, network_share=0.5, size=64, model=SMALL_BODY)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_body_capture(tmp_path_factory.mktemp("body") / "capture", num_frames=4)


def training(capture: Capture, checkpoint: Checkpoint | None = None) -> BodyTraining:
    track = load_track(capture)
    maps = position_maps_of_rig(track.rig, RECIPE.model.map_size)
    return BodyTraining(capture, track, RECIPE, maps=maps, checkpoint=checkpoint)


def advance(run: BodyTraining, steps: int) -> BodyTraining:
    views = TrainingViews(run.capture, longest_side=64, most_bytes=10**8)
    for _ in range(steps):
        run.advance([views.read(view) for view in run.views(run.step)])
    views.close()
    return run


def of_memory(avatar: BodyAvatar) -> dict[str, Tensor]:
    assert avatar.memory is not None
    return {name: value.clone() for name, value in avatar.memory.named_parameters()}


def held(avatar: BodyAvatar) -> dict[str, Tensor]:
    return {k: v.clone() for k, v in avatar.named_parameters() if not k.startswith("memory.")}


def test_the_first_stage_leaves_the_memory_empty_and_the_second_learns_nothing_else(
    capture: Capture,
) -> None:
    run = training(capture)
    start = held(run.avatar)
    advance(run, 3)
    learned = held(run.avatar)
    assert all(not torch.equal(start[name], learned[name]) for name in ("means", "light_logits"))
    assert all(bool((value == 0).all()) for value in of_memory(run.avatar).values())
    advance(run, 3)
    assert all(torch.equal(value, learned[name]) for name, value in held(run.avatar).items())
    assert all(bool((value != 0).any()) for value in of_memory(run.avatar).values())


@torch.no_grad()
def test_far_from_all_keys_a_body_is_what_the_first_stage_left(capture: Capture) -> None:
    run = training(capture)
    pose, near = run.track.poses[0], run.conditions[0]
    far = replace(near, signature=near.signature + 1)
    camera = capture.cameras[0]

    def drawn(condition: BodyCondition) -> Tensor:
        avatar = run.avatar
        raster = rasterize(avatar.posed(pose, avatar.painted(condition)), camera)
        return avatar.shade(raster, camera, None)

    with torch.enable_grad():
        advance(run, 3)
    before_far, before_near = drawn(far), drawn(near)
    with torch.enable_grad():
        advance(run, 3)
    assert torch.equal(drawn(far), before_far)
    assert not torch.equal(drawn(near), before_near)


@pytest.mark.parametrize("stopped", [2, 3, 4])
def test_a_training_resumes_in_its_stage(capture: Capture, stopped: int) -> None:
    straight = advance(training(capture), 6)
    halfway = advance(training(capture), stopped)
    resumed = advance(training(capture, halfway.checkpoint()), 6 - stopped)
    assert resumed.stage.learned == "the memory"
    for name, value in body_tensors(straight.avatar).items():
        assert torch.equal(value, body_tensors(resumed.avatar)[name]), name


def test_what_has_no_memory_is_learned_at_once() -> None:
    whole = (BodyStage("everything", 0, 6),)
    assert body_stages(small_body(replace(SMALL_BODY, key_poses=0)), RECIPE) == whole
    assert body_stages(small_body(), replace(RECIPE, network_share=0.0)) == whole
    first, second = body_stages(small_body(), RECIPE)
    assert (first.first, first.steps, second.first, second.steps) == (0, 3, 3, 3)
    stages = (first, second)
    assert [stage_at(stages, step) for step in (0, 2, 3, 5, 6)] == [first] * 2 + [second] * 3


def test_each_stage_begins_with_coarse_pictures(capture: Capture) -> None:
    run = training(capture)
    assert [run.is_coarse(step) for step in range(6)] == [True, False, False] * 2


def test_only_what_learns_all_at_once_practises_without_a_memory() -> None:
    recipe = replace(RECIPE, practice_nothing=0.3, practice_others=0.2)
    chances = (0.1, 0.4, 0.9)

    def recalls(stage: BodyStage) -> list[str]:
        return [stage.recall(recipe, chance) for chance in chances]

    assert recalls(BodyStage("everything", 0, 6)) == ["nothing", "others", "all"]
    assert recalls(BodyStage("all but the memory", 0, 6)) == ["nothing"] * 3
    assert recalls(BodyStage("the memory", 0, 6)) == ["others", "all", "all"]
