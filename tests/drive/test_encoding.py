"""An encoder drives the frames that it is shown, and leaves the rest as tracked."""

import pytest
import torch
from tests.avatars.people import write_painted_capture

from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder, codes_of
from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.drive.encoding import encoded_poses
from incarnate.tracking.smoothing import OneEuroSettings


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture")


@pytest.fixture
def encoder(capture: Capture) -> ExpressionEncoder:
    encoder = ExpressionEncoder(EncoderModel(width=0.35, size=32), load_track(capture).rig)
    # So that crops differ in their codes.
    encoder.head.weight.data *= 30
    return encoder.requires_grad_(False)


def test_only_the_frames_that_were_looked_at_change(
    capture: Capture, encoder: ExpressionEncoder
) -> None:
    track = load_track(capture)
    poses = encoded_poses(encoder, capture, track, [6, 7])
    assert len(poses) == 8
    assert torch.equal(poses.expression[:6], track.poses.expression[:6])
    assert not torch.equal(poses.expression[6:], track.poses.expression[6:])
    assert torch.equal(poses.root_rotation, track.poses.root_rotation)
    alone = encoded_poses(encoder, capture, track, [7])
    assert torch.equal(alone.expression[7], poses.expression[7])
    assert torch.equal(alone.joint_rotations[7], poses.joint_rotations[7])


def test_smoothing_calms_the_codes(capture: Capture, encoder: ExpressionEncoder) -> None:
    track, frames = load_track(capture), list(range(8))
    settings = OneEuroSettings(min_cutoff=0.5, beta=0.0)
    raw = codes_of(encoded_poses(encoder, capture, track, frames), track.rig)
    calm = codes_of(encoded_poses(encoder, capture, track, frames, smoothing=settings), track.rig)
    assert torch.equal(calm[0], raw[0])
    assert calm.diff(dim=0).abs().mean() < 0.5 * raw.diff(dim=0).abs().mean()
