import torch
from tests.avatars.moving_bodies import waving_poses

from incarnate.avatars.pose_condition import ConditionModel, make_pose_condition
from incarnate.avatars.pose_signature import SIGNATURE_SIZE, pose_signatures
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import position_maps_of_rig
from incarnate.rigs.skinning import apply_affine, blend_transforms, world_from_rest_joints

TIMES = (0.0, 0.1, 0.2)


def test_distances_are_root_mean_squares_of_the_surface_in_metres() -> None:
    rig = default_body_rig()
    condition = make_pose_condition(position_maps_of_rig(rig, 64), ConditionModel(SIGNATURE_SIZE))
    poses = waving_poses(rig, 3)
    poses.root_rotation.zero_()
    signatures = pose_signatures(condition, rig, poses, TIMES)
    affine = blend_transforms(condition.weights, world_from_rest_joints(rig, poses))
    points = apply_affine(affine, condition.rest_points)
    plain = (points[0] - points[2]).square().sum(-1).mean().sqrt()
    measured = (signatures[0] - signatures[2]).norm()
    torch.testing.assert_close(measured, plain, rtol=1e-4, atol=0)


def test_root_motion_is_left_out() -> None:
    rig = default_body_rig()
    condition = make_pose_condition(position_maps_of_rig(rig, 64), ConditionModel(SIGNATURE_SIZE))
    poses = waving_poses(rig, 3)
    there = pose_signatures(condition, rig, poses, TIMES)
    poses.root_translation[:, 0] += 1.0
    torch.testing.assert_close(pose_signatures(condition, rig, poses, TIMES), there)
