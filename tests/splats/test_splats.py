"""The record of splats: channels by name, subsets, other features."""

import pytest
import torch
from tests.splats.scenes import PARAMETERS, random_splats

from incarnate.splats.splats import columns_of


def test_a_channel_is_found_by_its_name() -> None:
    splats = random_splats(5, 4).with_features(
        torch.arange(20.0).reshape(5, 4), ("rgb", "rgb", "rgb", "roughness")
    )
    assert torch.equal(splats["rgb"], splats.features[:, :3])
    assert torch.equal(splats["roughness"], splats.features[:, 3:])


def test_an_unknown_channel_is_answered_with_those_that_exist() -> None:
    with pytest.raises(KeyError, match=r"no channel 'albedo'; these exist: rgb, roughness"):
        columns_of(("rgb", "rgb", "rgb", "roughness"), "albedo")


def test_taken_splats_come_in_the_order_of_their_indices() -> None:
    splats = random_splats(6)
    indices = torch.tensor([4, 0, 4])
    taken = splats.take(indices)
    assert len(taken) == 3
    for name in PARAMETERS:
        assert torch.equal(getattr(taken, name), getattr(splats, name)[indices])


def test_channels_need_one_name_a_column() -> None:
    with pytest.raises(AssertionError):
        random_splats(2, 3).with_features(torch.zeros(2, 2), ("rgb", "rgb", "rgb"))
