"""Environments and directions that several tests of light use."""

import torch
from torch import Tensor

from incarnate.light.environment import Environment, directions_of_texels, solid_angles_of_texels

AXES = torch.tensor(
    [[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0], [0, -1.0, 0], [0, 0, 1.0], [0, 0, -1.0]]
)


def unit_vectors(count: int, generator: torch.Generator) -> Tensor:
    """Directions that are even on the sphere, (count, 3)."""
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)


def white(height: int = 16, radiance: float = 1.0) -> Environment:
    """The same radiance from all around."""
    return Environment(torch.full((height, 2 * height, 3), radiance))


def source(height: int, direction: Tensor, *, exponent: float = 2000.0) -> Environment:
    """A round light toward a unit direction that gives irradiance (1, 2, 4) to what faces it."""
    cosine = (directions_of_texels(height, 2 * height) @ direction).clamp(min=0)
    glow = cosine**exponent
    glow = glow / (glow * solid_angles_of_texels(height, 2 * height)).sum()
    return Environment(glow[..., None] * torch.tensor([1.0, 2.0, 4.0]))


def lively(height: int, generator: torch.Generator) -> Environment:
    """A few coloured lights of unlike size over a dim background, sharp against a texel."""
    directions = directions_of_texels(height, 2 * height)
    radiance = torch.full((height, 2 * height, 3), 0.1)
    for exponent in (3.0, 10.0, 30.0, 100.0):
        axis = unit_vectors(1, generator)[0]
        color = torch.rand(3, generator=generator) * exponent**0.7
        radiance = radiance + (directions @ axis).clamp(min=0)[..., None] ** exponent * color
    return Environment(radiance)


def turned(directions: Tensor, angle: float) -> Tensor:
    """R_y(angle) applied to directions, written out."""
    x, y, z = directions.unbind(-1)
    c, s = torch.tensor(angle).cos(), torch.tensor(angle).sin()
    return torch.stack([c * x + s * z, y, -s * x + c * z], -1)
