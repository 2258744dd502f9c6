from dataclasses import replace
from typing import Literal

import pytest
import torch
from tests.avatars.tiny_networks import TINY, awake, condition_for

from incarnate.avatars.map_network import MapNetwork, num_weights
from incarnate.avatars.networks import NETWORK_SIZES, make_network

Kind = Literal["styleunet", "unet", "mlp"]
kinds = pytest.mark.parametrize("kind", ["styleunet", "unet", "mlp"])


def tiny(kind: Kind) -> MapNetwork:
    return make_network(replace(TINY, kind=kind), 7)


@kinds
def test_maps_start_at_zero_in_the_shape_asked_for(kind: Kind) -> None:
    for view in (None, torch.tensor([0.0, 0.6, -0.8])):
        maps = tiny(kind)(condition_for(TINY), view)
        assert maps.shape == (2, 5, 16, 16)
        assert not bool(maps.any())


@kinds
def test_a_seed_decides_all_and_disturbs_nothing(kind: Kind) -> None:
    state = torch.get_rng_state()
    first, second = tiny(kind), tiny(kind)
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
    other_seed = make_network(first.model, 8)
    assert not torch.equal(next(first.parameters()), next(other_seed.parameters()))


@kinds
def test_only_colors_depend_on_the_view(kind: Kind) -> None:
    network = tiny(kind)
    awake(network)
    condition = condition_for(TINY)
    front, side = torch.tensor([0.0, 0.0, -1.0]), torch.tensor([1.0, 0.0, 0.0])
    seen, other = network(condition, front), network(condition, side)
    assert bool((seen - other)[:, :3].any())
    assert torch.equal(seen[:, 3:], other[:, 3:])
    assert torch.equal(network.maps(network.features(condition), side), other)
    assert make_network(replace(network.model, view_channels=0), 7).view_head is None


@kinds
def test_gradients_agree_with_finite_differences(kind: Kind) -> None:
    network = tiny(kind).double()
    awake(network)
    condition = condition_for(TINY).double()
    view = torch.tensor([0.0, 0.6, -0.8]).double()
    target = torch.randn(2, 5, 16, 16).double()

    def loss() -> torch.Tensor:
        return (network(condition, view) - target).square().mean()

    loss().backward()
    step = 1e-6
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        direction = torch.randn_like(parameter)
        slope = float((parameter.grad * direction).sum())
        with torch.no_grad():
            parameter.add_(step * direction)
            above = float(loss())
            parameter.sub_(2 * step * direction)
            below = float(loss())
            parameter.add_(step * direction)
        # Kinks of the rectifier within a step of 1e-6, and cancellation of 1e-16 / 1e-6.
        assert (above - below) / (2 * step) == pytest.approx(slope, rel=1e-3, abs=1e-6), name


@kinds
def test_it_learns_two_poses_apart(kind: Kind) -> None:
    network = tiny(kind)
    conditions = [condition_for(TINY) for _ in range(2)]
    targets = [torch.randn(2, 5, 1, 1).expand(2, 5, 16, 16) for _ in range(2)]
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    loss = torch.tensor(0.0)
    for _ in range(60):
        optimizer.zero_grad()
        pairs = zip(conditions, targets, strict=True)
        loss = torch.stack([(network(c) - t).square().mean() for c, t in pairs]).sum()
        loss.backward()
        optimizer.step()
    # From 2, the variance of the targets, twice; the slowest kind comes to 0.4.
    assert float(loss.detach()) < 0.6


@pytest.mark.parametrize("size", NETWORK_SIZES)
def test_all_sizes_can_be_built(size: str) -> None:
    model = NETWORK_SIZES[size]
    with torch.device("meta"):
        network = make_network(model, 0)
        maps = network(condition_for(model), torch.zeros(3))
    assert maps.shape == (2, model.channels, model.map_size, model.map_size)


def test_kinds_of_one_size_have_weights_of_one_order() -> None:
    for size in ("smoke", "quick", "standard"):
        with torch.device("meta"):
            counts = [
                num_weights(make_network(replace(NETWORK_SIZES[size], kind=kind), 0))
                for kind in ("styleunet", "unet", "mlp")
            ]
        assert max(counts) < 2 * min(counts)
    with torch.device("meta"):
        # The paper states 75 million for one of its three networks.
        assert 60e6 < num_weights(make_network(NETWORK_SIZES["paper"], 0)) < 90e6
