"""Light gathered from sampled directions: diffuse at vertices, specular at pixels.

No filtered map and no split sum: this path shares nothing with the one that avatars are shaded by.
"""

import functools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.light.brdf import ggx_specular
from incarnate.light.environment import Environment
from incarnate.light.sampling import importance_samples

_ROWS = 2048
"""Pixels at a time: a block of pixels times samples stays in the cache."""
_TABLE = 24
_RINGS, _SPOKES = 64, 10


@dataclass(frozen=True)
class LightRig:
    """An environment as so many directional lights."""

    directions: Float[Tensor, "samples 3"]
    """Unit vectors toward the light, world axes."""
    power: Float[Tensor, "samples 3"]
    """Linear RGB: radiance over density over count, so that sums are integrals over the sphere."""


def sampled_lights(env: Environment, count: int, seed: int) -> LightRig:
    """Draw directional lights from an environment; the same for every frame, so nothing flickers.

    Args:
        env: The light.
        count: How many.
        seed: Equal seeds give equal lights.
    """
    samples = importance_samples(env, count, torch.Generator().manual_seed(seed))
    return LightRig(samples.directions, samples.radiance / samples.pdf[:, None] / count)


def gathered_light(
    lights: LightRig,
    normals: Float[Tensor, "points 3"],
    visible: Float[Tensor, "points samples"],
) -> Float[Tensor, "points 3 3"]:
    """Vector irradiance over π (colour, axis): its product with the normal is diffuse light.

    It is exact at the vertex's own normal, and first order around: a pixel between vertices, or
    with a bump, gets its light from the interpolated vectors.
    """
    above = visible * (normals @ lights.directions.T > 0)
    vectors = lights.power[:, :, None] * lights.directions[:, None, :] / torch.pi
    return (above @ vectors.flatten(1)).unflatten(-1, (3, 3))


def specular_light(
    lights: LightRig,
    normals: Float[Tensor, "points 3"],
    views: Float[Tensor, "points 3"],
    material: tuple[Float[Tensor, "points 1"], Float[Tensor, "points 1"]],
    visible: Float[Tensor, "points samples"],
) -> Float[Tensor, "points 3"]:
    """Linear RGB that the specular layer sends to the viewer.

    Args:
        lights: The light.
        normals: Unit, world.
        views: Unit vectors toward the viewer.
        material: Roughness and reflectance F0.
        visible: Share of each light that arrives.
    """
    if not len(normals):
        return normals.new_zeros(0, 3)
    blocks = torch.arange(len(normals)).split(_ROWS)
    return torch.cat(
        [
            _specular(
                lights,
                normals[rows],
                views[rows],
                (material[0][rows], material[1][rows]),
                visible[rows],
            )
            for rows in blocks
        ]
    )


def _specular(
    lights: LightRig,
    normals: Tensor,
    views: Tensor,
    material: tuple[Tensor, Tensor],
    visible: Tensor,
) -> Float[Tensor, "points 3"]:
    n_dot_l, v_dot_l = normals @ lights.directions.T, views @ lights.directions.T
    n_dot_v = (normals * views).sum(-1, keepdim=True)
    # Half vector h = (l + v) / |l + v| with |l + v|² = 2 + 2 v·l.
    length = (2 + 2 * v_dot_l).clamp(min=1e-6).sqrt()
    n_dot_h = ((n_dot_l + n_dot_v) / length).clamp(0, 1)
    reflected = ggx_specular(n_dot_l, n_dot_v.expand_as(n_dot_l), n_dot_h, 0.5 * length, material)
    return (reflected * n_dot_l.clamp(min=0) * visible) @ lights.power


def reflected_share(
    roughness: Float[Tensor, "points 1"],
    n_dot_v: Float[Tensor, "points 1"],
    reflectance: Float[Tensor, "points 1"],
) -> Float[Tensor, "points 1"]:
    """Share of white light that the specular layer sends back, which the diffuse one lacks."""
    table = _share_table().to(roughness)
    grid = torch.cat([n_dot_v, roughness], -1).clamp(0, 1) * 2 - 1
    looked_up = torch.nn.functional.grid_sample(
        table[None], grid[None, None], align_corners=True, padding_mode="border"
    )[0, :, 0].T
    # Schlick's Fresnel is linear in F0.
    return looked_up[:, :1] + (looked_up[:, 1:] - looked_up[:, :1]) * reflectance


@functools.lru_cache(maxsize=1)
def _share_table() -> Float[Tensor, "two roughness n_dot_v"]:
    """`ggx_specular` summed over the hemisphere, for F0 zero and one, by roughness and n·v.

    Half vectors on rings and spokes that follow the distribution of normals, mirrored into light.
    """
    steps = torch.linspace(0, 1, _TABLE, dtype=torch.float64)
    alpha = (steps**2).clamp(min=1e-3)[:, None, None, None]
    cosine = steps.clamp(min=0.02)[None, :, None, None]
    u = ((torch.arange(_RINGS, dtype=torch.float64) + 0.5) / _RINGS)[:, None]
    # The two sides of the plane of view mirror each other: half a turn is enough.
    azimuth = (torch.arange(_SPOKES, dtype=torch.float64) + 0.5) * (torch.pi / _SPOKES)
    h_cosine = ((1 - u) / (1 + (alpha**2 - 1) * u)).sqrt()
    h_sine = (1 - h_cosine**2).clamp(min=0).sqrt()
    v_dot_h = (1 - cosine**2).sqrt() * h_sine * azimuth.cos() + cosine * h_cosine
    n_dot_l = 2 * v_dot_h * h_cosine - cosine
    shape = torch.broadcast_shapes(v_dot_h.shape, h_cosine.shape)
    args = [t.expand(shape) for t in (n_dot_l, cosine, h_cosine, v_dot_h)]
    slope = h_cosine**2 * (alpha**2 - 1) + 1
    # Density of mirrored directions: D(h) n·h / (4 v·h).
    density = alpha**2 / (torch.pi * slope**2) * h_cosine / (4 * v_dot_h.clamp(min=1e-6))
    rough = steps[:, None, None, None].clamp(min=1e-3**0.5)
    shares = [
        (
            ggx_specular(args[0], args[1], args[2], args[3], (rough, torch.full_like(rough, f0)))
            * n_dot_l.clamp(min=0) * (v_dot_h > 0) / density
        ).mean((-2, -1))
        for f0 in (0.0, 1.0)
    ]  # fmt: skip
    return torch.stack(shares).clamp(0, 1).float()
