"""What all networks have in common that paint splat attributes into position maps."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.equalized import EqualizedConv, EqualizedLinear, ModulatedConv, activate


@dataclass(frozen=True)
class NetworkModel:
    """Kind and size of a network; its weights depend on it.

    Resolutions double from `bottom_size` to `map_size`, and `condition_size` is one of them.
    """

    kind: Literal["styleunet", "unet", "mlp", "bases"] = "styleunet"
    """``unet`` and ``mlp`` are for comparison; ``bases`` is what minutes of training suffice for
    (`incarnate.avatars.pose_bases`)."""
    map_size: int = 128
    """Pixels along a side of the maps it paints."""
    condition_size: int = 64
    """Pixels along a side of the condition."""
    bottom_size: int = 8
    """Pixels along a side where it is coarsest."""
    condition_channels: int = 3
    """Channels of the condition, front and back each."""
    channels: int = 14
    """Channels it paints, front and back each."""
    view_channels: int = 3
    """The first so many of them, the colours, may change with the direction of view."""
    base_channels: int = 16
    """Width at the resolution of the maps; it doubles with each halving."""
    max_channels: int = 128
    """Where doubling ends."""
    style_width: int = 64
    """Length of the style vector, which says of the whole pose what no pixel sees."""

    def __post_init__(self) -> None:
        sizes = self.resolutions
        assert sizes[-1] == self.map_size, (
            f"maps of {self.map_size} pixels, {self.bottom_size} where they are coarsest: the one "
            "has to be the other times a power of two"
        )
        assert self.condition_size in sizes, f"a condition has one of the sizes {sizes}"
        assert 0 <= self.view_channels <= self.channels, (
            f"view_channels is {self.view_channels}: colours are some of {self.channels} channels"
        )

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Pixels along a side at each level, coarsest first."""
        sizes = [self.bottom_size]
        while sizes[-1] < self.map_size:
            sizes.append(2 * sizes[-1])
        return tuple(sizes)

    def width(self, resolution: int) -> int:
        """Channels of the features at a resolution."""
        return min(self.base_channels * self.map_size // resolution, self.max_channels)


class MapNetwork(nn.Module, ABC):
    """Maps a condition to attributes of all splats; zero before training.

    The body of the network runs once a pose, whatever the views: `features`; then `maps` adds what
    depends on the view.
    """

    model: NetworkModel

    @abstractmethod
    def features(
        self, condition: Float[Tensor, "2 condition_channels height width"]
    ) -> tuple[Float[Tensor, "2 channels size size"], Float[Tensor, "2 depth size size"]]:
        """View-independent maps, and the features that colours seen from some side start from."""

    @property
    @abstractmethod
    def view_head(self) -> "ViewHead | None":
        """What adds the view's part to the first channels; None if nothing depends on the view."""

    @final
    def maps(
        self,
        features: tuple[Float[Tensor, "2 channels size size"], Float[Tensor, "2 depth size size"]],
        view_direction: Float[Tensor, "3"] | None,
    ) -> Float[Tensor, "2 channels size size"]:
        """Maps seen along a direction; see `forward`."""
        painted, hidden = features
        if view_direction is None or self.view_head is None:
            return painted
        colors = self.view_head(hidden, view_direction)
        rest = painted.shape[1] - colors.shape[1]
        return painted + nn.functional.pad(colors, (0, 0, 0, 0, 0, rest))

    @final
    def forward(
        self,
        condition: Float[Tensor, "2 condition_channels height width"],
        view_direction: Float[Tensor, "3"] | None = None,
    ) -> Float[Tensor, "2 channels size size"]:
        """Attributes of all splats in a pose.

        Args:
            condition: Front and back (`incarnate.avatars.pose_condition`).
            view_direction: Unit, from the camera to the subject, in the root's frame; None leaves
                out what depends on it.
        """
        return self.maps(self.features(condition), view_direction)


@final
class ViewHead(nn.Module):
    """The part of a colour that depends on the direction of view: a hidden layer it modulates."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.mapping = EqualizedLinear(3, 16)
        self.hidden = ModulatedConv(width, width, 16, kernel=1)
        self.out = EqualizedConv(width, channels, kernel=1, start="zero")

    def forward(
        self, features: Float[Tensor, "2 depth height width"], direction: Float[Tensor, "3"]
    ) -> Float[Tensor, "2 channels height width"]:
        """What to add to the colours."""
        style = activate(self.mapping(direction))
        return self.out(activate(self.hidden(features, style)))


def stacked_sides(
    condition: Float[Tensor, "2 channels height width"],
) -> Float[Tensor, "1 both_channels height width"]:
    """Front and back as channels of one picture, in the layout that is fastest on a CPU."""
    picture = condition.flatten(0, 1)[None]
    return picture.contiguous(memory_format=torch.channels_last)


def num_weights(network: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
