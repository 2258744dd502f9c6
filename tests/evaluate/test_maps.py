"""Normals and albedo against the truth: zero for a true avatar, the turn for a turned one."""

import math
from dataclasses import replace

import pytest
import torch
from tests.evaluate.ball import Ball, ball_poses

from incarnate.capture.capture import Capture
from incarnate.evaluate.maps import SurfaceComparison, compare_surfaces, eroded
from incarnate.evaluate.metrics import degrees_between
from incarnate.evaluate.scores import Pair
from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose
from incarnate.splats.splats import Splats

FRAME = 2


def compare(ball: Ball, capture: Capture) -> SurfaceComparison:
    return compare_surfaces(ball, capture, FRAME, ball_poses(ball)[FRAME])


def test_a_true_avatar_has_true_surfaces(ball: Ball, ball_capture: Capture) -> None:
    found = compare(ball, ball_capture)
    assert found.inside.sum() > 100
    # The true maps are stored with 8 bits: half a step of 2/255 on each axis is 0.4° at most.
    assert found.normal_degrees == pytest.approx(0, abs=0.4)
    # 8-bit rounding alone gives 20 log10(255 √12) = 58.9 dB.
    assert found.psnr_albedo == pytest.approx(58.9, abs=2)


@pytest.mark.parametrize("degrees", [5.0, 20.0])
def test_turned_normals_are_off_by_the_turn(
    ball: Ball, ball_capture: Capture, degrees: float
) -> None:
    angle = math.radians(degrees)
    found = compare(replace(ball, normal_turn=angle), ball_capture)
    assert found.normals is not None
    truth = found.normals[1]
    turn = matrix_from_axis_angle(torch.tensor([0.0, 0.0, angle]))
    expected = degrees_between(truth @ turn.T, truth)[found.inside > 0].mean().item()
    assert expected > 0.3 * degrees
    # Sums of normals turn like normals; what is left is the truth's 8 bits, as above.
    assert found.normal_degrees == pytest.approx(expected, abs=0.4)


def test_albedo_is_judged_up_to_a_factor_a_channel(ball: Ball, ball_capture: Capture) -> None:
    found = compare(ball, ball_capture)
    assert found.albedo is not None
    tint = torch.tensor([0.6, 1.1, 0.9])
    tinted = replace(found, albedo=replace(found.albedo, image=found.albedo.image * tint))
    # The factor comes out again, but for float32 rounding.
    assert tinted.psnr_albedo == pytest.approx(found.psnr_albedo, abs=1e-2)


def test_frames_without_truth_have_no_comparison(ball: Ball, ball_capture: Capture) -> None:
    found = compare_surfaces(ball, ball_capture, 3, ball_poses(ball)[3])
    assert found.normals is None
    assert found.albedo is None
    assert found.degrees is None
    assert found.normal_degrees is None
    assert found.psnr_albedo is None


def test_an_uncovered_pixel_is_a_right_angle_off() -> None:
    truth = torch.zeros(4, 4, 3)
    truth[..., 2] = 1
    ours = truth.clone()
    ours[:, :2] = 0
    found = SurfaceComparison(torch.ones(4, 4), (ours, truth), None)
    assert found.normal_degrees == pytest.approx(45)


def test_nothing_inside_gives_no_angle() -> None:
    normals = torch.ones(4, 4, 3)
    assert SurfaceComparison(torch.zeros(4, 4), (normals, normals), None).normal_degrees is None


def test_normals_that_look_away_count_as_turned_to_the_camera(
    ball: Ball, ball_capture: Capture
) -> None:
    class InsideOut(Ball):
        """Its normals point inward."""

        def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
            splats = super().splat(pose, camera, light)
            sign = torch.tensor([1.0, 1, 1, -1, -1, -1])
            return replace(splats, features=splats.features * sign)

    flipped = compare(InsideOut(ball.rig), ball_capture).normal_degrees
    assert flipped == pytest.approx(compare(ball, ball_capture).normal_degrees or 0, abs=1e-3)


def test_erosion_takes_what_is_near_a_pixel_that_is_not_covered() -> None:
    matte = torch.ones(9, 9)
    matte[4, 4] = 0.5
    inside = eroded(matte, 2)
    expected = torch.ones(9, 9)
    expected[2:7, 2:7] = 0
    torch.testing.assert_close(inside, expected)
    # The picture's edge is not a silhouette: the person goes on behind it.
    assert eroded(torch.ones(5, 5), 2).sum() == 25


def test_albedo_pairs_are_weighted_by_the_inside(ball: Ball, ball_capture: Capture) -> None:
    found = compare(ball, ball_capture)
    assert isinstance(found.albedo, Pair)
    assert torch.equal(found.albedo.matte, found.inside)
