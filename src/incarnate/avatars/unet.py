"""A plain U-Net for comparison with StyleUNet: no style, one decoder for front and back.

Ronneberger et al., "U-Net" (2015): convolutions with group normalisation, and the encoder's
features joined on as further channels; maps are read off at the end, at once.
"""

from math import gcd
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.equalized import EqualizedConv, upsampled
from incarnate.avatars.map_network import MapNetwork, NetworkModel, ViewHead, stacked_sides

# One decoder so much wider than two costs as much as both: the square root of two.
_WIDER = 1.4


@final
class UNet(MapNetwork):
    """Down to the coarsest resolution and up again, both sides in one picture."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        self.model = model
        widths = {size: 8 * round(_WIDER * model.width(size) / 8) for size in model.resolutions}
        sizes = [size for size in model.resolutions if size <= model.condition_size]
        self.first = ConvBlock(2 * model.condition_channels, widths[sizes[-1]])
        self.down = nn.ModuleList(
            ConvBlock(widths[2 * size], widths[size], stride=2) for size in sizes[-2::-1]
        )
        self.up = nn.ModuleList()
        for size in model.resolutions[1:]:
            joined = widths[size] if size in sizes else 0
            self.up.append(UpBlock(widths[size // 2], joined, widths[size]))
        # Half of the last features belong to each side.
        side = widths[model.map_size] // 2
        self.paint = EqualizedConv(side, model.channels, kernel=1, start="zero")
        self.colors = ViewHead(side, model.view_channels) if model.view_channels else None

    @property
    def view_head(self) -> ViewHead | None:
        """What adds the view's part to colours."""
        return self.colors

    def features(
        self, condition: Float[Tensor, "2 condition_channels height width"]
    ) -> tuple[Float[Tensor, "2 channels size size"], Float[Tensor, "2 depth size size"]]:
        """View-independent maps, and the last features."""
        levels = [self.first(stacked_sides(condition))]
        for block in self.down:
            levels.append(block(levels[-1]))
        hidden = levels.pop()
        for block in self.up:
            hidden = block(hidden, levels.pop() if levels else None)
        sides = hidden[0].unflatten(0, (2, -1)).contiguous(memory_format=torch.channels_last)
        return self.paint(sides), sides


@final
class ConvBlock(nn.Module):
    """A convolution, group normalisation and a rectifier."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.norm = nn.GroupNorm(gcd(outputs, 8), outputs)

    def forward(
        self, values: Float[Tensor, "1 inputs height width"]
    ) -> Float[Tensor, "1 outputs height2 width2"]:
        """Features."""
        return nn.functional.relu(self.norm(self.conv(values)))


@final
class UpBlock(nn.Module):
    """Doubles the resolution and joins what the encoder saw there."""

    def __init__(self, inputs: int, joined: int, outputs: int) -> None:
        super().__init__()
        self.grow = ConvBlock(inputs, outputs)
        self.merge = ConvBlock(outputs + joined, outputs)

    def forward(
        self,
        hidden: Float[Tensor, "1 inputs coarse coarse"],
        joined: Float[Tensor, "1 joined size size"] | None,
    ) -> Float[Tensor, "1 outputs size size"]:
        """Features at twice the resolution."""
        grown = upsampled(self.grow(hidden))
        return self.merge(grown if joined is None else torch.cat([grown, joined], 1))
