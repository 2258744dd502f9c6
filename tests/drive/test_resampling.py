"""Resampling: what lies at a frame stays, turns go at a constant speed, and rates are checked."""

import math
from dataclasses import replace

import pytest
import torch
from tests.drive.skeletal import lively
from tests.rigs.bodies import cmu_body

from incarnate.drive.clips import Clip
from incarnate.drive.resampling import resampled, slerp
from incarnate.errors import DriveError
from incarnate.geometry.rotations import matrix_from_axis_angle, quaternion_from_axis_angle
from incarnate.rigs.rig import rest_pose


def test_frames_stay_at_a_multiple_of_the_rate() -> None:
    clip = Clip(lively(cmu_body(), 5), 30.0)
    double = resampled(clip, 60.0)
    assert len(double) == 9
    assert double.fps == 60
    kept = double.poses[torch.arange(0, 9, 2)]
    for part in ("root_rotation", "joint_rotations"):
        # Float32 quaternions of turns up to π.
        torch.testing.assert_close(
            matrix_from_axis_angle(getattr(kept, part)),
            matrix_from_axis_angle(getattr(clip.poses, part)),
            atol=2e-6,
            rtol=0,
        )
    torch.testing.assert_close(kept.root_translation, clip.poses.root_translation)
    back = resampled(double, 30.0)
    torch.testing.assert_close(back.poses.root_translation, clip.poses.root_translation)


def test_a_turn_goes_at_a_constant_speed_by_the_shorter_way() -> None:
    rest = rest_pose(cmu_body(), 2)
    turn = torch.tensor([[0.0, 3.0, 0.0], [0.0, -3.0, 0.0]])
    clip = resampled(Clip(replace(rest, root_rotation=turn), 1.0), 4.0)
    step = (2 * math.pi - 6) / 4
    expected = torch.tensor([[0.0, 3 + step * index, 0.0] for index in range(5)])
    torch.testing.assert_close(
        matrix_from_axis_angle(clip.poses.root_rotation),
        matrix_from_axis_angle(expected),
        atol=2e-6,
        rtol=0,
    )


def test_slerp_ends_at_its_ends() -> None:
    first = quaternion_from_axis_angle(torch.randn(9, 3, dtype=torch.float64))
    second = -quaternion_from_axis_angle(torch.randn(9, 3, dtype=torch.float64))
    for share, end in ((0.0, first), (1.0, second)):
        there = slerp(first, second, torch.full((9, 1), share, dtype=torch.float64))
        # Equal up to the sign, which is no rotation.
        torch.testing.assert_close((there * end).sum(-1).abs(), torch.ones(9).double())


def test_a_single_frame_stays_single() -> None:
    assert len(resampled(Clip(rest_pose(cmu_body(), 1), 30.0), 24.0)) == 1


@pytest.mark.parametrize("fps", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_rate_is_refused(fps: float) -> None:
    with pytest.raises(DriveError, match="give one above zero, such as 30"):
        resampled(Clip(rest_pose(cmu_body(), 2), 30.0), fps)


def test_too_many_frames_are_refused() -> None:
    with pytest.raises(DriveError, match="the limit is 1000000: choose a lower rate"):
        resampled(Clip(rest_pose(cmu_body(), 2), 1.0), 2e6)


def test_no_frame_is_mixed_of_two_motions() -> None:
    still = rest_pose(cmu_body(), 5)
    apart = replace(still, root_translation=torch.arange(5.0)[:, None].expand(5, 3).floor() // 3)
    clip = resampled(Clip(apart, 20.0, ("here",) * 3 + ("there",) * 2), 50.0)
    # Two frames of a tenth of a second, and one of a twentieth.
    assert clip.names == ("here",) * 6 + ("there",) * 3
    assert clip.poses.root_translation[:, 0].tolist() == [0] * 6 + [1] * 3
