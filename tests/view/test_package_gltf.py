"""The part of a package that any glTF viewer reads."""

import numpy as np
import pytest
import torch
from tests.view.packages import lively_avatar, lively_stage

from incarnate.rigs.skinning import world_from_rest_joints
from incarnate.splats.files.gltf_container import Glb, parse_glb
from incarnate.view.package import package_bytes
from incarnate.view.package_gltf import SPLATTING, read_primitive
from incarnate.view.package_reduction import reduced_head


@pytest.fixture(scope="module")
def glb() -> Glb:
    avatar = lively_avatar(700)
    stage = lively_stage(avatar)
    return parse_glb(package_bytes(reduced_head(avatar, stage), stage, {}))


def test_splats_are_stored_as_the_extension_has_them(glb: Glb) -> None:
    avatar, stored = lively_avatar(700), read_primitive(glb)
    primitive = glb.document["meshes"][0]["primitives"][0]
    assert primitive["mode"] == 0
    assert SPLATTING in primitive["extensions"]
    assert SPLATTING in glb.document["extensionsUsed"]
    np.testing.assert_array_equal(stored["POSITION"], avatar.means.numpy())
    np.testing.assert_allclose(stored["SCALE"], avatar.log_scales.exp().numpy(), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(stored["ROTATION"], axis=1), 1, atol=1e-5)
    assert stored["OPACITY"].min() > 0
    assert stored["OPACITY"].max() < 1


def test_weights_sum_to_one_exactly(glb: Glb) -> None:
    weights = read_primitive(glb)["WEIGHTS_0"].astype(int)
    assert (weights.sum(1) == 65535).all()


def test_the_skeleton_moves_joints_as_the_rig_does(glb: Glb) -> None:
    """World places of the nodes under the glTF animation are those of the posed rig's joints."""
    avatar = lively_avatar(700)
    poses, rig = lively_stage(avatar).poses, avatar.rig
    frame = 3
    expected = world_from_rest_joints(rig, poses[frame])
    nodes, animation = glb.document["nodes"], glb.document["animations"][0]
    world: dict[int, torch.Tensor] = {}
    for joint, parent in enumerate(rig.parents):
        local = torch.eye(4)
        local[:3, 3] = torch.tensor(nodes[1 + joint]["translation"])
        for channel in animation["channels"]:
            if channel["target"]["node"] != 1 + joint:
                continue
            value = glb.accessor(animation["samplers"][channel["sampler"]]["output"])[frame].copy()
            if channel["target"]["path"] == "rotation":
                from incarnate.geometry.rotations import matrix_from_quaternion

                local[:3, :3] = matrix_from_quaternion(torch.from_numpy(value).roll(1))
            else:
                local[:3, 3] = torch.from_numpy(value)
        world[joint] = local if parent < 0 else world[parent] @ local
    inverse = glb.accessor(glb.document["skins"][0]["inverseBindMatrices"])
    for joint in range(rig.num_joints):
        rest = torch.from_numpy(inverse[joint].reshape(4, 4).T.copy())
        # Float32 through a chain of four joints.
        torch.testing.assert_close(world[joint] @ rest, expected[joint], atol=2e-6, rtol=0)
