from dataclasses import replace

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY, ring_of_cameras, small_body, waving_poses
from torch import Tensor

from incarnate.avatars.avatar import render
from incarnate.avatars.body_skinning import LearnedSkinning

CAMERA = next(iter(ring_of_cameras(1).values()))


def surface_weights() -> Tensor:
    """Splats that follow one, two, or all of five joints; two weights tie."""
    return torch.tensor(
        [[1.0, 0, 0, 0, 0], [0.3, 0.7, 0, 0, 0], [0.1, 0.2, 0.2, 0.2, 0.3]], dtype=torch.float64
    )


@torch.no_grad()
def test_before_training_they_are_the_surfaces_own() -> None:
    weights = surface_weights()
    assert torch.equal(LearnedSkinning(weights, 3)(), weights)
    poses = waving_poses(small_body().rig, 3)
    with_rigs = small_body(replace(SMALL_BODY, influences=0))
    assert with_rigs.skinning is None
    assert torch.equal(render(small_body(), poses[1], CAMERA), render(with_rigs, poses[1], CAMERA))


@torch.no_grad()
def test_they_sum_to_one_and_stay_weights() -> None:
    skinning = LearnedSkinning(surface_weights(), 4)
    skinning.changes.normal_(0, 5, generator=torch.Generator().manual_seed(0))
    now = skinning()
    # Sums of a few numbers of double precision.
    torch.testing.assert_close(now.sum(1), torch.ones_like(now[:, 0]), rtol=0, atol=1e-12)
    # The floor of the logarithms is what a joint can owe.
    assert now.min() >= -1e-3


@torch.no_grad()
def test_a_joint_without_weight_can_take_a_splat() -> None:
    skinning = LearnedSkinning(surface_weights(), 3)
    skinning.changes[0, 2] = 20.0
    # But for the floor: a thousandth each of three joints.
    torch.testing.assert_close(skinning()[0], torch.eye(5).double()[2], rtol=0, atol=3e-3)


def test_drawing_keeps_the_weights_until_they_change() -> None:
    skinning = LearnedSkinning(surface_weights(), 3)
    with torch.no_grad():
        kept = skinning()
        assert skinning() is kept
        skinning.changes.add_(torch.eye(3))
        assert not torch.equal(skinning(), kept)
    # Training works them out anew, with a graph of its own each time.
    for _ in range(2):
        skinning.changes.grad = None
        skinning()[1, 1].backward()
        assert skinning.changes.grad is not None


def test_gradients_are_those_of_finite_differences() -> None:
    skinning = LearnedSkinning(surface_weights(), 3)
    joints = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def blend(changes: Tensor) -> Tensor:
        weights = torch.func.functional_call(skinning, {"changes": changes}, ())
        return weights @ joints

    start = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.autograd.gradcheck(blend, start.requires_grad_())


@pytest.mark.parametrize("influences", [3, 9])
def test_no_more_joints_than_there_are(influences: int) -> None:
    skinning = LearnedSkinning(surface_weights(), influences)
    assert skinning.changes.shape == (3, min(influences, 5))


def test_what_moves_with_another_joint_is_learned() -> None:
    body = small_body(replace(SMALL_BODY, dependence="static"))
    poses, skinning = waving_poses(body.rig, 3), body.skinning
    assert skinning is not None

    def means() -> Tensor:
        return torch.stack([body.posed(poses[index], None).means for index in range(3)])

    with torch.no_grad():
        start = means()
        skinning.changes.normal_(0, 0.7, generator=torch.Generator().manual_seed(3))
        wanted = means()
        skinning.changes.zero_()
    optimizer = torch.optim.Adam([skinning.changes], 0.1)
    for _ in range(30):
        optimizer.zero_grad()
        (means() - wanted).square().sum().backward()
        optimizer.step()
    assert (means() - wanted).norm() < 0.2 * (start - wanted).norm()
