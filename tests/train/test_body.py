from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY, write_body_capture

from incarnate.avatars.avatar import render
from incarnate.avatars.body_files import body_tensors, load_body
from incarnate.capture.capture import Capture
from incarnate.capture.reading import read_frame
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError
from incarnate.rigs.position_maps import position_maps_of_rig
from incarnate.train.body import BodyTraining, start_body, train_body
from incarnate.train.body_recipes import SMOKE_BODY
from incarnate.train.views import TrainingViews

RECIPE = replace(SMOKE_BODY, steps=40, size=96, model=SMALL_BODY)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_body_capture(tmp_path_factory.mktemp("body") / "capture", size=96)


def error(capture: Capture, avatar, index: int, camera: int) -> float:
    frame = read_frame(capture, index, camera)
    with torch.no_grad():
        image = render(avatar, load_track(capture).poses[index], frame.camera)
    return float((image - frame.image * frame.matte[..., None]).square().mean())


def test_training_learns_what_a_held_out_camera_and_pose_show(
    capture: Capture, tmp_path: Path
) -> None:
    track = load_track(capture)
    maps = position_maps_of_rig(track.rig, RECIPE.model.map_size)
    start = start_body(capture, track, RECIPE, maps=maps)
    avatar = train_body(capture, RECIPE, tmp_path / "avatar")
    assert error(capture, avatar, 1, 2) < 0.8 * error(capture, start, 1, 2)
    assert error(capture, avatar, 3, 0) < 0.8 * error(capture, start, 3, 0)
    # What was written is what was trained.
    assert error(capture, load_body(tmp_path / "avatar"), 1, 2) == error(capture, avatar, 1, 2)


def test_never_looks_at_test_cameras_or_frames(capture: Capture) -> None:
    track = load_track(capture)
    maps = position_maps_of_rig(track.rig, RECIPE.model.map_size)
    training = BodyTraining(capture, track, RECIPE, maps=maps)
    seen = [view for step in range(60) for view in training.views(step)]
    assert {view.camera for view in seen} == {0, 1}
    assert {view.frame for view in seen} == {0, 1, 2, 4, 5}


def test_a_resumed_training_ends_where_a_straight_one_does(capture: Capture) -> None:
    track = load_track(capture)
    maps = position_maps_of_rig(track.rig, RECIPE.model.map_size)
    views = TrainingViews(capture, longest_side=96, most_bytes=10**8)

    def advance(training: BodyTraining, steps: int) -> None:
        for _ in range(steps):
            training.advance([views.read(view) for view in training.views(training.step)])

    straight = BodyTraining(capture, track, RECIPE, maps=maps)
    advance(straight, 6)
    halfway = BodyTraining(capture, track, RECIPE, maps=maps)
    advance(halfway, 3)
    resumed = BodyTraining(capture, track, RECIPE, maps=maps, checkpoint=halfway.checkpoint())
    advance(resumed, 3)
    views.close()
    for name, value in body_tensors(straight.avatar).items():
        assert torch.equal(value, body_tensors(resumed.avatar)[name]), name


def test_a_capture_without_training_frames_is_refused(capture: Capture) -> None:
    track = load_track(capture)
    maps = position_maps_of_rig(track.rig, RECIPE.model.map_size)
    only_tests = replace(capture, splits=("test",) * capture.num_frames)
    with pytest.raises(AvatarError, match="nothing to train on"):
        start_body(only_tests, track, RECIPE, maps=maps)


def test_another_recipe_in_the_same_folder_is_refused(capture: Capture, tmp_path: Path) -> None:
    short = replace(RECIPE, steps=2)
    train_body(capture, short, tmp_path / "avatar")
    with pytest.raises(AvatarError, match="differs in steps"):
        train_body(capture, replace(short, steps=3), tmp_path / "avatar")
