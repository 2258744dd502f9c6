"""Retargeting laws: bones point as the file's do, whatever rest poses, axes, units and names."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from tests.drive.skeletal import lively
from tests.rigs.bodies import cmu_body, posed_joints, stick_rig, turned_rig

from incarnate.drive.body_retargeting import retargeted
from incarnate.drive.skeletons import SkeletonMotion
from incarnate.errors import DriveError
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.canonical import limbs_pose
from incarnate.rigs.embedded import default_body_rig, default_head_rig
from incarnate.rigs.joint_names import smplx_names
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig, world_from_rest_joints

_LIMBS = [
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("hip", "knee"),
        ("knee", "ankle"),
    )
]
# Directions of float32 joints 0.1 m to 0.4 m apart, through chains of ten.
_CLOSE = 1e-4


def motion_of(rig: Rig, poses: Pose) -> SkeletonMotion:
    """What a file would hold that was written from poses of a rig."""
    world = world_from_rest_joints(rig, poses).double()
    places = torch.stack(list(posed_joints(rig, poses).values()), 1).double()
    return SkeletonMotion(
        rig.joint_names, rig.joints.double(), world[..., :3, :3], places, fps=30.0
    )


def t_posed(rig: Rig) -> Rig:
    """The same skeleton with the T-pose as its rest."""
    return replace(
        rig,
        joints=torch.stack(list(posed_joints(rig, limbs_pose(rig, leg_spread=0.0)).values())),
    )


def directions(rig: Rig, poses: Pose) -> torch.Tensor:
    places = posed_joints(replace(rig, joint_names=smplx_names(rig.joint_names)), poses)
    bones = torch.stack([places[end] - places[start] for start, end in _LIMBS], -2)
    return torch.nn.functional.normalize(bones, dim=-1)


@pytest.mark.parametrize("make", [cmu_body, default_body_rig])
def test_a_rigs_own_motion_comes_back(make: Callable[[], Rig]) -> None:
    rig = make()
    poses = lively(rig, 3)
    clip = retargeted(motion_of(rig, poses), rig)
    torch.testing.assert_close(
        pose_rig(rig, clip.poses).vertices, pose_rig(rig, poses).vertices, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("rest", ["A", "T"])
def test_limbs_point_as_the_drivers_do(rest: str) -> None:
    source = cmu_body() if rest == "A" else t_posed(cmu_body())
    poses = lively(source, 6)
    rig = default_body_rig()
    clip = retargeted(motion_of(source, poses), rig)
    torch.testing.assert_close(
        directions(rig, clip.poses), directions(source, poses), atol=_CLOSE, rtol=0
    )


def test_the_drivers_rest_puts_a_rig_into_the_drivers_rest() -> None:
    source, rig = t_posed(default_body_rig()), default_body_rig()
    clip = retargeted(motion_of(source, rest_pose(source, 1)), rig)
    wanted = posed_joints(rig, limbs_pose(rig, leg_spread=0.0))
    arms = posed_joints(rig, clip.poses[0])
    for name in ("left_wrist", "right_elbow", "left_middle3", "right_thumb2"):
        # From the pelvis, which straight legs lift; arms and hands are alike.
        torch.testing.assert_close(
            arms[name] - arms["pelvis"], wanted[name] - wanted["pelvis"], atol=1e-4, rtol=0
        )


def test_the_trunk_turns_as_the_drivers_does() -> None:
    source, rig = cmu_body(), default_body_rig()
    poses = lively(source, 4)
    clip = retargeted(motion_of(source, poses), rig)
    theirs, ours = world_from_rest_joints(source, poses), world_from_rest_joints(rig, clip.poses)
    for name, other in (("pelvis", "Hips"), ("spine3", "Spine1"), ("head", "Head")):
        torch.testing.assert_close(
            ours[:, rig.joint_index(name), :3, :3],
            theirs[:, source.joint_index(other), :3, :3],
            atol=1e-5,
            rtol=0,
        )


def test_other_axes_and_units_make_no_difference() -> None:
    source, rig = cmu_body(), default_body_rig()
    poses = lively(source, 4)
    z_up = torch.tensor([[0.0, 0, 1.0], [1.0, 0, 0], [0, 1.0, 0]])
    plain, axes = motion_of(source, poses), z_up.double()
    other = SkeletonMotion(
        plain.names,
        100 * plain.rest_joints @ axes.T,
        axes @ plain.turns @ axes.T,
        100 * plain.positions @ axes.T,
        fps=30.0,
    )
    expected, clip = retargeted(plain, rig).poses, retargeted(other, rig).poses
    torch.testing.assert_close(
        pose_rig(rig, clip).vertices, pose_rig(rig, expected).vertices, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("degrees", [30.0, -70.0, 135.0, 180.0])
def test_a_driver_may_rest_looking_aside(degrees: float) -> None:
    source, rig = cmu_body(), default_body_rig()
    poses = lively(source, 3)
    aside = matrix_from_axis_angle(torch.tensor([0.0, math.radians(degrees), 0.0]))
    plain, turn = motion_of(source, poses), aside.double()
    other = SkeletonMotion(
        plain.names,
        plain.rest_joints @ turn.T,
        turn @ plain.turns @ turn.T,
        plain.positions @ turn.T,
        fps=30.0,
    )
    expected, clip = retargeted(plain, rig).poses, retargeted(other, rig).poses
    # The made body is exactly symmetric, float32.
    torch.testing.assert_close(
        pose_rig(rig, clip).vertices, pose_rig(rig, expected).vertices, atol=1e-5, rtol=0
    )


def test_a_rig_in_other_axes_moves_alike() -> None:
    source, rig = default_body_rig(), cmu_body()
    z_up = torch.tensor([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    motion = motion_of(source, lively(source, 3))
    plain = pose_rig(rig, retargeted(motion, rig).poses).vertices
    other = turned_rig(rig, z_up)
    turned = pose_rig(other, retargeted(motion, other).poses).vertices
    torch.testing.assert_close(turned, plain @ z_up.T, atol=1e-5, rtol=0)


def test_the_way_is_scaled_by_the_legs_and_feet_stay_on_the_ground() -> None:
    rig = default_body_rig()
    source = replace(rig, joints=2 * rig.joints)
    poses = replace(rest_pose(source, 3), root_translation=torch.eye(3))
    clip = retargeted(motion_of(source, poses), rig)
    torch.testing.assert_close(clip.poses.root_translation, 0.5 * torch.eye(3), atol=1e-5, rtol=0)
    # A file whose root has no offset: the ground is still where its height is zero.
    plain = motion_of(rig, rest_pose(rig, 1))
    bare = replace(plain, rest_joints=plain.rest_joints - plain.rest_joints[0])
    shift = retargeted(bare, rig).poses.root_translation
    torch.testing.assert_close(shift[:, 1], torch.zeros(1), atol=1e-6, rtol=0)


def test_missing_joints_of_the_spine_share_the_turn() -> None:
    rig = default_body_rig()
    names = ["hips", "chest", "leftHip", "rightHip", "leftCollar", "rightCollar"]
    source = stick_rig(
        "short", names, [-1, 0, 0, 0, 1, 1],
        [(0, 1, 0), (0, 1.3, 0), (0.1, 1, 0), (-0.1, 1, 0), (0.1, 1.4, 0), (-0.1, 1.4, 0)],
    )  # fmt: skip
    bend = rest_pose(source, 1)
    bend.joint_rotations[0, 0, 0] = 0.9
    world = world_from_rest_joints(rig, retargeted(motion_of(source, bend), rig).poses)[0]
    for name, angle in (("pelvis", 0.0), ("spine1", 0.3), ("spine2", 0.6), ("spine3", 0.9)):
        turn = matrix_from_axis_angle(torch.tensor([angle, 0, 0]))
        torch.testing.assert_close(world[rig.joint_index(name), :3, :3], turn, atol=1e-5, rtol=0)


def test_a_head_takes_what_it_has() -> None:
    source, rig = default_body_rig(), default_head_rig()
    clip = retargeted(motion_of(source, lively(source, 2)), rig)
    assert clip.poses.joint_rotations.shape == (2, rig.num_joints - 1, 3)
    assert clip.poses.joint_rotations[:, rig.joint_index("head") - 1].abs().max() > 0.1


def test_what_can_not_be_a_body_is_refused() -> None:
    rig = default_body_rig()
    tail = stick_rig("tail", ["tail1", "tail2"], [-1, 0], [(0, 0, 0), (0, 1, 0)])
    with pytest.raises(DriveError, match=r"none of the motion's joints \(tail1, tail2\)"):
        retargeted(motion_of(tail, rest_pose(tail, 1)), rig)
    source = cmu_body()
    joints = source.joints.clone()
    joints[source.joint_index("LeftFoot"), 1] = 2.0
    folded = replace(source, joints=joints)
    with pytest.raises(DriveError, match=r"its legs do not point down. Write .* with a T-pose"):
        retargeted(motion_of(folded, rest_pose(folded, 1)), rig)
