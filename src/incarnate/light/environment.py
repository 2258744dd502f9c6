"""Environment light: linear HDR radiance on the sphere, as an equirectangular map."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Environment:
    """Radiance that arrives from every direction; a value, never a part of a model.

    World axes are y up. Direction d reads column ``u = 0.5 + atan2(d.z, d.x) / 2π`` and row
    ``v = acos(d.y) / π`` from the top: the middle of the map lies toward +x. ``rotation`` turns
    the light about +y (radians): light that came from d comes from R_y(rotation) d.
    """

    radiance: Float[Tensor, "height width 3"]
    """Linear RGB, non-negative, unbounded; width is twice the height."""
    rotation: float = 0.0
    """Turn about +y in radians."""
    name: str = "environment"
    """What reports call it."""

    def rotated(self, angle: float) -> "Environment":
        """The same light turned by a further angle (radians) about +y."""
        return replace(self, rotation=self.rotation + angle)

    def scaled(self, gain: float | Float[Tensor, "3"]) -> "Environment":
        """The same light, brighter by a factor (exposure), or by one a colour channel."""
        return replace(self, radiance=self.radiance * gain)


def directions_of_texels(
    height: int, width: int, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "height width 3"]:
    """Unit world directions (y up) of the texel centres of an equirectangular map."""
    polar = (torch.arange(height, dtype=dtype) + 0.5) * (torch.pi / height)
    azimuth = ((torch.arange(width, dtype=dtype) + 0.5) / width - 0.5) * (2 * torch.pi)
    sine, cosine = polar.sin()[:, None], polar.cos()[:, None]
    return torch.stack(
        [sine * azimuth.cos(), cosine.expand(height, width), sine * azimuth.sin()], -1
    )


def solid_angles_of_texels(
    height: int, width: int, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "height width"]:
    """Solid angle of each texel in steradian; they sum to 4π."""
    edges = torch.cos(torch.arange(height + 1, dtype=dtype) * (torch.pi / height))
    rows = (edges[:-1] - edges[1:]) * (2 * torch.pi / width)
    return rows[:, None].expand(height, width)


def map_coordinates(
    directions: Float[Tensor, "*batch 3"], rotation: float = 0.0
) -> Float[Tensor, "*batch 2"]:
    """(u, v) in [0, 1] at which unit directions read a map that is turned by ``rotation``."""
    x, y, z = directions.unbind(-1)
    u = 0.5 + (torch.atan2(z, x) + rotation) / (2 * torch.pi)
    return torch.stack([u - u.floor(), torch.acos(y.clamp(-1, 1)) / torch.pi], -1)
