"""Reading an environment along directions, resizing it, and drawing directions from it.

Between texel centres an environment is bilinear in (u, v): it wraps in u and goes on across the
poles, where the row above the first is the first row half a turn further on.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.light.environment import (
    Environment,
    directions_of_texels,
    map_coordinates,
    solid_angles_of_texels,
)

# Rec. 709 luminance of linear RGB.
_LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class LightSamples:
    """Directions drawn in proportion to the light, for Monte-Carlo integrals over the sphere.

    ``(f(directions) * (radiance / pdf[:, None])).mean(0)`` estimates ∫ f(ω) L(ω) dω.
    """

    directions: Float[Tensor, "samples 3"]
    """Unit vectors toward the light, world axes."""
    radiance: Float[Tensor, "samples 3"]
    """Linear RGB that arrives from each."""
    pdf: Float[Tensor, "samples"]
    """Probability density of each direction, per steradian."""


def bilinear_taps(
    coordinates: Float[Tensor, "*batch 2"], height: int, width: int
) -> tuple[Int[Tensor, "*batch 4"], Float[Tensor, "*batch 4"]]:
    """The four texels (row-major indices) and weights that make up the map at (u, v)."""
    x, y = coordinates[..., 0] * width - 0.5, coordinates[..., 1] * height - 0.5
    left, top = x.floor(), y.floor()
    right_part, low_part = x - left, y - top
    columns = torch.stack([left, left + 1, left, left + 1], -1).long()
    rows = torch.stack([top, top, top + 1, top + 1], -1).long()
    over_pole = (rows < 0) | (rows >= height)
    columns = torch.where(over_pole, columns + width // 2, columns) % width
    weights = torch.stack(
        [
            (1 - right_part) * (1 - low_part),
            right_part * (1 - low_part),
            (1 - right_part) * low_part,
            right_part * low_part,
        ],
        -1,
    )
    return rows.clamp(0, height - 1) * width + columns, weights


def radiance_along(
    env: Environment, directions: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """Linear RGB radiance that arrives from unit world directions; honours ``env.rotation``."""
    height, width, _ = env.radiance.shape
    indices, weights = bilinear_taps(map_coordinates(directions, env.rotation), height, width)
    texels = env.radiance.reshape(-1, 3)[indices]
    return (texels * weights[..., None].to(texels.dtype)).sum(-2)


def downsampled(env: Environment, height: int) -> Environment:
    """The same light on a smaller map (height × 2·height texels), averaged by solid angle.

    The energy, and that of every whole texel, is kept. A map that is small enough is returned as
    it is.
    """
    old_height, old_width, _ = env.radiance.shape
    if height >= old_height:
        return env
    # In cos θ and in azimuth, overlaps of solid angles are overlaps of intervals.
    rows = _overlaps(_cosine_edges(height), _cosine_edges(old_height)).to(env.radiance)
    columns = _overlaps(_even_edges(2 * height), _even_edges(old_width)).to(env.radiance)
    smaller = torch.einsum("ij,jkc->ikc", rows, env.radiance)
    smaller = torch.einsum("lk,ikc->ilc", columns, smaller)
    return replace(env, radiance=smaller)


def importance_samples(env: Environment, count: int, generator: torch.Generator) -> LightSamples:
    """Draw directions with a density that follows luminance; stratified over the texels.

    The density is bilinear in (u, v) between the texels' shares, exactly as the radiance is, so
    that no direction with light has density zero.

    Args:
        env: The light; must not be all black.
        count: How many directions.
        generator: Source of randomness; equal seeds give equal samples.
    """
    radiance = env.radiance.detach()
    height, width, _ = radiance.shape
    share = luminance(radiance).double() * solid_angles_of_texels(height, width, torch.float64)
    share = (share / share.sum()).reshape(-1)
    jitter = torch.rand(count, 3, generator=generator, dtype=torch.float64)
    targets = (torch.arange(count) + jitter[:, 0]) / count
    texel = torch.searchsorted(share.cumsum(0), targets).clamp(max=len(share) - 1)
    # The sum of two uniform numbers has the tent density of a bilinear weight.
    second = torch.rand(count, 2, generator=generator, dtype=torch.float64)
    offset = jitter[:, 1:] + second - 1
    u = (texel % width + 0.5 + offset[:, 0]) / width
    v = (texel // width + 0.5 + offset[:, 1]) / height
    over_pole = (v < 0) | (v > 1)
    u = torch.where(over_pole, u + 0.5, u) % 1.0
    v = torch.where(v < 0, -v, torch.where(v > 1, 2 - v, v))
    indices, weights = bilinear_taps(torch.stack([u, v], -1), height, width)
    sine = torch.sin(torch.pi * v).clamp(min=1e-9)
    pdf = (share[indices] * weights).sum(-1) * (height * width) / (2 * torch.pi**2 * sine)
    value = (radiance.reshape(-1, 3)[indices].double() * weights[..., None]).sum(-2)
    azimuth = 2 * torch.pi * (u - 0.5) - env.rotation
    directions = torch.stack(
        [sine * azimuth.cos(), torch.cos(torch.pi * v), sine * azimuth.sin()], -1
    )
    dtype = radiance.dtype
    return LightSamples(directions.to(dtype), value.to(dtype), pdf.to(dtype))


def luminance(rgb: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """Rec. 709 luminance of linear RGB."""
    return (rgb * rgb.new_tensor(_LUMINANCE)).sum(-1)


def mean_radiance(env: Environment) -> Float[Tensor, "3"]:
    """Mean linear RGB over the sphere, each texel weighted by its solid angle."""
    height, width, _ = env.radiance.shape
    weights = solid_angles_of_texels(height, width, env.radiance.dtype) / (4 * torch.pi)
    return (env.radiance * weights[..., None]).sum((0, 1))


def irradiance_toward(env: Environment, normal: Float[Tensor, "3"]) -> Float[Tensor, "3"]:
    """Irradiance over π (linear RGB) on a surface, summed over all texels; slow and exact."""
    height, width, _ = env.radiance.shape
    turned = replace(env, rotation=0.0)
    cosine_of = directions_of_texels(height, width, env.radiance.dtype)
    weights = solid_angles_of_texels(height, width, env.radiance.dtype) / torch.pi
    azimuth = torch.tensor(env.rotation, dtype=env.radiance.dtype)
    x, y, z = normal.unbind(-1)
    local = torch.stack(
        [azimuth.cos() * x - azimuth.sin() * z, y, azimuth.sin() * x + azimuth.cos() * z]
    )
    cosine = (cosine_of @ local).clamp(min=0)
    return (turned.radiance * (weights * cosine)[..., None]).sum((0, 1))


def _cosine_edges(count: int) -> Float[Tensor, "edges"]:
    return -torch.cos(torch.arange(count + 1, dtype=torch.float64) * (torch.pi / count))


def _even_edges(count: int) -> Float[Tensor, "edges"]:
    return torch.linspace(0, 1, count + 1, dtype=torch.float64)


def _overlaps(
    new_edges: Float[Tensor, "new_edges"], old_edges: Float[Tensor, "old_edges"]
) -> Float[Tensor, "new old"]:
    """Share of each new interval that each old one covers; rows sum to one."""
    low = torch.maximum(new_edges[:-1, None], old_edges[None, :-1])
    high = torch.minimum(new_edges[1:, None], old_edges[None, 1:])
    overlap = (high - low).clamp(min=0)
    return overlap / (new_edges[1:] - new_edges[:-1])[:, None]
