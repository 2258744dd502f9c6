"""An avatar that follows a live driver."""

from dataclasses import replace

import pytest
import torch
from tests.drive.faces import assert_same_motion, talking

from incarnate.drive.calibration import median_pose, neutral_of
from incarnate.drive.live_follow import Follower, FollowSettings, stacked
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_body_rig, default_head_rig
from incarnate.rigs.rig import rest_pose

UNFILTERED = FollowSettings(cutoff=None)


def test_single_poses_become_a_batch_again() -> None:
    poses = talking(default_head_rig(), 7)
    assert_same_motion(stacked([poses[index] for index in range(7)]), poses)


def test_a_driver_at_rest_leaves_the_avatar_at_rest() -> None:
    rig = default_head_rig()
    stage, driver = talking(rig, 20, seed=1), talking(rig, 9, seed=2)
    follower = Follower(rig, stage, driver, UNFILTERED)
    actual = follower(median_pose(driver), 0.0)
    assert_same_motion(actual.as_batch(), neutral_of(stage, rig).as_batch())


def test_what_the_driver_does_beyond_rest_is_added() -> None:
    rig = default_head_rig()
    still = rest_pose(rig, 3)
    smile = rig.expression_names.index("mouthSmileLeft")
    still.expression[:, smile] = 0.25
    follower = Follower(rig, rest_pose(rig, 4), still, UNFILTERED)
    active = still[0]
    active.expression[smile] = 0.75
    assert float(follower(active, 0.0).expression[smile]) == pytest.approx(0.5, abs=1e-6)


def test_uncalibrated_motion_is_only_moved() -> None:
    rig = default_head_rig()
    stage, driver = talking(rig, 20, seed=1), talking(rig, 9, seed=2)
    settings = FollowSettings(is_calibrated=False, cutoff=None)
    actual = Follower(rig, stage, driver, settings)(driver[4], 0.0)
    middle = stage.root_translation.median(0).values - driver.root_translation.median(0).values
    expected = replace(driver[4], root_translation=driver[4].root_translation + middle)
    assert_same_motion(actual.as_batch(), expected.as_batch())


def test_a_body_keeps_its_pose_and_comes_to_where_it_stood() -> None:
    rig = default_body_rig()
    stage, driver = talking(rig, 5, seed=1), talking(rig, 5, seed=2)
    actual = Follower(rig, stage, driver, UNFILTERED)(median_pose(driver), 0.0)
    torch.testing.assert_close(actual.joint_rotations, median_pose(driver).joint_rotations)
    torch.testing.assert_close(actual.root_translation, stage.root_translation.median(0).values)


def test_the_filter_calms_a_tremble_and_keeps_a_step() -> None:
    rig = default_head_rig()
    still = rest_pose(rig, 1)
    follower = Follower(rig, rest_pose(rig, 2), still, FollowSettings(cutoff=2.0))
    smile = rig.expression_names.index("mouthSmileLeft")
    shown: list[float] = []
    for index in range(120):
        pose = still[0]
        pose = replace(pose, expression=pose.expression.clone())
        pose.expression[smile] = 0.5 * (index >= 60) + 0.02 * (index % 2)
        shown.append(float(follower(pose, index / 30).expression[smile]))
    tremble = torch.tensor(shown[20:60]).diff().abs().mean()
    # Raw, it is 0.02 from frame to frame.
    assert float(tremble) < 0.01
    # Half of a step is passed within two frames, nearly all within half a second.
    assert shown[62] > 0.25
    assert shown[75] == pytest.approx(0.51, abs=0.03)


@pytest.mark.parametrize("cutoff", [0.0, -1.0, float("nan"), float("inf")])
def test_a_cut_off_is_positive(cutoff: float) -> None:
    rig = default_head_rig()
    with pytest.raises(DriveError, match="give a cut-off above zero"):
        Follower(rig, rest_pose(rig, 2), rest_pose(rig, 2), FollowSettings(cutoff=cutoff))
