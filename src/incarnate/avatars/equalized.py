"""Layers with an equalised learning rate, and convolutions that a style vector modulates.

Weights are stored with unit variance and scaled where they are used, so that an optimizer with a
step for each weight changes all layers alike (Karras et al., "Progressive Growing of GANs", 2018).
Modulation scales a convolution's input channels and normalises its output channels by what that
does to their variance (Karras et al., "Analyzing and Improving ... StyleGAN", 2020, §2.2).
"""

from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

_SLOPE = 0.2
# Keeps the variance of a unit normal: 2 / (1 + slope²), square root.
_GAIN = (2 / (1 + _SLOPE**2)) ** 0.5

Start = Literal["normal", "zero"]


def activate(values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Leaky rectifier; layers scale their weights so that it keeps the variance."""
    return nn.functional.leaky_relu(values, _SLOPE)


@final
class EqualizedLinear(nn.Module):
    """A linear layer with an equalised learning rate."""

    def __init__(
        self, inputs: int, outputs: int, *, bias: float = 0.0, start: Start = "normal"
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(_start(start, outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self._scale = _GAIN / inputs**0.5

    def forward(self, values: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """Weights times values plus bias."""
        return nn.functional.linear(values, self.weight * self._scale, self.bias)


@final
class EqualizedConv(nn.Module):
    """A convolution with an equalised learning rate; keeps the size, or halves it."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        start: Start = "normal",
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(_start(start, outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self._scale = _GAIN / (inputs * kernel**2) ** 0.5
        self._stride, self._padding = stride, kernel // 2

    def forward(
        self, values: Float[Tensor, "batch inputs height width"]
    ) -> Float[Tensor, "batch outputs height2 width2"]:
        """The convolution."""
        weight = self.weight * self._scale
        return nn.functional.conv2d(
            values, weight, self.bias, stride=self._stride, padding=self._padding
        )


@final
class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by a style, and its outputs to unit variance.

    All pictures of a batch share one style, so that the weights, not the pictures, are scaled:
    there are far fewer of them.
    """

    def __init__(self, inputs: int, outputs: int, style_width: int, *, kernel: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(_start("normal", outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = EqualizedLinear(style_width, inputs, bias=1.0)
        self._padding = kernel // 2

    def forward(
        self,
        values: Float[Tensor, "batch inputs height width"],
        style: Float[Tensor, "style_width"],
    ) -> Float[Tensor, "batch outputs height width"]:
        """The convolution under a style."""
        factor = self.affine(style)
        power = self.weight.square().sum((2, 3)) @ factor.square()
        factors = _GAIN * torch.rsqrt(power + 1e-8)[:, None] * factor
        weight = self.weight * factors[..., None, None]
        return nn.functional.conv2d(values, weight, self.bias, padding=self._padding)


def upsampled(
    values: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height2 width2"]:
    """Twice the size, bilinear."""
    return nn.functional.interpolate(values, scale_factor=2, mode="bilinear")


def _start(start: Start, *shape: int) -> Tensor:
    return torch.randn(shape) if start == "normal" else torch.zeros(shape)
