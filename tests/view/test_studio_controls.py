"""Sliders at zero leave a pose as it is; each moves what its name says, and nothing else."""

import math
from dataclasses import replace

import pytest
import torch
from tests.avatars.people import talking_poses

from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.embedded import JAW_OPEN_RADIANS, default_body_rig, default_head_rig
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig
from incarnate.view.studio_controls import controls_of, posed, resting


@pytest.fixture(scope="module")
def rig() -> Rig:
    return default_head_rig()


@pytest.fixture(scope="module")
def pose(rig: Rig) -> Pose:
    return talking_poses(rig, 8)[3]


def test_every_expression_of_the_rig_has_a_slider_of_its_name(rig: Rig) -> None:
    labels = {each.label for each in controls_of(rig)}
    assert labels >= set(rig.expression_names)
    assert {"blink", "smile", "jaw", "gaze left", "head turn"} <= labels
    names = [each.name for each in controls_of(rig)]
    assert len(set(names)) == len(names)


def test_a_body_has_its_limbs_in_groups() -> None:
    groups = {each.group for each in controls_of(default_body_rig())}
    assert groups >= {"head", "spine", "left arm", "right arm", "left leg", "right leg"}


def test_sliders_at_zero_change_nothing(rig: Rig, pose: Pose) -> None:
    zeros = {each.name: 0.0 for each in controls_of(rig)}
    assert posed(pose, controls_of(rig), zeros) is pose


def test_an_expression_is_added_and_does_not_fall_below_its_rest(rig: Rig, pose: Pose) -> None:
    controls, index = controls_of(rig), rig.expression_names.index("mouthSmileLeft")
    before = float(pose.expression[index])
    more = posed(pose, controls, {"mouth/mouthSmileLeft": 0.25})
    assert float(more.expression[index]) == pytest.approx(before + 0.25)
    assert float(posed(pose, controls, {"face/smile": -1.0}).expression[index]) == 0.0
    others = [i for i in range(rig.num_expressions) if i != index]
    torch.testing.assert_close(more.expression[others], pose.expression[others])


def test_a_numbered_component_goes_both_ways(rig: Rig, pose: Pose) -> None:
    names = tuple(f"expression_{i:03d}" for i in range(rig.num_expressions))
    numbered = replace(rig, expression_names=names)
    base = replace(pose, expression=torch.zeros_like(pose.expression), expression_names=names)
    controls = controls_of(numbered)
    assert sum(each.group == "expression" for each in controls) == 20
    moved = posed(base, controls, {"expression/expression_002": -2.0})
    assert float(moved.expression[2]) == -2.0


def test_a_joint_turns_in_its_own_axes_after_the_pose(rig: Rig, pose: Pose) -> None:
    head = rig.joint_index("head") - 1
    moved = posed(pose, controls_of(rig), {"head/head turn": 20.0})
    turn = matrix_from_axis_angle(torch.tensor([0.0, math.radians(20.0), 0.0]))
    expected = matrix_from_axis_angle(pose.joint_rotations[head]) @ turn
    actual = matrix_from_axis_angle(moved.joint_rotations[head])
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)  # single precision
    others = [i for i in range(rig.num_joints - 1) if i != head]
    torch.testing.assert_close(moved.joint_rotations[others], pose.joint_rotations[others])


def test_the_jaw_opens_as_far_as_arkit_opens_it(rig: Rig, pose: Pose) -> None:
    moved = posed(resting(pose), controls_of(rig), {"face/jaw": 1.0})
    assert float(moved.joint_rotations[rig.joint_index("jaw") - 1, 0]) == pytest.approx(
        JAW_OPEN_RADIANS
    )


def test_gaze_goes_where_its_name_says(rig: Rig, pose: Pose) -> None:
    base = resting(pose)
    base = replace(base, root_rotation=torch.zeros(3))
    eye = rig.parts == rig.part_names.index("left_eye")
    rest = pose_rig(rig, base).vertices[eye]
    front = rest[:, 2].argmax()
    for name, axis, sign in (("gaze left", 0, 1.0), ("gaze down", 1, -1.0)):
        moved = posed(base, controls_of(rig), {f"face/{name}": 20.0})
        shift = (pose_rig(rig, moved).vertices[eye] - rest)[front, axis]
        assert sign * float(shift) > 1e-3  # an eye's radius is 12 mm, and sin 20° is a third


def test_a_slider_moves_only_within_its_range(rig: Rig) -> None:
    for each in controls_of(rig):
        assert each.low <= 0 <= each.high
        assert each.step > 0


def test_resting_keeps_the_person_where_they_are(pose: Pose) -> None:
    rest = resting(pose)
    assert torch.equal(rest.root_translation, pose.root_translation)
    assert not rest.joint_rotations.any()
    assert not rest.expression.any()
