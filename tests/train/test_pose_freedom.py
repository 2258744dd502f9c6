"""Corrections reach the numbers that they name, and nothing else."""

import torch
from tests.avatars.people import talking_poses

from incarnate.rigs.embedded import default_head_rig
from incarnate.train.pose_freedom import head_freedom

RIG = default_head_rig()


def test_no_correction_leaves_a_pose_as_it_is() -> None:
    freedom, poses = head_freedom(RIG), talking_poses(RIG, 5)
    still = freedom.moved(poses, torch.zeros(5, len(freedom)))
    assert torch.equal(still.joint_rotations, poses.joint_rotations)
    assert torch.equal(still.root_translation, poses.root_translation)


def test_a_correction_turns_root_neck_head_and_opens_the_jaw() -> None:
    freedom, pose = head_freedom(RIG), talking_poses(RIG, 5)[2]
    change = torch.arange(1.0, len(freedom) + 1)
    moved = freedom.moved(pose, change)
    turned = moved.joint_rotations - pose.joint_rotations
    # Added to angles of up to 0.3 rad: a sum of floats is exact to 1e-6 here.
    close = {"rtol": 0, "atol": 1e-5}
    assert torch.allclose(moved.root_rotation - pose.root_rotation, change[:3], **close)
    assert torch.allclose(moved.root_translation - pose.root_translation, change[3:6], **close)
    assert torch.allclose(turned[RIG.joint_index("neck") - 1], change[6:9], **close)
    assert torch.allclose(turned[RIG.joint_index("head") - 1], change[9:12], **close)
    assert torch.allclose(turned[RIG.joint_index("jaw") - 1, 0], change[12], **close)
    assert int((turned != 0).sum()) == 7
    assert torch.equal(moved.expression, pose.expression)
