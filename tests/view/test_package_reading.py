"""Reading a package: what came from the file agrees with what went into it, array by array."""

import torch
from tests.view.packages import lively_avatar, lively_stage

from incarnate.splats.files.gltf_container import parse_glb
from incarnate.view.package import EXTENSION, package_bytes
from incarnate.view.package_head import PackagedHead
from incarnate.view.package_reading import package_from_glb
from incarnate.view.package_reduction import reduced_head


def test_arrays_survive_within_their_stored_precision() -> None:
    avatar = lively_avatar(700)
    stage = lively_stage(avatar)
    head = reduced_head(avatar, stage)
    glb = parse_glb(package_bytes(head, stage, {}))
    back, _ = package_from_glb(glb, glb.document["extensions"][EXTENSION])
    assert isinstance(back, PackagedHead)
    assert back.rig.joint_names == head.rig.joint_names
    assert back.rig.parents == head.rig.parents
    torch.testing.assert_close(back.rig.joints, head.rig.joints)
    torch.testing.assert_close(back.splats.means, head.splats.means)
    # 16-bit shares.
    torch.testing.assert_close(back.weights, head.weights, atol=4e-5, rtol=0)
    # Half floats have eleven bits.
    pairs = (
        (back.surface.albedo, head.surface.albedo),
        (back.deformation.basis, head.deformation.basis),
        (back.light.radiance, head.light.radiance),
    )
    for came, went in pairs:
        torch.testing.assert_close(came, went, rtol=2**-11, atol=1e-6)
    # Signed bytes: half a step of the largest of each code.
    step = head.exposure.basis.abs().amax(0) / 127
    assert ((back.exposure.basis - head.exposure.basis).abs() <= 0.51 * step).all()
