import math
from dataclasses import replace

import pytest
import torch
from tests.light.maps import AXES, lively, source, turned, unit_vectors, white
from torch import Tensor

from incarnate.light.environment import (
    Environment,
    directions_of_texels,
    solid_angles_of_texels,
)
from incarnate.light.prefilter import prefilter
from incarnate.light.sampling import irradiance_toward, radiance_along

FINE = 128


def integral(env: Environment, axes: Tensor, roughness: float | None) -> Tensor:
    """The filtered radiance along axes by brute force, from the formulas of GGX at N = V = R."""
    toward_light = directions_of_texels(FINE, 2 * FINE, torch.float64).reshape(-1, 3)
    radiance = radiance_along(env, toward_light.float()).double()
    axes = axes.double()
    n_dot_l = (axes @ toward_light.t()).clamp(min=0)
    weight = n_dot_l * solid_angles_of_texels(FINE, 2 * FINE, torch.float64).reshape(-1)
    if roughness is not None:
        half = torch.nn.functional.normalize(axes[:, None] + toward_light, dim=-1)
        n_dot_h = (half * axes[:, None]).sum(-1)
        squared_alpha = roughness**4
        weight = weight * squared_alpha / (n_dot_h**2 * (squared_alpha - 1) + 1) ** 2
    return ((weight / weight.sum(-1, keepdim=True)) @ radiance).float()


@pytest.mark.parametrize("height", [8, 32, 64, 128])
def test_irradiance_is_the_integral(height: int, generator: torch.Generator) -> None:
    env, normals = lively(height, generator), unit_vectors(20, generator)
    expected = integral(env, normals, None)
    # Octahedral cells of up to 0.15 rad: 0.15²/8 of the light's curvature, 0.6 % here.
    error = (prefilter(env).irradiance(normals) - expected).abs().max()
    assert error < 0.01 * expected.max()


@pytest.mark.parametrize(
    ("height", "roughness", "bound"),
    [
        # At roughnesses that are stored: what the octahedral cells lose.
        (32, 4 / 7, 0.02),
        (32, 1.0, 0.01),
        (128, 2 / 7, 0.02),
        (128, 1.0, 0.01),
        # Between them: linear blending of two lobes.
        (32, 0.5, 0.05),
        (64, 0.36, 0.05),
        (128, 0.2, 0.05),
        (128, 0.64, 0.03),
        # The maps of a small, learned light have cells as wide as this lobe.
        (8, 0.2, 0.10),
        (32, 2 / 7, 0.10),
    ],
)
def test_glossy_light_is_the_integral(
    height: int, roughness: float, bound: float, generator: torch.Generator
) -> None:
    env, axes = lively(height, generator), unit_vectors(20, generator)
    expected = integral(env, axes, roughness)
    found = prefilter(env).specular(axes, torch.full((20, 1), roughness))
    assert (found - expected).abs().max() < bound * expected.max()


def test_a_mirror_shows_the_map(generator: torch.Generator) -> None:
    env, axes = lively(128, generator), unit_vectors(200, generator)
    expected = radiance_along(env, axes)
    found = prefilter(env).specular(axes, torch.zeros(200, 1))
    # 128 cells a side against 256 columns: cells of 0.04 rad, and a light of 0.1 rad.
    assert (found - expected).abs().max() < 0.05 * expected.max()


@pytest.mark.parametrize("height", [16, 34])
@pytest.mark.parametrize("angle", [0.4, math.pi, -2.0])
def test_filtering_commutes_with_turning(
    height: int, angle: float, generator: torch.Generator
) -> None:
    env, axes = lively(height, generator), unit_vectors(30, generator)
    light, roughness = prefilter(env), torch.rand(30, 1, generator=generator)
    there = turned(axes, angle)
    for moved in (prefilter(env.rotated(angle)), light.rotated(angle)):
        # Float32 rotations, on light that changes by tens a radian.
        torch.testing.assert_close(
            moved.irradiance(there), light.irradiance(axes), rtol=1e-4, atol=1e-4
        )
        torch.testing.assert_close(
            moved.specular(there, roughness), light.specular(axes, roughness), rtol=1e-3, atol=1e-3
        )


def test_a_map_turned_in_its_texels_is_a_turned_light(generator: torch.Generator) -> None:
    env, normals = lively(32, generator), unit_vectors(30, generator)
    # A positive turn about +y moves light to smaller columns: 16 of 64 are a quarter turn.
    rolled = replace(env, radiance=env.radiance.roll(-16, 1))
    by_angle = prefilter(env.rotated(math.pi / 2)).irradiance(normals)
    # Both interpolate the same light over octahedral cells, by symmetry at the same places.
    torch.testing.assert_close(
        prefilter(rolled).irradiance(normals), by_angle, rtol=1e-3, atol=1e-3
    )


def test_white_light_stays_white_at_every_roughness(generator: torch.Generator) -> None:
    axes, roughness = unit_vectors(100, generator), torch.linspace(-0.1, 1.1, 100)[:, None]
    for height in (8, 34):
        light = prefilter(white(height, 2.5))
        expected = torch.full((100, 3), 2.5)
        torch.testing.assert_close(light.specular(axes, roughness), expected, rtol=1e-4, atol=0)
        torch.testing.assert_close(light.irradiance(axes), expected, rtol=1e-4, atol=0)


def test_gains_scale_all_that_is_read(generator: torch.Generator) -> None:
    env, axes = lively(8, generator), unit_vectors(10, generator)
    gain = torch.tensor([0.5, 2.0, 3.0])
    torch.testing.assert_close(
        prefilter(env).scaled(gain).irradiance(axes), prefilter(env.scaled(gain)).irradiance(axes)
    )


def test_irradiance_of_a_small_source_follows_lamberts_cosine() -> None:
    toward = torch.nn.functional.normalize(torch.tensor([1.0, 0.2, 0.1]), dim=0)
    env = source(128, toward)
    expected = torch.stack([irradiance_toward(env, axis) for axis in AXES])
    # +x faces the source, and gets 1/π of (1, 2, 4) times the cosine.
    lambert = toward[0] * torch.tensor([1.0, 2.0, 4.0]) / math.pi
    torch.testing.assert_close(expected[0], lambert, rtol=5e-3, atol=0)
    # Axes stand on texels, so that only the copy's texels of 0.05 rad count.
    found = prefilter(env).irradiance(AXES)
    torch.testing.assert_close(found, expected, rtol=5e-3, atol=5e-3)


def test_gradients_in_direction_and_roughness_are_those_of_differences(
    generator: torch.Generator,
) -> None:
    light = prefilter(lively(8, generator))
    light = replace(light, texels=light.texels.double())
    axes = unit_vectors(12, generator).double().requires_grad_()
    roughness = (0.1 + 0.8 * torch.rand(12, 1, generator=generator)).double().requires_grad_()
    assert torch.autograd.gradcheck(light.specular, (axes, roughness))
    assert torch.autograd.gradcheck(light.irradiance, (axes,))
