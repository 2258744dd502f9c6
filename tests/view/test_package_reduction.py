"""Reducing a head: exact where nothing is left out, close where little is."""

import pytest
import torch
from tests.view.packages import lively_avatar, lively_stage

from incarnate.rigs.rig import rest_pose
from incarnate.view.package_reduction import (
    lit_colors,
    principal_directions,
    reduced_head,
    strongest_joints,
)


def displacement_error(num_coefficients: int) -> float:
    """Largest distance (metres) of splats from where the whole bases put them, in motion."""
    avatar = lively_avatar()
    stage = lively_stage(avatar)
    head = reduced_head(avatar, stage, num_coefficients)
    pairs = [
        (avatar.splat(pose, stage.camera).means, head.splat(pose, stage.camera).means)
        for pose in (stage.poses[2], stage.poses[6])
    ]
    return max(float((a - b).norm(dim=-1).max()) for a, b in pairs)


def test_all_directions_are_exact_and_few_are_close() -> None:
    # Skinning weights beyond the fourth are dropped: a tenth of a millimetre.
    assert displacement_error(200) < 2e-4
    assert displacement_error(16) < 5e-4
    assert displacement_error(2) > 5 * displacement_error(200)


@pytest.mark.parametrize("name", ["eyeBlinkLeft", "mouthSmileRight", "cheekPuff"])
def test_expressions_that_the_motion_never_shows_still_move(name: str) -> None:
    avatar = lively_avatar()
    stage = lively_stage(avatar)
    head = reduced_head(avatar, stage)
    pose = rest_pose(avatar.rig)
    pose.expression[avatar.rig.expression_names.index(name)] = 1.0
    exact = avatar.splat(pose, stage.camera).means
    rest = avatar.splat(rest_pose(avatar.rig), stage.camera).means
    error = (head.splat(pose, stage.camera).means - exact).norm(dim=-1)
    # 0.4 mm of eyelids that travel a centimetre.
    assert error.max() < 0.1 * (exact - rest).norm(dim=-1).max()


def test_colours_at_rest_are_lit_and_bounded() -> None:
    avatar = lively_avatar()
    stage = lively_stage(avatar)
    colors = lit_colors(reduced_head(avatar, stage), stage.camera)
    assert colors.shape == (avatar.num_splats, 3)
    assert torch.isfinite(colors).all()
    assert colors.min() >= 0


def test_the_strongest_joints_share_all_of_the_motion_in_sets_of_four() -> None:
    weights = torch.tensor([[0.5, -0.001, 0.3, 0.2, 0.001], [0.1, 0.1, 0.1, 0.1, 0.6]])
    joints, shares = strongest_joints(weights, 3)
    assert joints[0].tolist() == [0, 2, 3, 0]
    torch.testing.assert_close(shares[0], torch.tensor([0.5, 0.3, 0.2, 0.0]))
    assert joints[1, 0] == 4
    joints, shares = strongest_joints(weights, 8)
    assert joints.shape == (2, 8)
    assert shares.min() == 0
    torch.testing.assert_close(shares.sum(-1), torch.ones(2))


def test_principal_directions_are_those_in_which_much_moves() -> None:
    generator = torch.Generator().manual_seed(3)
    whole = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    features = torch.randn(200, 5, generator=generator, dtype=torch.float64)
    to_basis, energy = principal_directions(whole.T @ whole, features.T @ features / 200)
    directions = whole @ to_basis
    torch.testing.assert_close(directions.T @ directions, torch.eye(5, dtype=torch.float64))
    # As a plain decomposition of all that moves has them.
    singular = torch.linalg.svdvals(whole @ features.T / 200**0.5)[:5]
    torch.testing.assert_close(energy, singular.square())
