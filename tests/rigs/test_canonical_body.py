"""The canonical body: the space around it follows its skeleton."""

import torch
from tests.rigs.capsules import capsule_body, capsule_poses

from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.canonical_body import canonical_body
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.skinning import apply_affine, blend_transforms, pose_rig, world_from_rest_joints


def test_the_surface_goes_where_the_rig_puts_it() -> None:
    body = capsule_body()
    for joints in capsule_poses():
        expected = apply_affine(
            blend_transforms(body.rig.skinning_weights, joints), body.rig.vertices
        )
        # Each limb follows one joint, and the layer around it too; the solver leaves thousandths.
        posed = body.posed(joints).pose(body.vertices)
        torch.testing.assert_close(posed, expected, rtol=0, atol=1e-3)


def test_a_rig_is_brought_to_its_canonical_pose() -> None:
    rig = default_body_rig()
    body = canonical_body(rig, num_voxels=20**3, margin=0.1)
    pose = canonical_pose(rig)
    torch.testing.assert_close(body.vertices, pose_rig(rig, pose).vertices)
    joints = world_from_rest_joints(rig, pose)
    torch.testing.assert_close(body.canonical_from_rest, joints)
    still = body.posed(joints).pose(body.vertices)
    torch.testing.assert_close(still, body.vertices, rtol=0, atol=1e-5)
