"""Baking a body's clips: the frames' own coefficients, and as many directions as they need."""

import torch
from tests.view.packages import body_stage, lively_body

from incarnate.rigs.moments import moments
from incarnate.view.package_baking import baked_body


def test_frames_are_painted_as_the_decoder_paints_them() -> None:
    avatar = lively_body()
    stage = body_stage(avatar)
    body, shown = baked_body(avatar, stage, 8)
    for index, pose in enumerate(moments(stage.poses[4:], stage.fps)):
        exact = avatar.splat(pose, stage.camera)
        baked = body.splat(shown.poses[4 + index], stage.camera)
        # What is left out of the changes' energy, 0.05 percent of some centimetres.
        torch.testing.assert_close(baked.means, exact.means, atol=2e-3, rtol=0)
        torch.testing.assert_close(baked["albedo"], exact["albedo"], atol=3e-2, rtol=0)


def test_no_more_directions_are_kept_than_the_clips_need() -> None:
    avatar = lively_body()
    stage = body_stage(avatar)
    whole, _ = baked_body(avatar, stage)
    few, shown = baked_body(avatar, stage, 2)
    assert few.changes.basis.shape[-1] == 2
    assert shown.poses.expression.shape == (8, 2)
    # The decoder has eight components, of which the last move hardly anything.
    assert 2 < whole.changes.basis.shape[-1] <= 8
    assert torch.equal(few.changes.start, whole.changes.start)


def test_the_rest_pose_has_no_coefficients() -> None:
    avatar = lively_body()
    stage = body_stage(avatar)
    body, _ = baked_body(avatar, stage)
    from incarnate.rigs.rig import rest_pose

    exact = avatar.splat(rest_pose(avatar.rig), stage.camera)
    baked = body.splat(rest_pose(body.rig), stage.camera)
    torch.testing.assert_close(baked.means, exact.means, atol=1e-5, rtol=0)
