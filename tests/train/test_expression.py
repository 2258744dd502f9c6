"""Expressions are tracked, freed or read from pictures, and go on exactly after a kill."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import write_painted_capture

from incarnate.avatars.encoder import EncoderModel, codes_of
from incarnate.avatars.files import avatar_tensors, load_head, load_stage
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.drive.encoding import encoded_poses
from incarnate.train.checkpoints import read_checkpoint
from incarnate.train.distill import EncoderRecipe, read_bank
from incarnate.train.expression import ExpressionRecipe, PoseSource, pose_source
from incarnate.train.fit import train_head
from incarnate.train.recipes import SMOKE, HeadRecipe

ENCODER = EncoderRecipe(model=EncoderModel(width=0.35, size=32), steps=20, rate=4e-3)
STEPS = 8


def recipe_of(source: str) -> ExpressionRecipe:
    return ExpressionRecipe(source=source, encoder=ENCODER, begin=0.25)  # pyright: ignore[reportArgumentType]


def training_recipe(source: str) -> HeadRecipe:
    return replace(
        SMOKE, steps=STEPS, size=48, coarse_steps=4, surface_splats=600, silhouette_splats=0,
        max_splats=700, model=replace(SMOKE.model, num_codes=4), expression=recipe_of(source),
        checkpoint_seconds=0.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture")


def make(capture: Capture, source: str, state: dict[str, torch.Tensor] | None = None) -> PoseSource:
    return pose_source(
        recipe_of(source),
        capture,
        load_track(capture),
        steps=STEPS,
        frames=capture.indices("train"),
        seed=3,
        state=state or {},
    )


def pulled(source: PoseSource, index: int, step: int) -> None:
    """One step that opens the jaw of a frame."""
    pose = source.pose(index)
    (-pose.joint_rotations.sum() * 10).backward()
    source.step(step)


def test_tracked_poses_are_the_track(capture: Capture) -> None:
    source = make(capture, "tracked")
    pose = source.pose(2)
    assert torch.equal(pose.expression, load_track(capture).poses.expression[2])
    assert source.restraints(2, pose) == source.state() == {}
    assert torch.equal(source.motion().expression, load_track(capture).poses.expression)
    assert source.encoder is None


def test_free_codes_start_as_tracked_and_move_for_their_frame_alone(capture: Capture) -> None:
    track = load_track(capture)
    source = make(capture, "optimised")
    before = codes_of(track.poses, track.rig)
    assert torch.equal(codes_of(source.pose(2), track.rig), before[2])
    assert all(
        float(value.detach()) == 0 for value in source.restraints(2, source.pose(2)).values()
    )
    pulled(source, 2, 0)
    assert torch.equal(codes_of(source.pose(2), track.rig), before[2]), "begin is not reached yet"
    pulled(source, 2, 5)
    pulled(source, 3, 6)
    pulled(source, 3, 7)
    assert (codes_of(source.pose(2), track.rig)[-3:] > before[2][-3:]).all()
    assert torch.equal(codes_of(source.pose(4), track.rig), before[4])
    assert torch.equal(
        codes_of(source.motion(), track.rig)[2], codes_of(source.pose(2), track.rig).detach()
    )
    assert float(source.restraints(2, source.pose(2))["jaw"].detach()) > 0


def test_an_encoder_gives_the_pose_that_its_picture_gives(capture: Capture) -> None:
    track = load_track(capture)
    source = make(capture, "encoder")
    assert source.encoder is not None
    bank = read_bank(capture, track, [3], size=32)
    expected = source.encoder.pose(track.poses[3:4], bank.crops)[0]
    pose = source.pose(3)
    # The same crop through the same layers.
    torch.testing.assert_close(codes_of(pose, track.rig), codes_of(expected, track.rig))
    assert torch.equal(pose.root_rotation, track.poses.root_rotation[3])
    trunk = source.encoder.backbone.conv_stem.weight.clone()
    pulled(source, 3, 6)
    assert torch.equal(source.encoder.backbone.conv_stem.weight, trunk)
    assert (codes_of(source.pose(3), track.rig)[-3:] > codes_of(pose, track.rig)[-3:]).all()


@pytest.mark.parametrize("source", ["optimised", "encoder"])
def test_a_source_goes_on_bitwise(capture: Capture, source: str) -> None:
    unbroken = make(capture, source)
    pulled(unbroken, 1, 4)
    resumed = make(capture, source, {k: v.clone() for k, v in unbroken.state().items()})
    for each in (unbroken, resumed):
        pulled(each, 1, 5)
        pulled(each, 2, 6)
    theirs = resumed.state()
    assert all(torch.equal(value, theirs[name]) for name, value in unbroken.state().items())


@pytest.mark.parametrize("source", ["optimised", "encoder"])
def test_a_killed_training_ends_where_an_unbroken_one_does(
    capture: Capture, tmp_path: Path, source: str
) -> None:
    class KilledError(Exception):
        pass

    def kill(done: int, total: int, text: str) -> None:
        if text.startswith("training") and done == 5:
            raise KilledError

    recipe = training_recipe(source)
    unbroken = train_head(capture, recipe, tmp_path / "unbroken")
    with pytest.raises(KilledError):
        train_head(capture, recipe, tmp_path / "killed", progress=kill)
    resumed = train_head(capture, recipe, tmp_path / "killed")
    theirs = avatar_tensors(resumed)
    assert all(torch.equal(value, theirs[name]) for name, value in avatar_tensors(unbroken).items())
    ends = [read_checkpoint(tmp_path / name / "training") for name in ("unbroken", "killed")]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].expression
    for name, value in ends[0].expression.items():
        assert torch.equal(value, ends[1].expression[name]), name


def test_an_avatar_keeps_its_encoder(capture: Capture, tmp_path: Path) -> None:
    avatar = train_head(capture, training_recipe("encoder"), tmp_path / "avatar")
    loaded = load_head(tmp_path / "avatar")
    assert avatar.encoder is not None
    assert loaded.encoder is not None
    track = load_track(capture)
    crops = read_bank(capture, track, [6, 7], size=32).crops
    ours = avatar.encoder.pose(track.poses[6:8], crops)
    theirs = loaded.encoder.pose(track.poses[6:8], crops)
    assert torch.equal(ours.expression, theirs.expression)
    assert torch.equal(ours.joint_rotations, theirs.joint_rotations)
    # What the avatar plays by itself is what its encoder reads, of test frames too.
    played = load_stage(tmp_path / "avatar").poses
    read = encoded_poses(loaded.encoder, capture, track, list(range(capture.num_frames)))
    assert torch.equal(played.expression, read.expression)
    assert torch.equal(played.joint_rotations, read.joint_rotations)
    assert not torch.equal(played.expression, track.poses.expression)
