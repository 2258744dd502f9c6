"""Smooth periodic noise in space, with its gradient, by lookup in a small random volume."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_CELLS = 32


@dataclass(frozen=True)
class Noise:
    """Tricubic-smoothed random values on a periodic lattice, in [−1, 1], and their gradients."""

    volume: Float[Tensor, "1 4 depth height width"]
    """Value and gradient (x, y, z) at the lattice points, the first layer repeated at the end."""

    def __call__(
        self, points: Float[Tensor, "points 3"], scale: float | Float[Tensor, "3"]
    ) -> Float[Tensor, "points"]:
        """Values at points whose features are about ``scale`` metres large (along each axis)."""
        return _looked_up(self.volume[:, :1], points / scale)[0]

    def with_gradient(
        self, points: Float[Tensor, "points 3"], scale: float
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points 3"]]:
        """Values, and their derivative by position in features, not in metres."""
        looked_up = _looked_up(self.volume, points / scale)
        return looked_up[0], looked_up[1:].T


def make_noise(seed: int) -> Noise:
    """Noise from a seed: white values, smoothed so that one feature is two cells wide."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.rand(1, 1, _CELLS, _CELLS, _CELLS, generator=generator)
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.einsum("i,j,k->ijk", kernel, kernel, kernel)[None, None]
    padded = torch.nn.functional.pad(white, (1,) * 6, mode="circular")
    smooth = torch.nn.functional.conv3d(padded, kernel)[0, 0]
    smooth = smooth - smooth.mean()
    # Three standard deviations reach ±1, the few beyond are cut.
    smooth = (smooth / (3 * smooth.std())).clamp(-1, 1)
    gradients = [0.5 * (smooth.roll(-1, axis) - smooth.roll(1, axis)) for axis in (2, 1, 0)]
    volume = torch.stack([smooth, *gradients])
    for axis in (1, 2, 3):
        volume = torch.cat([volume, volume.narrow(axis, 0, 1)], axis)
    return Noise(volume[None])


def _looked_up(
    volume: Float[Tensor, "1 channels depth height width"], cells: Float[Tensor, "points 3"]
) -> Float[Tensor, "channels points"]:
    wrapped = (cells / _CELLS) % 1.0
    grid = (2 * wrapped - 1)[None, None, None]
    return torch.nn.functional.grid_sample(volume, grid, align_corners=True)[0, :, 0, 0]
