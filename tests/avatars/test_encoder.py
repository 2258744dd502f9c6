"""Codes stay in their ranges, come from their own crop alone, and replace nothing else."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.people import talking_poses

from incarnate.avatars.encoder import (
    EncoderModel,
    ExpressionEncoder,
    code_reach,
    codes_of,
    default_ranges,
    with_codes,
)
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import pose_rig

SMALL = EncoderModel(width=0.35, size=32)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return default_head_rig()


@pytest.fixture
def encoder(rig: Rig) -> ExpressionEncoder:
    return ExpressionEncoder(SMALL, rig)


def test_codes_are_bounded_whatever_the_crop(encoder: ExpressionEncoder, rig: Rig) -> None:
    low, high = default_ranges(rig)
    encoder.head.weight.data *= 30
    codes = encoder(
        torch.rand(4, 32, 32, 3) * torch.tensor([0.0, 1.0, 50.0, -50.0]).view(4, 1, 1, 1)
    )
    assert codes.shape == (4, rig.num_expressions + 3)
    assert (codes >= low).all()
    assert (codes <= high).all()
    assert low.min() < 0 < 1 < high.max()


@pytest.mark.parametrize("norm", ["group", "frozen"])
def test_poses_do_not_depend_on_the_number_of_crops(rig: Rig, norm: str) -> None:
    encoder = ExpressionEncoder(replace(SMALL, norm=norm), rig)
    crops = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    poses = talking_poses(rig, 5)
    together, alone = encoder.pose(poses, crops), encoder.pose(poses[3:4], crops[3:4])
    assert torch.equal(together.expression[3:4], alone.expression)
    assert torch.equal(together.joint_rotations[3:4], alone.joint_rotations)
    # In one batch sums may be in another order, but nothing else differs, in training mode too.
    batch = encoder.train()(crops.float() / 255)
    torch.testing.assert_close(
        batch, codes_of(together, rig), rtol=1e-4, atol=1e-5, check_device=False
    )


def test_only_expression_and_jaw_are_replaced(rig: Rig) -> None:
    poses = talking_poses(rig, 4)
    codes = torch.rand(4, rig.num_expressions + 3)
    changed = with_codes(poses, rig, codes)
    torch.testing.assert_close(codes_of(changed, rig), codes)
    assert torch.equal(changed.root_rotation, poses.root_rotation)
    assert torch.equal(changed.root_translation, poses.root_translation)
    others = [i for i in range(rig.num_joints - 1) if i != rig.joint_index("jaw") - 1]
    assert torch.equal(changed.joint_rotations[:, others], poses.joint_rotations[:, others])
    back = with_codes(changed, rig, codes_of(poses, rig))
    assert torch.equal(back.joint_rotations, poses.joint_rotations)
    assert torch.equal(back.expression, poses.expression)


def test_a_rig_without_jaw_has_expressions_only(rig: Rig) -> None:
    names = tuple(name.replace("jaw", "chin") for name in rig.joint_names)
    jawless = replace(rig, joint_names=names)
    pose = talking_poses(rig, 2)
    codes = codes_of(pose, jawless)
    assert torch.equal(codes, pose.expression)
    assert torch.equal(with_codes(pose, jawless, codes).joint_rotations, pose.joint_rotations)
    assert len(code_reach(jawless)) == len(default_ranges(jawless)[0]) == rig.num_expressions


@pytest.mark.parametrize("name", ["head.weight", "head.bias", "backbone.blocks.5.0.conv.weight"])
def test_gradients_of_the_last_stage_are_right(rig: Rig, name: str) -> None:
    encoder = ExpressionEncoder(SMALL, rig).double()
    trunk = torch.randn(2, encoder.backbone.trunk_channels, 1, 1, dtype=torch.float64)
    weights = torch.randn(2, rig.num_expressions + 3, dtype=torch.float64)
    parameter = encoder.get_parameter(name)

    def loss() -> torch.Tensor:
        return (encoder.codes(trunk) * weights).sum()

    loss().backward()
    gradient = parameter.grad
    assert gradient is not None
    direction = torch.randn_like(parameter)
    step = 1e-5
    with torch.no_grad():
        parameter += step * direction
        above = float(loss())
        parameter -= 2 * step * direction
        below = float(loss())
    expected = float((gradient * direction).sum())
    # Central differences in float64: error of the order of step².
    assert (above - below) / (2 * step) == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_it_starts_at_the_mean_and_ranges_hold_what_tracking_found(rig: Rig) -> None:
    encoder = ExpressionEncoder(SMALL, rig)
    codes = codes_of(talking_poses(rig, 9), rig)
    codes[0, 0], codes[1, 1] = 3.0, -2.0
    encoder.head.weight.data.zero_()
    encoder.center_on(codes)
    found = encoder(torch.rand(1, 32, 32, 3)).detach()[0]
    torch.testing.assert_close(found, codes.mean(0), rtol=1e-4, atol=1e-5)
    assert (encoder.low < codes.amin(0)).all()
    assert (encoder.low + encoder.span > codes.amax(0)).all()


def test_reach_is_how_far_a_code_moves_the_surface(rig: Rig) -> None:
    pose = talking_poses(rig, 3)[0]
    pose = with_codes(pose, rig, 0 * codes_of(pose, rig))
    reach = code_reach(rig)
    start = pose_rig(rig, pose).vertices
    for code in (3, rig.num_expressions):
        change = torch.zeros(rig.num_expressions + 3)
        change[code] = 1e-2
        moved = (pose_rig(rig, with_codes(pose, rig, change)).vertices - start).norm(dim=-1).max()
        # Second order in the angle, and float32 metres.
        assert float(moved) / 1e-2 == pytest.approx(float(reach[code]), rel=0.02)
