"""Motion: repeatable, within what necks and eyes can do, and not repeated in the test stretch."""

import math

import pytest
import torch

from incarnate.capture.synthetic.motion import (
    GESTURES,
    MAX_PITCH,
    MAX_YAW,
    VISEMES,
    make_motion,
)
from incarnate.capture.synthetic.settings import PRESETS
from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS, default_head_rig
from incarnate.rigs.rig import Pose

RIG = default_head_rig()
TRAIN, TEST = 102, 18


@pytest.fixture(scope="module")
def motion() -> Pose:
    return make_motion(RIG, TRAIN, TEST, fps=12.5, seed=7)


def head(pose: Pose) -> torch.Tensor:
    """Pitch, yaw and roll of neck and head together."""
    joints = [RIG.joint_index(name) - 1 for name in ("neck", "head")]
    return pose.joint_rotations[:, joints].sum(1)


def unit(pose: Pose, name: str) -> torch.Tensor:
    return pose.expression[:, RIG.expression_names.index(name)]


def test_equal_seeds_give_equal_motion(motion: Pose) -> None:
    again = make_motion(RIG, TRAIN, TEST, fps=12.5, seed=7)
    assert torch.equal(again.joint_rotations, motion.joint_rotations)
    assert torch.equal(again.expression, motion.expression)
    other = make_motion(RIG, TRAIN, TEST, fps=12.5, seed=8)
    assert not torch.equal(other.expression, motion.expression)


def test_names_are_those_of_the_rig() -> None:
    for shape in (*VISEMES, *GESTURES):
        assert set(shape) <= {*RIG.expression_names, "jawOpen"}


@pytest.mark.parametrize("preset", list(PRESETS))
def test_both_stretches_cover_what_they_should(preset: str) -> None:
    settings = PRESETS[preset]
    train = settings.num_frames - settings.num_test_frames
    pose = make_motion(RIG, train, settings.num_test_frames, fps=settings.fps, seed=settings.seed)
    yaw = head(pose)[:, 1]
    assert yaw[:train].max() > 0.8 * MAX_YAW
    assert yaw[:train].min() < -0.8 * MAX_YAW
    jaw = pose.joint_rotations[:, RIG.joint_index("jaw") - 1, 0]
    for stretch in (slice(0, train), slice(train, None)):
        # Frames need not fall on the ends of a turn.
        assert yaw[stretch].max() - yaw[stretch].min() > 0.5 * MAX_YAW
        assert unit(pose, "eyeBlinkLeft")[stretch].max() > 0.99
        assert jaw[stretch].max() > 0.25 * JAW_OPEN_RADIANS


def test_limits_are_kept(motion: Pose) -> None:
    limits = torch.tensor([MAX_PITCH, MAX_YAW, math.radians(9)])
    assert (head(motion).abs() <= limits + 1e-5).all()
    assert ((motion.expression >= 0) & (motion.expression <= 1)).all()
    gaze = motion.joint_rotations[:, RIG.joint_index("left_eye_smplhf") - 1]
    assert gaze[:, 1].abs().max() <= EYE_LOOK_RADIANS["Out"] + 1e-6
    assert motion.root_translation.abs().max() < 0.01


def test_lids_follow_the_gaze(motion: Pose) -> None:
    gaze = motion.joint_rotations[:, RIG.joint_index("right_eye_smplhf") - 1]
    down = unit(motion, "eyeLookDownRight") * EYE_LOOK_RADIANS["Down"]
    up = unit(motion, "eyeLookUpRight") * EYE_LOOK_RADIANS["Up"]
    assert torch.allclose(down - up, gaze[:, 0], atol=1e-5)
    # To the subject's left is inward for the right eye.
    inward = unit(motion, "eyeLookInRight") * EYE_LOOK_RADIANS["In"]
    outward = unit(motion, "eyeLookOutRight") * EYE_LOOK_RADIANS["Out"]
    assert torch.allclose(inward - outward, gaze[:, 1], atol=1e-5)


def test_the_test_stretch_is_no_repeat(motion: Pose) -> None:
    codes = torch.cat([motion.joint_rotations.flatten(1), motion.expression], 1)
    distance = torch.cdist(codes[TRAIN:], codes[:TRAIN]).min(1).values
    neighbours = (codes[1:TRAIN] - codes[: TRAIN - 1]).norm(dim=1).median()
    # The nearest training frame is farther than a typical step from one frame to the next.
    assert distance.median() > 0.5 * neighbours


def test_heads_turn_smoothly() -> None:
    fine = make_motion(RIG, 400, 60, fps=50.0, seed=3)
    speed = head(fine)[:400].diff(dim=0).abs().max() * 50
    # Fast head turns reach 200° a second; five times that would be a jump.
    assert speed < math.radians(400)


def test_a_clip_may_have_no_test_frames() -> None:
    assert len(make_motion(RIG, 5, 0, fps=10.0, seed=0)) == 5
