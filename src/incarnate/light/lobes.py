"""The lobes that light is filtered with: the cosine of diffuse surfaces, GGX of glossy ones.

A glossy lobe is taken at N = V = R, where its light directions have density D(h)/4 and are
weighted by n·l (Karis 2013, "Real shading in Unreal Engine 4"); α = roughness².
"""

import functools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.light.environment import directions_of_texels, solid_angles_of_texels

_FINEST_SOURCE, _COARSEST_SOURCE = 256, 8


@dataclass(frozen=True)
class LobePart:
    """Directions of a lobe that stand for about equal solid angles."""

    directions: Float[Tensor, "samples 3"]
    """Unit vectors about +z."""
    weights: Float[Tensor, "samples"]
    """Share of each in the whole lobe."""
    source_height: int
    """Height of the map whose texels are as large as what each direction stands for."""


@functools.lru_cache(maxsize=16)
def glossy_lobe(roughness: float, count: int) -> tuple[LobePart, ...]:
    """Light directions that follow the GGX lobe about +z, float64; a lobe of one is a mirror."""
    order = torch.arange(count, dtype=torch.float64) + 0.5
    # Kronecker sequence of the plastic number: even in both coordinates for any count.
    u, azimuth = order / count, 2 * torch.pi * ((order * 0.7548776662466927) % 1.0)
    squared_alpha = roughness**4
    squared_half_cosine = (1 - u) / (1 + (squared_alpha - 1) * u)
    cosine = 2 * squared_half_cosine - 1 if count > 1 else torch.ones_like(u)
    sine = (1 - cosine * cosine).clamp(min=0).sqrt()
    directions = torch.stack([sine * azimuth.cos(), sine * azimuth.sin(), cosine], -1)
    weights = cosine.clamp(min=0) / cosine.clamp(min=0).sum()
    if count == 1:
        return (LobePart(directions, weights, _FINEST_SOURCE),)
    density = squared_alpha / (squared_half_cosine * (squared_alpha - 1) + 1) ** 2 / torch.pi
    # A direction stands for 4 / (count · D) steradian, a texel of a map of height h for 2π / h².
    heights = (0.5 * torch.pi * count * density).sqrt()
    heights = torch.exp2(heights.log2().ceil()).clamp(_COARSEST_SOURCE, _FINEST_SOURCE).int()
    return tuple(
        LobePart(directions[heights == height], weights[heights == height], height)
        for height in sorted(set(heights[weights > 0].tolist()))
    )


def lobe_matrix(
    axes: Float[Tensor, "axes 3"], roughness: float | None, height: int
) -> Float[Tensor, "axes texels"]:
    """Share of each texel of an equirectangular map in the lobe about each axis; rows sum to one.

    Args:
        axes: Unit normals or mirror directions.
        roughness: GGX roughness; None is the cosine lobe.
        height: Height of the map, whose texels must be smaller than the lobe.
    """
    directions = directions_of_texels(height, 2 * height, axes.dtype).reshape(-1, 3)
    cosine = axes @ directions.t()
    share = cosine.clamp(min=0)
    if roughness is not None:
        squared_half_cosine = 0.5 + 0.5 * cosine
        share = share / (squared_half_cosine * (roughness**4 - 1) + 1) ** 2
    share = share * solid_angles_of_texels(height, 2 * height, axes.dtype).reshape(-1)
    return share / share.sum(-1, keepdim=True)


def frames_about(axes: Float[Tensor, "axes 3"]) -> Float[Tensor, "axes 3 3"]:
    """Right-handed frames, rows x, y, z, whose z is the given unit axis (Duff et al. 2017)."""
    x, y, z = axes.unbind(-1)
    sign = torch.copysign(torch.ones_like(z), z)
    a = -1 / (sign + z)
    b = x * y * a
    first = torch.stack([1 + sign * x * x * a, sign * b, -sign * x], -1)
    second = torch.stack([b, sign + y * y * a, -y], -1)
    return torch.stack([first, second, axes], -2)
