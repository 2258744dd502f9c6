"""MobileNetV3 has the published sizes, and a row of a batch knows nothing of the others."""

import pytest
import torch
from torch import nn

from incarnate.avatars.mobilenet import (
    Backbone,
    FrozenNorm,
    MobileNet,
    NetworkStyle,
    SameConv,
    divisible_by_8,
)

# Parameters of timm's networks less their classifiers: 2.54 and 5.48 million in all.
PUBLISHED = {
    "small": 2_542_856 - 576 * 1024 - 1024 - 1024 * 1000 - 1000,
    "large": 5_483_032 - 960 * 1280 - 1280 - 1280 * 1000 - 1000,
}


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_parameters_are_as_many_as_published(backbone: Backbone) -> None:
    network = MobileNet(backbone, NetworkStyle())
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED[backbone]


@pytest.mark.parametrize("padding", ["symmetric", "same"])
@pytest.mark.parametrize("norm", ["group", "frozen"])
def test_a_picture_gives_the_same_features_in_any_batch(norm: str, padding: str) -> None:
    network = MobileNet("small", NetworkStyle(width=0.5, norm=norm, padding=padding))  # pyright: ignore[reportArgumentType]
    images = torch.rand(3, 3, 64, 64)
    trunk = network.train().trunk(images)
    assert trunk.shape == (3, network.trunk_channels, 2, 2)
    features = network.pooled(trunk)
    assert features.shape == (3, network.num_features)
    alone = network.pooled(network.trunk(images[1:2]))
    # float32 sums in another order.
    torch.testing.assert_close(features[1:2], alone, rtol=1e-4, atol=1e-5)


def test_frozen_norm_is_batch_norm_by_stored_statistics() -> None:
    plain = nn.BatchNorm2d(5, eps=1e-3).eval()
    for tensor in (plain.weight.data, plain.bias.data, plain.running_mean, plain.running_var):
        assert tensor is not None
        tensor.uniform_(0.5, 1.5)
    frozen = FrozenNorm(5, 1e-3)
    state = {k: v for k, v in plain.state_dict().items() if k != "num_batches_tracked"}
    frozen.load_state_dict(state)
    values = torch.randn(2, 5, 3, 4)
    torch.testing.assert_close(frozen.train()(values), plain(values))


@pytest.mark.parametrize(("size", "kernel", "near"), [(8, 3, 3), (7, 3, 2), (8, 5, 4)])
def test_same_padding_adds_more_at_the_far_side(size: int, kernel: int, near: int) -> None:
    # TensorFlow pads 0 and 1, 1 and 1, 1 and 2 pixels here; `near` is how many pixels of the
    # picture lie under the first window.
    conv = SameConv(1, 1, kernel, stride=2, bias=False)
    nn.init.ones_(conv.weight)
    result = conv(torch.ones(1, 1, size, size)).detach()[0, 0]
    assert result.shape == (-(-size // 2), -(-size // 2))
    assert float(result[0, 0]) == near**2


@pytest.mark.parametrize(
    ("count", "expected"), [(3.0, 8), (12.0, 16), (88.08, 88), (60.0, 64), (18.0, 24)]
)
def test_channels_are_multiples_of_eight(count: float, expected: int) -> None:
    assert divisible_by_8(count) == expected
