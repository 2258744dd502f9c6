"""Training makes the picture better, and a killed run ends where an unbroken one does."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import write_painted_capture

from incarnate.avatars.avatar import render
from incarnate.avatars.files import avatar_tensors, load_head, load_stage
from incarnate.avatars.head import HeadAvatar
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError
from incarnate.geometry.colors import srgb_from_linear
from incarnate.train.fit import HeadTraining, start_head, train_head
from incarnate.train.frames import TrainingFrames
from incarnate.train.recipes import SMOKE, HeadRecipe

TINY: HeadRecipe = replace(
    SMOKE, steps=40, size=48, coarse_steps=10, surface_splats=900, silhouette_splats=50,
    max_splats=1000, model=replace(SMOKE.model, num_codes=4),
)  # fmt: skip


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture")


def mean_error(avatar: HeadAvatar, capture: Capture) -> float:
    """Mean absolute difference over the test frames."""
    frames = TrainingFrames(capture, capture.indices("test"), longest_side=48)
    track = load_track(capture)
    errors = []
    for position in range(len(frames)):
        frame = frames[position]
        with torch.no_grad():
            image = render(avatar, track.poses[frame.index], frame.camera)
        errors.append((srgb_from_linear(image) - frame.target).abs().mean())
    return float(torch.stack(errors).mean())


def test_training_improves_unseen_frames_and_leaves_its_notes(
    capture: Capture, tmp_path: Path
) -> None:
    before = mean_error(start_head(capture, load_track(capture), TINY), capture)
    told: list[str] = []
    avatar = train_head(
        capture, TINY, tmp_path / "avatar", progress=lambda done, total, text: told.append(text)
    )
    after = mean_error(avatar, capture)
    assert after < 0.8 * before
    loaded = load_head(tmp_path / "avatar")
    assert mean_error(loaded, capture) == pytest.approx(after)
    assert load_stage(tmp_path / "avatar").test_start == 6
    lines = (tmp_path / "avatar" / "training" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == 40
    assert list((tmp_path / "avatar" / "training" / "previews").glob("*.jpg"))
    assert any("L1" in text for text in told)


def test_a_killed_run_ends_where_an_unbroken_one_does(capture: Capture, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def kill(done: int, total: int, text: str) -> None:
        if total == TINY.steps and done == 23:
            raise KilledError

    # A checkpoint after every step, so that the kill loses nothing.
    recipe = replace(TINY, checkpoint_seconds=0.0)
    unbroken = train_head(capture, recipe, tmp_path / "unbroken")
    with pytest.raises(KilledError):
        train_head(capture, recipe, tmp_path / "killed", progress=kill)
    resumed = train_head(capture, recipe, tmp_path / "killed")
    for name, value in avatar_tensors(unbroken).items():
        assert torch.equal(value, avatar_tensors(resumed)[name]), name


def test_a_capture_without_training_frames_is_refused(capture: Capture, tmp_path: Path) -> None:
    only_tests = replace(capture, splits=("test",) * capture.num_frames)
    with pytest.raises(AvatarError, match="no training frames"):
        train_head(only_tests, TINY, tmp_path / "avatar")


def test_albedo_comes_before_what_is_left_to_single_splats(capture: Capture) -> None:
    frame = TrainingFrames(capture, capture.indices("train"), longest_side=48)[0]
    for share, learned, held in (
        (1.0, "albedo_logits", "splat_residual"),
        (0.0, "splat_residual", "albedo_logits"),
    ):
        training = HeadTraining(capture, load_track(capture), replace(TINY, albedo_until=share))
        before = {name: getattr(training.avatar, name).clone() for name in (learned, held)}
        training.advance(frame)
        assert not torch.equal(getattr(training.avatar, learned), before[learned])
        assert torch.equal(getattr(training.avatar, held), before[held])
