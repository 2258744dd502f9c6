from dataclasses import replace

import torch
from tests.avatars.tiny_networks import TINY, awake, condition_for

from incarnate.avatars.unet import ConvBlock, UNet


def test_every_pixel_of_the_condition_reaches_both_sides() -> None:
    network = UNet(TINY)
    awake(network)
    condition = condition_for(TINY).requires_grad_()
    for side in (0, 1):
        (gradient,) = torch.autograd.grad(network(condition)[side].square().sum(), condition)
        assert bool(gradient.abs().amax(1).all())


def test_a_condition_may_be_as_fine_or_as_coarse_as_the_maps_have_levels() -> None:
    for size in (4, 8, 16):
        model = replace(TINY, condition_size=size)
        assert UNet(model)(condition_for(model)).shape == (2, 5, 16, 16)


def test_a_block_is_normalised() -> None:
    block = ConvBlock(4, 8, stride=2)
    values = torch.randn(1, 4, 8, 8)
    assert block(values).shape == (1, 8, 4, 4)
    # 1e-5 beside the variance of about one that normalisation divides by.
    torch.testing.assert_close(block(100 * values), block(values), atol=1e-2, rtol=1e-2)
