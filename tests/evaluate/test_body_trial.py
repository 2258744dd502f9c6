"""A body beside a capture: what networks are told, and how far a pose is from training."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.moving_bodies import small_body

from incarnate.avatars.avatar import render
from incarnate.avatars.body import BodyAvatar
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError, CaptureError
from incarnate.evaluate.body_scores import Projection
from incarnate.evaluate.body_splits import View
from incarnate.evaluate.body_trial import BodyTrial, open_body_trial
from incarnate.evaluate.scores import Options


def opened(avatar: BodyAvatar, capture: Capture, projection: Projection = "off") -> BodyTrial:
    return open_body_trial(avatar, capture, options=Options(), projection=projection)


def test_the_picture_is_that_of_render(body: BodyAvatar, body_capture: Capture) -> None:
    trial = opened(body, body_capture)
    drawn = trial.draw(View(3, 1))
    with torch.no_grad():
        expected = render(body, trial.trial.pose(3), body_capture.cameras[1])
    # The same operations in the same order.
    assert torch.equal(drawn.pair.image, expected)
    assert drawn.alpha.shape == drawn.pair.matte.shape == (64, 64)


def test_untrained_networks_move_nothing(body: BodyAvatar, body_capture: Capture) -> None:
    assert opened(body, body_capture).draw(View(3, 1)).offset_p95 == 0


def test_a_static_body_has_no_offsets(static_body: BodyAvatar, body_capture: Capture) -> None:
    assert opened(static_body, body_capture).draw(View(3, 1)).offset_p95 is None


def test_distances_are_zero_for_training_poses_alone(
    body: BodyAvatar, body_capture: Capture
) -> None:
    trial = opened(body, body_capture)
    for frame, split in enumerate(body_capture.splits):
        assert (float(trial.pose_distances[frame]) == 0) == (split == "train")
    # Frame 3 lies between two training poses; the other clip goes on past the last of them.
    assert float(trial.pose_distances[7]) > float(trial.pose_distances[3])
    assert trial.pose_range(7) > 1


def test_projection_changes_what_the_network_sees_of_far_poses(
    body: BodyAvatar, body_capture: Capture
) -> None:
    off, on = (opened(body, body_capture, mode) for mode in ("off", "on"))
    assert torch.equal(on.condition(7).signature, off.condition(7).signature)
    assert not torch.equal(on.condition(7).maps, off.condition(7).maps)
    # What is projected lies in the space, up to rounding.
    assert float(on.space.distance(on.condition(7).maps)) < 1e-4


def test_the_space_of_poses_is_the_one_that_the_avatar_keeps(body_capture: Capture) -> None:
    avatar = small_body().requires_grad_(False).eval()
    none = opened(avatar, body_capture)
    track = load_track(body_capture)
    seen = avatar.conditions(track.poses, body_capture.times, body_capture.clips)
    avatar.learn_poses([seen[index] for index in body_capture.indices("train")])
    kept = opened(avatar, body_capture)
    assert kept.space is avatar.pose_space
    # The same frames with the same past: a body that keeps none is measured alike.
    assert kept.pose_range(7) == pytest.approx(none.pose_range(7), rel=1e-4)
    assert kept.pose_range(7) == avatar.pose_distance(kept.conditions[7])


def test_labels_are_whole_numbers_where_there_are_any(
    body: BodyAvatar, body_capture: Capture
) -> None:
    trial = opened(body, body_capture)
    labels = trial.labels(View(3, 0))
    assert labels is not None
    assert labels.unique().tolist() == [1, 2]
    assert trial.labels(View(0, 2)) is None


def test_values_that_are_no_numbers_are_named(body_capture: Capture, body: BodyAvatar) -> None:
    broken = opened(body, body_capture)
    before = body.light_logits.data.clone()
    body.light_logits.data.fill_(float("nan"))
    try:
        with pytest.raises(AvatarError, match="frame 3 of capture 'waving': the avatar draws"):
            broken.draw(View(3, 0))
    finally:
        body.light_logits.data.copy_(before)


def test_a_capture_without_training_frames_is_refused(
    body: BodyAvatar, body_capture: Capture
) -> None:
    with pytest.raises(CaptureError, match="no training frames to tell how far"):
        opened(body, replace(body_capture, splits=("test",) * 8))
