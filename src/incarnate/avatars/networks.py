"""Networks by kind, and the sizes that recipes choose from."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import torch

from incarnate.avatars.map_network import MapNetwork, NetworkModel
from incarnate.avatars.pose_bases import PoseBases
from incarnate.avatars.pose_mlp import PoseMlp
from incarnate.avatars.styleunet import StyleUNet
from incarnate.avatars.unet import UNet

_KINDS: Final[Mapping[str, Callable[[NetworkModel], MapNetwork]]] = MappingProxyType(
    {"styleunet": StyleUNet, "unet": UNet, "mlp": PoseMlp, "bases": PoseBases}
)

NETWORK_SIZES: Final[Mapping[str, NetworkModel]] = MappingProxyType(
    {
        "smoke": NetworkModel(
            map_size=64, condition_size=32, base_channels=8, max_channels=32, style_width=16
        ),
        "bases": NetworkModel(
            kind="bases", map_size=32, condition_size=32, max_channels=28, style_width=128
        ),
        "quick": NetworkModel(),
        "standard": NetworkModel(map_size=256, base_channels=8),
        "large": NetworkModel(map_size=512, condition_size=256, max_channels=256),
        "paper": NetworkModel(
            map_size=1024,
            condition_size=1024,
            bottom_size=4,
            base_channels=32,
            max_channels=512,
            style_width=512,
        ),
    }
)
"""One network for all attributes; the paper trains three of its size, one each for colours,
positions and the rest."""


def make_network(model: NetworkModel, seed: int) -> MapNetwork:
    """A network before training; equal seeds give equal weights.

    The global source of randomness is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _KINDS[model.kind](model)
