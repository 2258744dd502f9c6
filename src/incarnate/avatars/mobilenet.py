"""MobileNetV3 feature extractors, small and large, whose result never depends on the batch.

Howard et al., "Searching for MobileNetV3" (ICCV 2019). Submodules are called as in timm, so that
published weights fit (`incarnate.avatars.mobilenet_weights`).
"""

from dataclasses import dataclass
from math import gcd
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

Backbone = Literal["small", "large", "small_minimal", "large_minimal"]
Activation = Literal["relu", "hardswish"]
_Row = tuple[int, int, float, int, bool, str]


@dataclass(frozen=True)
class NetworkStyle:
    """What is the same in all layers of one network."""

    width: float = 1.0
    """Factor on all channel counts, which stay multiples of 8."""
    norm: Literal["group", "frozen"] = "group"
    """Group normalisation, or published batch statistics as a fixed affine map."""
    padding: Literal["symmetric", "same"] = "symmetric"
    """``same`` is TensorFlow's, of timm's ``tf_`` weights: strided layers pad the far side."""
    epsilon: float = 1e-5
    """Added to variances; 1e-3 for timm's ``tf_`` weights."""

    def channels(self, count: int) -> int:
        """A channel count at this width."""
        return divisible_by_8(count * self.width)


@dataclass(frozen=True)
class BlockPlan:
    """One inverted residual block."""

    kernel: int
    stride: int
    expansion: float
    channels: int
    squeeze: bool
    activation: Activation


@final
class FrozenNorm(nn.Module):
    """Batch normalisation by stored statistics, always; only scale and shift can be trained."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, epsilon: float) -> None:
        super().__init__()
        self._epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(
        self, values: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """The affine map."""
        scale = self.weight * torch.rsqrt(self.running_var + self._epsilon)
        shift = self.bias - self.running_mean * scale
        return values * scale[:, None, None] + shift[:, None, None]


@final
class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow does: the result has ceil(size / stride) pixels."""

    def forward(self, input: Tensor) -> Tensor:
        """Pad, then convolve."""
        before_after: list[int] = []
        for axis in (1, 0):  # columns come first in torch's order of padding
            size, kernel, stride = input.shape[2 + axis], self.kernel_size[axis], self.stride[axis]
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            before_after += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(input, before_after))


@final
class SqueezeExcite(nn.Module):
    """Weighs channels by what the whole picture shows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = divisible_by_8(channels * 0.25)
        self.conv_reduce = nn.Conv2d(channels, reduced, 1)
        self.conv_expand = nn.Conv2d(reduced, channels, 1)

    def forward(
        self, values: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Values times gates in [0, 1]."""
        hidden = self.conv_reduce(values.mean((2, 3), keepdim=True)).relu()
        return values * nn.functional.hardsigmoid(self.conv_expand(hidden))


@final
class Block(nn.Module):
    """Expand, filter each channel, squeeze and excite, project; the input is added if it fits.

    The first block of each network does not expand; timm then counts its layers differently.
    """

    def __init__(self, inputs: int, plan: BlockPlan, style: NetworkStyle) -> None:
        super().__init__()
        outputs, hidden = style.channels(plan.channels), divisible_by_8(inputs * plan.expansion)
        self._adds = plan.stride == 1 and inputs == outputs
        self._act = activation(plan.activation)
        self._expands = plan.expansion != 1
        if self._expands:
            self.conv_pw = convolution(inputs, hidden, 1, style=style)
            self.bn1 = norm(hidden, style)
            self.conv_pwl = convolution(hidden, outputs, 1, style=style)
        else:
            self.conv_pw = convolution(hidden, outputs, 1, style=style)
            self.bn1 = norm(hidden, style)
        self.conv_dw = convolution(
            hidden, hidden, plan.kernel, stride=plan.stride, groups=hidden, style=style
        )
        self.bn2 = norm(hidden if self._expands else outputs, style)
        if self._expands:
            self.bn3 = norm(outputs, style)
        self.se = SqueezeExcite(hidden) if plan.squeeze else nn.Identity()

    def forward(
        self, values: Float[Tensor, "batch inputs height width"]
    ) -> Float[Tensor, "batch outputs new_height new_width"]:
        """The block's features."""
        if self._expands:
            hidden = self._act(self.bn1(self.conv_pw(values)))
            hidden = self.se(self._act(self.bn2(self.conv_dw(hidden))))
            result = self.bn3(self.conv_pwl(hidden))
        else:
            hidden = self.se(self._act(self.bn1(self.conv_dw(values))))
            result = self.bn2(self.conv_pw(hidden))
        return result + values if self._adds else result


@final
class PointBlock(nn.Module):
    """The last stage: a 1×1 convolution."""

    def __init__(self, inputs: int, outputs: int, act: Activation, style: NetworkStyle) -> None:
        super().__init__()
        self.conv = convolution(inputs, outputs, 1, style=style)
        self.bn1 = norm(outputs, style)
        self._act = activation(act)

    def forward(
        self, values: Float[Tensor, "batch inputs height width"]
    ) -> Float[Tensor, "batch outputs height width"]:
        """The features that are averaged over the picture."""
        return self._act(self.bn1(self.conv(values)))


@final
class MobileNet(nn.Module):
    """The convolutional part of MobileNetV3, in two: a trunk, and the last stage.

    The trunk's features can be kept while only what follows is trained further.
    """

    def __init__(self, backbone: Backbone, style: NetworkStyle) -> None:
        super().__init__()
        minimal = backbone.endswith("_minimal")
        act: Activation = "relu" if minimal else "hardswish"
        inputs = 16 if minimal else style.channels(16)
        self.conv_stem = convolution(3, inputs, 3, stride=2, style=style)
        self.bn1 = norm(inputs, style)
        self._act = activation(act)
        stages: list[nn.Module] = []
        for plans in stage_plans(backbone):
            blocks: list[nn.Module] = []
            for plan in plans:
                blocks.append(Block(inputs, plan, style))
                inputs = style.channels(plan.channels)
            stages.append(nn.Sequential(*blocks))
        self.trunk_channels = inputs
        self.num_features = style.channels(576 if backbone.startswith("small") else 960)
        stages.append(nn.Sequential(PointBlock(inputs, self.num_features, act, style)))
        self.blocks = nn.Sequential(*stages)

    def trunk(
        self, images: Float[Tensor, "batch 3 size size"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Features before the last stage; a 32nd of the picture's size."""
        values = self._act(self.bn1(self.conv_stem(images)))
        return self.blocks[:-1](values)

    def pooled(
        self, trunk: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch features"]:
        """The last stage, averaged over the picture."""
        return self.blocks[-1](trunk).mean((2, 3))


def stage_plans(backbone: Backbone) -> list[list[BlockPlan]]:
    """Tables 1 and 2 of the paper; the minimal networks have 3×3 kernels, ReLU and no squeeze."""
    relu, swish = "relu", "hardswish"
    small: list[list[_Row]] = [
        [(3, 2, 1.0, 16, True, relu)],
        [(3, 2, 4.5, 24, False, relu), (3, 1, 3.67, 24, False, relu)],
        [(5, 2, 4.0, 40, True, swish), *[(5, 1, 6.0, 40, True, swish)] * 2],
        [(5, 1, 3.0, 48, True, swish)] * 2,
        [(5, 2, 6.0, 96, True, swish), *[(5, 1, 6.0, 96, True, swish)] * 2],
    ]
    large: list[list[_Row]] = [
        [(3, 1, 1.0, 16, False, relu)],
        [(3, 2, 4.0, 24, False, relu), (3, 1, 3.0, 24, False, relu)],
        [(5, 2, 3.0, 40, True, relu), *[(5, 1, 3.0, 40, True, relu)] * 2],
        [
            (3, 2, 6.0, 80, False, swish),
            (3, 1, 2.5, 80, False, swish),
            *[(3, 1, 2.3, 80, False, swish)] * 2,
        ],
        [(3, 1, 6.0, 112, True, swish)] * 2,
        [(5, 2, 6.0, 160, True, swish), *[(5, 1, 6.0, 160, True, swish)] * 2],
    ]
    rows = small if backbone.startswith("small") else large
    if not backbone.endswith("_minimal"):
        return [[_plan(row) for row in stage] for stage in rows]
    return [[_plan((3, *row[1:4], False, relu)) for row in stage] for stage in rows]


def _plan(row: _Row) -> BlockPlan:
    act: Activation = "relu" if row[5] == "relu" else "hardswish"
    return BlockPlan(*row[:4], squeeze=row[4], activation=act)


def divisible_by_8(count: float) -> int:
    """The nearest multiple of 8, at least 8, that is not under nine tenths of the count."""
    rounded = max(8, int(count + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * count else rounded


def convolution(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, style: NetworkStyle
) -> nn.Conv2d:
    """A convolution without bias that keeps the size but for its stride."""
    if style.padding == "same":
        return SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False)
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


def norm(channels: int, style: NetworkStyle) -> nn.Module:
    """The normalisation of a layer, in groups of eight channels."""
    if style.norm == "frozen":
        return FrozenNorm(channels, style.epsilon)
    return nn.GroupNorm(channels // gcd(channels, 8), channels, eps=style.epsilon)


def activation(name: Activation) -> nn.Module:
    """The pointwise map of a layer."""
    return nn.ReLU() if name == "relu" else nn.Hardswish()
