"""ARKit's channels on a rig: what moves, which way, and by how much."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.drive.faces import recording_of

from incarnate.drive.retargeting import clip_from_arkit, jaw_opening, limited_mouth_close
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS, default_head_rig
from incarnate.rigs.rig import Pose, rest_pose
from incarnate.rigs.skinning import pose_rig

RIG = default_head_rig()


def pose_of(**channels: float) -> Pose:
    return clip_from_arkit(recording_of(1, **channels), RIG).poses[0]


def turn_of(pose: Pose, joint: str) -> torch.Tensor:
    return pose.joint_rotations[RIG.joint_index(joint) - 1]


def test_a_face_at_rest_is_the_rest_pose() -> None:
    pose, rest = pose_of(), rest_pose(RIG)
    assert not pose.joint_rotations.any()
    assert not pose.root_rotation.any()
    torch.testing.assert_close(pose.expression, rest.expression)


@pytest.mark.parametrize("name", ["eyeBlinkLeft", "mouthSmileRight", "tongueOut"])
def test_expressions_go_by_name(name: str) -> None:
    pose = pose_of(**{name: 0.7})
    assert pose.expression[RIG.expression_names.index(name)] == pytest.approx(0.7)
    assert pose.expression.sum() == pytest.approx(0.7)


def test_the_jaw_is_a_joint_and_moves_the_chin_down() -> None:
    pose = pose_of(jawOpen=1.0)
    expected = torch.tensor([JAW_OPEN_RADIANS, 0, 0])
    torch.testing.assert_close(turn_of(pose, "jaw"), expected)
    opening = jaw_opening(pose, RIG)
    assert opening is not None
    assert float(opening) == pytest.approx(1.0)
    moved = pose_rig(RIG, pose).vertices - RIG.vertices
    # A jaw of some 10 cm turned by 23.5° lowers the chin by centimetres.
    assert -0.06 < moved[:, 1].min() < -0.02


def test_lips_close_no_further_than_the_jaw() -> None:
    close = RIG.expression_names.index("mouthClose")
    assert pose_of(mouthClose=0.5).expression[close] == 0
    assert pose_of(mouthClose=0.5, jawOpen=0.3).expression[close] == pytest.approx(0.3)
    assert pose_of(mouthClose=0.2, jawOpen=0.3).expression[close] == pytest.approx(0.2)
    alone = replace(pose_of(), expression=torch.ones(RIG.num_expressions))
    assert limited_mouth_close(alone, RIG, torch.tensor(0.4)).expression[close] == pytest.approx(
        0.4
    )


def test_gaze_to_the_persons_left_turns_both_eyes_to_plus_x() -> None:
    pose = pose_of(eyeLookOutLeft=1.0, eyeLookInRight=1.0)
    for side, way in (("left", "Out"), ("right", "In")):
        turn = turn_of(pose, f"{side}_eye_smplhf")
        torch.testing.assert_close(turn, torch.tensor([0, EYE_LOOK_RADIANS[way], 0]))
        assert (matrix_from_axis_angle(turn) @ torch.tensor([0.0, 0, 1]))[0] > 0.2


def test_gaze_down_and_up() -> None:
    down = pose_of(eyeLookDownLeft=1.0, eyeLookDownRight=1.0)
    up = pose_of(eyeLookUpLeft=1.0)
    assert turn_of(down, "right_eye_smplhf")[0] == pytest.approx(EYE_LOOK_RADIANS["Down"])
    assert turn_of(up, "left_eye_smplhf")[0] == pytest.approx(-EYE_LOOK_RADIANS["Up"])
    assert turn_of(up, "right_eye_smplhf")[0] == 0


def test_eye_angles_serve_where_the_gaze_channels_are_zero() -> None:
    pose = pose_of(leftEyeYaw=0.2, leftEyePitch=0.1)
    torch.testing.assert_close(turn_of(pose, "left_eye_smplhf"), torch.tensor([0.1, 0.2, 0]))
    pose = pose_of(leftEyeYaw=0.2, eyeLookUpLeft=0.5)
    assert turn_of(pose, "left_eye_smplhf")[1] == 0


def test_neck_and_head_share_a_turn_exactly() -> None:
    pose = pose_of(headYaw=0.5, headPitch=0.2, headRoll=-0.1)
    neck = matrix_from_axis_angle(turn_of(pose, "neck"))
    head = matrix_from_axis_angle(turn_of(pose, "head"))
    y, x, z = (
        matrix_from_axis_angle(torch.tensor(v))
        for v in ([0, 0.5, 0.0], [0.2, 0, 0.0], [0, 0, -0.1])
    )
    torch.testing.assert_close(neck @ head, y @ x @ z, atol=1e-6, rtol=0)
    assert turn_of(pose, "neck").norm() < turn_of(pose, "head").norm()


def test_yaw_goes_to_the_persons_left_pitch_down_roll_to_the_right_shoulder() -> None:
    nose = torch.tensor([0.0, 0, 1])
    left_ear = torch.tensor([1.0, 0, 0])
    assert (matrix_from_axis_angle(turn_of(pose_of(headYaw=0.5), "head")) @ nose)[0] > 0.1
    assert (matrix_from_axis_angle(turn_of(pose_of(headPitch=0.5), "head")) @ nose)[1] < -0.1
    assert (matrix_from_axis_angle(turn_of(pose_of(headRoll=0.5), "head")) @ left_ear)[1] > 0.1


def test_a_rig_without_a_neck_turns_its_root() -> None:
    names = ("root", *(f"bone{index}" for index in range(1, RIG.num_joints)))
    recording = recording_of(headYaw=0.4, jawOpen=0.5, eyeLookUpLeft=0.5)
    pose = clip_from_arkit(recording, replace(RIG, joint_names=names)).poses[0]
    torch.testing.assert_close(pose.root_rotation, torch.tensor([0, 0.4, 0]))
    assert not pose.joint_rotations.any()
    assert jaw_opening(pose, replace(RIG, joint_names=names)) is None


def test_a_clip_has_the_rate_of_the_recording() -> None:
    clip = clip_from_arkit(recording_of(12, 30.0, jawOpen=np.linspace(0, 1, 12)), RIG)
    assert clip.fps == 30.0
    assert len(clip) == 12
    opening = jaw_opening(clip.poses, RIG)
    assert opening is not None
    torch.testing.assert_close(opening, torch.linspace(0, 1, 12))
