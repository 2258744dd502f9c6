"""Which frames are measured, and what two pictures stand beside each other."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import small_avatar, write_painted_capture
from tests.evaluate.ball import Ball

from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError, CaptureError
from incarnate.evaluate.scores import Options
from incarnate.evaluate.trial import chosen_frames, open_trial


def test_a_true_avatar_draws_the_truth(ball: Ball, ball_capture: Capture) -> None:
    pair = open_trial(ball, ball_capture).pair(3)
    # Straight colour and alpha have 8 bits each; the curve of sRGB is steepest in the dark, where
    # half a step of alpha is up to four of the picture.
    assert (pair.encoded[0] - pair.encoded[1]).abs().max() < 5 / 255
    assert pair.truth[pair.matte == 0].abs().max() == 0


def test_another_light_comes_with_its_own_truth(ball: Ball, ball_capture: Capture) -> None:
    trial = open_trial(ball, ball_capture)
    own, sunset = trial.pair(3), trial.pair(3, "sunset")
    assert torch.equal(own.matte, sunset.matte)
    assert (own.truth - sunset.truth).abs().max() > 0.05
    # The light is a file with 8 bits of mantissa, the picture has 8 bits: about 1 in 100.
    assert (sunset.image - sunset.truth).abs().max() < 0.02


def test_pictures_can_be_compared_smaller(ball: Ball, ball_capture: Capture) -> None:
    trial = open_trial(ball, ball_capture, options=Options(size=24))
    assert trial.size == (20, 24)
    pair = trial.pair(3)
    assert pair.image.shape == pair.truth.shape == (24, 20, 3)
    assert open_trial(ball, ball_capture).size == (40, 48)


def test_truth_is_known_for_some_frames(ball: Ball, ball_capture: Capture) -> None:
    trial = open_trial(ball, ball_capture)
    assert [trial.has_surfaces(index) for index in range(6)] == [0, 0, 1, 0, 1, 0]
    assert trial.relit_frames("sunset", [0, 1, 2, 3]) == [2, 3]


def test_an_avatar_that_draws_no_numbers_is_refused(ball: Ball, ball_capture: Capture) -> None:
    broken = replace(ball, gain=float("nan"))
    with pytest.raises(AvatarError, match=r"frame 3 of capture 'ball'.*train it again"):
        open_trial(broken, ball_capture).pair(3)


def test_poses_of_another_rig_are_refused(ball: Ball, ball_capture: Capture) -> None:
    poses = load_track(ball_capture).poses
    other = replace(poses, expression_names=("frown",))
    with pytest.raises(AvatarError, match=r"Track the capture with the rig that the avatar was"):
        open_trial(ball, ball_capture, poses=other)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(), [2, 3, 4, 5]),
        (Options(stride=2), [2, 4]),
        (Options(max_frames=2), [3, 5]),
        (Options(max_frames=1), [4]),
        (Options(max_frames=9), [2, 3, 4, 5]),
        (Options(stride=2, max_frames=1), [4]),
    ],
)
def test_frames_are_thinned_evenly(
    ball_capture: Capture, options: Options, expected: list[int]
) -> None:
    assert chosen_frames(ball_capture, options) == expected


def test_a_capture_without_test_frames_is_a_clear_mistake(ball_capture: Capture) -> None:
    all_train = replace(ball_capture, splits=("train",) * 6)
    with pytest.raises(CaptureError, match="6 frames, 0 of them in the split 'test'"):
        chosen_frames(all_train, Options())


def test_an_avatar_with_an_encoder_reads_expressions_unless_told(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture")
    avatar = small_avatar()
    tracked = load_track(capture).poses.expression
    assert torch.equal(open_trial(avatar, capture).poses.expression, tracked)
    avatar.encoder = ExpressionEncoder(EncoderModel(width=0.35, size=32), avatar.rig)
    read = open_trial(avatar, capture).poses.expression
    assert not torch.equal(read[6:], tracked[6:])
    assert torch.equal(read[:6], tracked[:6])
    options = Options(expressions="tracked")
    assert torch.equal(open_trial(avatar, capture, options=options).poses.expression, tracked)
