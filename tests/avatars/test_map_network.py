import pytest
import torch
from tests.avatars.tiny_networks import TINY

from incarnate.avatars.map_network import NetworkModel, ViewHead, num_weights, stacked_sides


def test_widths_double_towards_the_coarse_end_up_to_a_limit() -> None:
    model = NetworkModel(map_size=64, condition_size=32, base_channels=8, max_channels=20)
    assert model.resolutions == (8, 16, 32, 64)
    assert [model.width(size) for size in model.resolutions] == [20, 20, 16, 8]


def test_sides_are_stacked_front_first() -> None:
    condition = torch.randn(2, 3, 4, 4)
    picture = stacked_sides(condition)
    assert torch.equal(picture[0, :3], condition[0])
    assert torch.equal(picture[0, 3:], condition[1])


def test_a_view_head_starts_silent_and_follows_the_direction() -> None:
    head, features = ViewHead(4, 3), torch.randn(2, 4, 8, 8)
    one, other = torch.eye(3)[:2]
    assert not bool(head(features, one).any())
    with torch.no_grad():
        head.out.weight.normal_()
    assert not torch.equal(head(features, one), head(features, other))
    assert num_weights(head) == sum(p.numel() for p in head.parameters())


def test_sizes_that_do_not_double_are_refused() -> None:
    with pytest.raises(AssertionError, match="power of two"):
        NetworkModel(map_size=100)
    with pytest.raises(AssertionError, match="one of the sizes"):
        NetworkModel(map_size=128, condition_size=48)
    with pytest.raises(AssertionError, match="view_channels"):
        NetworkModel(view_channels=20)


def test_the_tiny_model_is_one_of_the_allowed() -> None:
    assert TINY.resolutions == (4, 8, 16)
