"""A multilayer perceptron for comparison with StyleUNet: pose and place in, attributes out.

Each pixel is on its own: its place is told by a positional encoding (Mildenhall et al., "NeRF",
2020), the pose by a vector for the whole body.
"""

from math import pi
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.equalized import EqualizedConv, EqualizedLinear, activate
from incarnate.avatars.map_network import MapNetwork, NetworkModel, ViewHead

# The condition is averaged over so many cells along a side: that is the pose vector.
_CELLS = 4
_OCTAVES = 6
# The trunk, which runs once a pose, is so much wider than the layers that run once a pixel: it
# brings the number of weights near that of the other networks.
_TRUNK_FACTOR, _TRUNK_LAYERS = 8, 3
# Hidden layers that each pixel goes through after the first.
_PIXEL_LAYERS = 3


@final
class PoseMlp(MapNetwork):
    """Pose vector → trunk; trunk and encoded place → the attributes of one pixel.

    Pixels beside the condition's silhouette are left out: no splat lies there.
    """

    encoding: Tensor

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        self.model = model
        vector = 2 * model.condition_channels * _CELLS**2
        width = model.max_channels
        trunk = _TRUNK_FACTOR * width
        self.trunk = nn.ModuleList(
            EqualizedLinear(trunk if layer else vector, trunk) for layer in range(_TRUNK_LAYERS)
        )
        self.register_buffer("encoding", encoded_places(model.map_size), persistent=False)
        self.from_place = EqualizedLinear(self.encoding.shape[-1], width)
        self.from_pose = EqualizedLinear(trunk, width)
        self.layers = nn.ModuleList(EqualizedLinear(width, width) for _ in range(_PIXEL_LAYERS))
        self.narrow = EqualizedLinear(width, model.base_channels)
        self.paint = EqualizedConv(model.base_channels, model.channels, kernel=1, start="zero")
        has_view = model.view_channels > 0
        self.colors = ViewHead(model.base_channels, model.view_channels) if has_view else None

    @property
    def view_head(self) -> ViewHead | None:
        """What adds the view's part to colours."""
        return self.colors

    def features(
        self, condition: Float[Tensor, "2 condition_channels height width"]
    ) -> tuple[Float[Tensor, "2 channels size size"], Float[Tensor, "2 depth size size"]]:
        """View-independent maps, and the last features."""
        size = self.model.map_size
        pose = nn.functional.adaptive_avg_pool2d(condition, _CELLS).flatten()
        for layer in self.trunk:
            pose = activate(layer(pose))
        covered = condition.detach().ne(0).any(1, keepdim=True).to(condition)
        covered = nn.functional.interpolate(covered, size=(size, size)).flatten().nonzero()[:, 0]
        # Two inputs of unit variance are added up.
        hidden = (self.from_place(self.encoding[covered]) + self.from_pose(pose)) * 0.5**0.5
        for layer in self.layers:
            hidden = layer(activate(hidden))
        rows = activate(self.narrow(activate(hidden)))
        pixels = rows.new_zeros(2 * size**2, rows.shape[1]).index_copy(0, covered, rows)
        sides = pixels.view(2, size, size, -1).permute(0, 3, 1, 2)
        return self.paint(sides), sides


def encoded_places(size: int) -> Float[Tensor, "pixels features"]:
    """Sines and cosines of column and row, and the side: front +1, back −1; front first."""
    steps = (torch.arange(size) + 0.5) / size * 2 - 1
    row, column = torch.meshgrid(steps, steps, indexing="ij")
    angles = torch.stack([column, row], -1)[..., None] * pi * 2.0 ** torch.arange(_OCTAVES)
    # Where sines and cosines have unit variance, so have layers that read them.
    waves = 2**0.5 * torch.cat([angles.sin(), angles.cos()], -1).flatten(2)
    sides = torch.tensor([1.0, -1.0])[:, None, None, None]
    # The sign times each wave tells front from back at every place.
    both = torch.cat([waves.expand(2, -1, -1, -1), sides * waves], -1)
    return torch.cat([both, sides.expand(2, size, size, 1)], -1).flatten(0, 2)
