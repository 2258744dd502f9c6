"""Learned perceptual distance: LPIPS v0.1 (Zhang et al. 2018), with plain torch functions."""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from incarnate.evaluate.lpips_weights import Network, read_weights

# LPIPS v0.1 standardises inputs in [−1, 1] with these, one a colour channel.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)

MIN_SIZE = 32
"""Height and width from which both networks have a pixel left in their last layer."""


@dataclass(frozen=True)
class _Layer:
    """A convolution and what surrounds it; a ReLU always follows."""

    stride: int = 1
    padding: int = 1
    pool_before: int | None = None
    """Window of the max pooling (stride 2) in front of it."""
    is_tapped: bool = False
    """Whether its output enters the distance."""


_LAYERS: Final[dict[Network, tuple[_Layer, ...]]] = {
    "alex": (
        _Layer(stride=4, padding=2, is_tapped=True),
        _Layer(padding=2, pool_before=3, is_tapped=True),
        _Layer(pool_before=3, is_tapped=True),
        _Layer(is_tapped=True),
        _Layer(is_tapped=True),
    ),
    "vgg": (
        *(_Layer(), _Layer(is_tapped=True)),
        *(_Layer(pool_before=2), _Layer(is_tapped=True)),
        *(_Layer(pool_before=2), _Layer(), _Layer(is_tapped=True)),
        *(_Layer(pool_before=2), _Layer(), _Layer(is_tapped=True)),
        *(_Layer(pool_before=2), _Layer(), _Layer(is_tapped=True)),
    ),
}


class Lpips:
    """The distance of one network; smaller is more alike, equal pictures have 0."""

    def __init__(self, network: Network) -> None:
        """Read the weights.

        Args:
            network: ``alex`` (fast, what most papers print) or ``vgg``.

        Raises:
            ModelFileError: The weights are not installed, or are other ones.
        """
        self.network: Network = network
        self._convolutions, self._heads = read_weights(network)
        assert len(self._convolutions) == len(_LAYERS[network])

    @torch.inference_mode()
    def __call__(
        self, image: Float[Tensor, "height width 3"], truth: Float[Tensor, "height width 3"]
    ) -> float:
        """LPIPS of two display-encoded pictures in [0, 1], at least `MIN_SIZE` pixels each way."""
        return float(self.distance(image, truth))

    def distance(
        self, image: Float[Tensor, "height width 3"], truth: Float[Tensor, "height width 3"]
    ) -> Float[Tensor, ""]:
        """The same, differentiable, to train with."""
        assert min(image.shape[:2]) >= MIN_SIZE, f"too small for LPIPS: {tuple(image.shape)}"
        shift, scale = torch.tensor([_SHIFT, _SCALE])[:, :, None, None]
        pair = torch.stack([image, truth]).float().movedim(-1, 1)
        pair = (2 * pair - 1 - shift) / scale
        taps = iter(self._heads)
        distances: list[Tensor] = []
        for layer, (kernel, bias) in zip(_LAYERS[self.network], self._convolutions, strict=True):
            if layer.pool_before is not None:
                pair = functional.max_pool2d(pair, layer.pool_before, stride=2)
            pair = functional.conv2d(pair, kernel, bias, layer.stride, layer.padding).relu_()
            if layer.is_tapped:
                distances.append(_head_distance(pair, next(taps)))
        return torch.stack(distances).sum()


def _head_distance(
    pair: Float[Tensor, "2 channels height width"], head: Float[Tensor, "1 channels 1 1"]
) -> Float[Tensor, ""]:
    """Mean over pixels of the weighted squared difference of unit feature vectors."""
    # The published implementation adds its epsilon to the norm, not to the square. Where all
    # features are zero the norm has no gradient; the smallest number under the root gives it one.
    tiny = torch.finfo(pair.dtype).tiny
    image, truth = pair / ((pair.square().sum(1, keepdim=True) + tiny).sqrt() + 1e-10)
    return (head[0] * (image - truth).square()).sum(0).double().mean()
