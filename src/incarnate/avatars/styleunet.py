"""StyleUNet: one encoder of the posed maps, and a style-modulated decoder each for front and back.

Wang et al., "StyleAvatar" (SIGGRAPH 2023), on the layers of StyleGAN2; as the backbone of Gaussian
maps: Li et al., "Animatable Gaussians" (CVPR 2024). Here most of the work is done where maps are
coarse, and one convolution a level is left where they are fine: a CPU's time goes by pixels.
"""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.equalized import (
    EqualizedConv,
    EqualizedLinear,
    ModulatedConv,
    activate,
    upsampled,
)
from incarnate.avatars.map_network import MapNetwork, NetworkModel, ViewHead, stacked_sides


@final
class StyleUNet(MapNetwork):
    """Condition → features at all resolutions and a style → maps, summed from coarse to fine."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        self.model = model
        self.encoder = Encoder(model)
        bottom = model.width(model.bottom_size)
        self.style = nn.ModuleList(
            [EqualizedLinear(bottom, model.style_width),
             EqualizedLinear(model.style_width, model.style_width)]
        )  # fmt: skip
        self.front, self.back = Decoder(model), Decoder(model)
        width = model.width(model.map_size)
        self.colors = ViewHead(width, model.view_channels) if model.view_channels else None

    @property
    def view_head(self) -> ViewHead | None:
        """What adds the view's part to colours."""
        return self.colors

    def features(
        self, condition: Float[Tensor, "2 condition_channels height width"]
    ) -> tuple[Float[Tensor, "2 channels size size"], Float[Tensor, "2 depth size size"]]:
        """View-independent maps and the decoders' last features."""
        levels = self.encoder(stacked_sides(condition))
        style = levels[0].mean((0, 2, 3))
        for layer in self.style:
            style = activate(layer(style))
        sides = [decoder(levels, style) for decoder in (self.front, self.back)]
        return torch.cat([side[0] for side in sides]), torch.cat([side[1] for side in sides])


@final
class Encoder(nn.Module):
    """Features of the condition at its own resolution and all coarser ones."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        sizes = [size for size in model.resolutions if size <= model.condition_size]
        widths = [model.width(size) for size in sizes]
        self.first = EqualizedConv(2 * model.condition_channels, widths[-1])
        self.down = nn.ModuleList(
            EqualizedConv(fine, coarse, stride=2)
            for coarse, fine in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.bottom = EqualizedConv(widths[0], widths[0])

    def forward(
        self, picture: Float[Tensor, "1 both_channels height width"]
    ) -> list[Float[Tensor, "1 _ _ _"]]:
        """Features, coarsest first."""
        levels = [activate(self.first(picture))]
        for layer in self.down:
            levels.append(activate(layer(levels[-1])))
        levels[-1] = activate(self.bottom(levels[-1]))
        return levels[::-1]


@final
class Decoder(nn.Module):
    """From the coarsest features to the maps of one side."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        sizes = model.resolutions
        self.levels = nn.ModuleList(
            DecoderLevel(model, size, previous)
            for size, previous in zip(sizes, (None, *sizes), strict=False)
        )

    def forward(
        self, levels: list[Float[Tensor, "1 _ _ _"]], style: Float[Tensor, "style_width"]
    ) -> tuple[Float[Tensor, "1 channels size size"], Float[Tensor, "1 width size size"]]:
        """The maps and the features they were read from."""
        hidden, painted = levels[0], None
        for index, level in enumerate(self.levels):
            skip = levels[index] if index < len(levels) else None
            hidden, at_level = level(hidden, skip, style)
            painted = at_level if painted is None else upsampled(painted) + at_level
        assert painted is not None
        return painted, hidden


@final
class DecoderLevel(nn.Module):
    """Doubles the resolution, takes in what the encoder saw there, and paints a share of the maps.

    Above the condition's resolution the encoder has nothing to tell neighbours apart; a learned
    constant does.
    """

    def __init__(self, model: NetworkModel, size: int, previous: int | None) -> None:
        super().__init__()
        width, style_width = model.width(size), model.style_width
        self.grow = (
            None if previous is None else ModulatedConv(model.width(previous), width, style_width)
        )
        self.skip, self.constant = None, None
        if size <= model.condition_size:
            self.skip = EqualizedConv(width, width, kernel=1)
        else:
            self.constant = nn.Parameter(torch.zeros(1, width, size, size))
        self.refine = ModulatedConv(width, width, style_width)
        self.paint = EqualizedConv(width, model.channels, kernel=1, start="zero")

    def forward(
        self,
        hidden: Float[Tensor, "1 coarse_width _ _"],
        skip: Float[Tensor, "1 width size size"] | None,
        style: Float[Tensor, "style_width"],
    ) -> tuple[Float[Tensor, "1 width size size"], Float[Tensor, "1 channels size size"]]:
        """Features of this level, and its share of the maps."""
        if self.grow is not None:
            # Convolved before it grows: a quarter of the work.
            hidden = upsampled(activate(self.grow(hidden, style)))
        if self.skip is not None:
            assert skip is not None
            hidden = hidden + self.skip(skip)
        if self.constant is not None:
            hidden = hidden + self.constant
        hidden = activate(self.refine(hidden, style))
        return hidden, self.paint(hidden)
