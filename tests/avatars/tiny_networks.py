"""Networks of a few channels, and what their tests share."""

import torch
from torch import nn

from incarnate.avatars.map_network import NetworkModel

TINY = NetworkModel(
    map_size=16,
    condition_size=8,
    bottom_size=4,
    condition_channels=6,
    channels=5,
    base_channels=4,
    max_channels=8,
    style_width=6,
)


def awake(network: nn.Module) -> None:
    """Give all weights that start at zero some value."""
    with torch.no_grad():
        for parameter in network.parameters():
            if not bool(parameter.any()):
                parameter.normal_(0, 0.3)


def condition_for(model: NetworkModel) -> torch.Tensor:
    return torch.randn(2, model.condition_channels, model.condition_size, model.condition_size)
