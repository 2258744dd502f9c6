"""Maps as a blend of learned bases, weighed by what a small network makes of the pose.

Few poses fill a capture, and what they do to clothes is of low rank: bases learn that in minutes,
where a convolutional network takes hours. No detail comes from the pose but through the bases.
"""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.equalized import EqualizedLinear, activate
from incarnate.avatars.map_network import MapNetwork, NetworkModel

# The condition is averaged over so many cells along a side: that is the pose vector.
_CELLS = 8
# Bases start this large, and their weights at zero: the first steps choose among random maps.
_START = 0.1


@final
class PoseBases(MapNetwork):
    """Pose vector → weights of `NetworkModel.max_channels` bases → their blend."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        self.model = model
        vector, width = 2 * model.condition_channels * _CELLS**2, model.style_width
        self.trunk = nn.ModuleList([EqualizedLinear(vector, width), EqualizedLinear(width, width)])
        self.weigh = EqualizedLinear(width, model.max_channels, start="zero")
        size = model.map_size
        self.bases = nn.Parameter(
            _START * torch.randn(model.max_channels, 2, model.channels, size, size)
        )

    @property
    def view_head(self) -> None:
        """Nothing depends on the view."""
        return None

    def features(
        self, condition: Float[Tensor, "2 condition_channels height width"]
    ) -> tuple[Float[Tensor, "2 channels size size"], Float[Tensor, "2 depth size size"]]:
        """The blend; it has no features beneath it, so that the maps stand twice."""
        pose = nn.functional.adaptive_avg_pool2d(condition, _CELLS).flatten()
        for layer in self.trunk:
            pose = activate(layer(pose))
        maps = torch.einsum("b,bschw->schw", self.weigh(pose), self.bases)
        return maps, maps
