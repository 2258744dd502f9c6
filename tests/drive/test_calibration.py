"""Laws of neutral calibration."""

from dataclasses import replace

import pytest
import torch
from tests.drive.faces import assert_same_motion, talking

from incarnate.drive.calibration import (
    Neutrals,
    calibrated,
    calm_frames,
    centred,
    check_same_rig,
    median_pose,
    neutral_of,
    soft_limited,
)
from incarnate.errors import DriveError
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, rest_pose

RIG = default_head_rig()


def with_offset(poses: Pose) -> Pose:
    """Someone else who makes the same faces: smiling at rest, head held otherwise, elsewhere."""
    offset = 0.1 * torch.rand(RIG.num_expressions)
    offset[RIG.expression_names.index("mouthClose")] = 0
    turn = matrix_from_axis_angle(torch.tensor([0.1, -0.3, 0.05]))
    return replace(
        poses,
        root_rotation=axis_angle_from_matrix(turn @ matrix_from_axis_angle(poses.root_rotation)),
        root_translation=poses.root_translation + torch.tensor([0.2, -0.1, 1.0]),
        joint_rotations=axis_angle_from_matrix(
            turn @ matrix_from_axis_angle(poses.joint_rotations)
        ),
        expression=poses.expression + offset,
    )


def test_a_driver_that_drives_itself_gives_itself() -> None:
    own = talking(RIG)
    neutral = neutral_of(own, RIG)
    assert_same_motion(calibrated(own, own, RIG, Neutrals(neutral, neutral)), own)


def test_it_does_so_too_where_expressions_leave_their_range() -> None:
    own = talking(RIG)
    own = replace(own, expression=1.4 * own.expression - 0.1)
    neutral = neutral_of(own, RIG)
    assert_same_motion(calibrated(own, own, RIG, Neutrals(neutral, neutral)), own)


def test_equal_neutrals_pass_motion_one_to_one() -> None:
    driver, own = talking(RIG, seed=1), talking(RIG, seed=2)
    shared = rest_pose(RIG)
    assert_same_motion(calibrated(driver, own, RIG, Neutrals(shared, shared)), driver)


def test_an_offset_in_the_drivers_neutral_cancels() -> None:
    driver, own = talking(RIG, seed=1), talking(RIG, seed=2)
    other, avatar = with_offset(driver), neutral_of(own, RIG)
    # One frame is the neutral: the median of several turned rotations is no turned median.
    expected = calibrated(driver, own, RIG, Neutrals(driver[3], avatar))
    assert_same_motion(calibrated(other, own, RIG, Neutrals(other[3], avatar)), expected)


def test_the_neutral_driver_makes_the_neutral_avatar() -> None:
    driver, own = talking(RIG, seed=1), talking(RIG, seed=2)
    at_rest, avatar = neutral_of(driver, RIG), neutral_of(own, RIG)
    assert_same_motion(calibrated(at_rest, own, RIG, Neutrals(at_rest, avatar)), avatar)


def test_a_nod_stays_a_nod_when_the_driver_faces_aside() -> None:
    own = rest_pose(RIG, 4)
    aside = matrix_from_axis_angle(torch.tensor([0.0, 0.6, 0.0]))
    nods = matrix_from_axis_angle(torch.tensor([[0.0, 0, 0], [0.2, 0, 0]]))
    driver = replace(rest_pose(RIG, 2), root_rotation=axis_angle_from_matrix(aside @ nods))
    driven = calibrated(driver, own, RIG, Neutrals(driver[0], own[0]))
    expected = torch.tensor([[0.0, 0, 0], [0.2, 0, 0]])
    # Rounding of a float32 rotation.
    torch.testing.assert_close(driven.root_rotation, expected, atol=1e-6, rtol=0)


def test_translation_is_scaled_by_the_size_of_the_heads() -> None:
    driver, own = talking(RIG, seed=1), talking(RIG, seed=2)
    neutrals = Neutrals(driver[0], own[0])
    driven = calibrated(driver, own, RIG, neutrals, scale=0.5).root_translation
    torch.testing.assert_close(
        driven - driven[0], 0.5 * (driver.root_translation - driver.root_translation[0])
    )


def test_calm_frames_are_found_under_any_offset() -> None:
    driver = talking(RIG, 80)
    calm = calm_frames(driver, RIG)
    assert len(calm) == 8
    assert calm.max() < 20
    assert calm_frames(with_offset(driver), RIG).max() < 20
    assert len(calm_frames(driver[:3], RIG)) == 3


def test_a_rest_neutral_survives_one_bad_frame() -> None:
    driver = talking(RIG, 80)
    expression = driver.expression.clone()
    expression[2] = -5.0
    neutral = neutral_of(replace(driver, expression=expression), RIG)
    face = torch.tensor([not name.startswith("eyeLook") for name in RIG.expression_names])
    assert neutral.expression[face].abs().max() == 0


def test_gaze_is_no_expression() -> None:
    own = rest_pose(RIG, 30)
    look = RIG.expression_names.index("eyeLookDownLeft")
    smile = RIG.expression_names.index("mouthSmileLeft")
    own.expression[:, look] = 0.6
    own.expression[:10, look] = 0.0
    own.expression[:20, smile] = 0.3
    assert calm_frames(own, RIG).min() >= 20
    own.expression[20:23, look] = 0.1
    # Where the person mostly looks, as their eyes do; not where they look in the calmest frames.
    assert neutral_of(own, RIG).expression[look] == pytest.approx(0.6)


def test_soft_limits_keep_the_range_and_end_smoothly() -> None:
    values = torch.linspace(-3, 4, 701, dtype=torch.float64)[:, None]
    low, high = values.new_zeros(1), values.new_ones(1)
    limited = soft_limited(values, low=low, high=high)
    inside = (values >= 0) & (values <= 1)
    torch.testing.assert_close(limited[inside], values[inside], atol=0, rtol=0)
    assert limited.min() >= -0.15
    assert limited.max() <= 1.15
    steps = limited.diff(dim=0) / 0.01
    # Never falls, and no step is much steeper or flatter than its neighbour: no corner.
    assert steps.min() >= 0
    assert steps.diff(dim=0).abs().max() < 0.06


def test_lips_close_no_further_than_the_jaw_is_open() -> None:
    own = rest_pose(RIG, 4)
    driver = rest_pose(RIG, 2)
    close = RIG.expression_names.index("mouthClose")
    driver.expression[1, close] = 0.8
    driven = calibrated(driver, own, RIG, Neutrals(driver[0], own[0]))
    assert driven.expression[1, close] == 0


def test_without_calibration_motion_is_only_centred() -> None:
    own = talking(RIG)
    far = replace(own, root_translation=own.root_translation + torch.tensor([0.3, 1.0, -2.0]))
    placed = centred(far, own)
    # The shift of a metre or two is taken out again in float32.
    torch.testing.assert_close(placed.root_translation, own.root_translation, atol=1e-6, rtol=0)
    assert placed.expression is far.expression
    assert placed.joint_rotations is far.joint_rotations


def test_the_median_pose_forgets_an_outlier() -> None:
    poses = rest_pose(RIG, 5)
    poses.root_rotation[1] = 3.0
    assert_same_motion(median_pose(poses), rest_pose(RIG))


def test_a_driver_on_another_rig_is_refused() -> None:
    check_same_rig(talking(RIG), RIG)
    other = replace(talking(RIG), expression_names=("frown",))
    with pytest.raises(DriveError, match="Track the driver with the rig that the avatar"):
        check_same_rig(other, RIG)
