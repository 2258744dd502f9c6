"""Deformation codes: unit variance over training, limited elsewhere, silent where nothing moves."""

from dataclasses import replace

import torch
from tests.avatars.people import talking_poses

from incarnate.avatars.codes import CODE_LIMIT, fit_code_projection
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import rest_pose


def test_codes_of_training_poses_have_zero_mean_and_unit_variance() -> None:
    rig = default_head_rig()
    poses = talking_poses(rig, 60)
    projection = fit_code_projection(rig, poses, 3)
    raw = CODE_LIMIT * torch.atanh(projection(poses) / CODE_LIMIT)
    # float32 sums over 60 frames.
    torch.testing.assert_close(raw.mean(0), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(raw.std(0), torch.ones(3), rtol=1e-3, atol=0)


def test_codes_are_limited_far_from_training() -> None:
    rig = default_head_rig()
    poses = talking_poses(rig, 20)
    projection = fit_code_projection(rig, poses, 4)
    far = replace(poses, expression=poses.expression * 100)
    assert projection(far).abs().max() <= CODE_LIMIT


def test_directions_that_training_never_moved_have_no_code() -> None:
    rig = default_head_rig()
    still = rest_pose(rig, 10)
    projection = fit_code_projection(rig, still, 4)
    assert (projection.components == 0).all()
    assert (projection(talking_poses(rig, 5)) == 0).all()


def test_more_codes_than_frames_are_padded() -> None:
    rig = default_head_rig()
    projection = fit_code_projection(rig, talking_poses(rig, 5), 24)
    assert projection.components.shape[1] == 24
    assert (projection.components[:, 5:] == 0).all()
