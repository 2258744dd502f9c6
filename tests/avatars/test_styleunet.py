from dataclasses import replace

import pytest
import torch
from tests.avatars.tiny_networks import TINY, awake, condition_for

from incarnate.avatars.styleunet import StyleUNet


@pytest.mark.parametrize("condition_size", [4, 8, 16])
def test_maps_start_at_zero_in_the_shape_asked_for(condition_size: int) -> None:
    model = replace(TINY, condition_size=condition_size)
    for view in (None, torch.tensor([0.0, 0.6, -0.8])):
        maps = StyleUNet(model)(condition_for(model), view)
        assert maps.shape == (2, 5, 16, 16)
        assert not bool(maps.any())


def test_a_seed_decides_all() -> None:
    results = []
    for _ in range(2):
        torch.manual_seed(4)
        network = StyleUNet(TINY)
        awake(network)
        results.append(network(condition_for(TINY)))
    assert torch.equal(*results)


def test_only_colors_depend_on_the_view() -> None:
    network = StyleUNet(TINY)
    awake(network)
    condition = condition_for(TINY)
    front, side = torch.tensor([0.0, 0.0, -1.0]), torch.tensor([1.0, 0.0, 0.0])
    seen, other = network(condition, front), network(condition, side)
    assert bool((seen - other)[:, :3].any())
    assert torch.equal(seen[:, 3:], other[:, 3:])
    assert torch.equal(network.maps(network.features(condition), side), other)
    assert StyleUNet(replace(TINY, view_channels=0)).view_head is None


def test_front_and_back_have_decoders_of_their_own() -> None:
    network = StyleUNet(TINY)
    awake(network)
    condition = condition_for(TINY)
    before = network(condition)
    with torch.no_grad():
        network.back.levels[0].refine.weight.add_(1)  # pyright: ignore
    after = network(condition)
    assert torch.equal(after[0], before[0])
    assert not torch.equal(after[1], before[1])


def test_both_sides_see_the_whole_condition() -> None:
    network = StyleUNet(TINY)
    awake(network)
    condition = condition_for(TINY).requires_grad_()
    for side in (0, 1):
        (gradient,) = torch.autograd.grad(network(condition)[side].square().sum(), condition)
        assert bool(gradient.flatten(1).any(1).all())
