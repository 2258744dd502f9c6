import math

import pytest
import torch
from tests.light.maps import AXES, lively, source, turned, unit_vectors, white

from incarnate.light.environment import (
    Environment,
    directions_of_texels,
    map_coordinates,
    solid_angles_of_texels,
)
from incarnate.light.sampling import (
    bilinear_taps,
    downsampled,
    importance_samples,
    irradiance_toward,
    luminance,
    mean_radiance,
    radiance_along,
)


def test_texel_centres_read_their_texels(generator: torch.Generator) -> None:
    env = lively(8, generator)
    # Coordinates of texel centres are off by a few float32 roundings.
    torch.testing.assert_close(
        radiance_along(env, directions_of_texels(8, 16)), env.radiance, rtol=1e-4, atol=1e-5
    )


def test_weights_of_taps_sum_to_one_also_over_poles_and_seam(generator: torch.Generator) -> None:
    coordinates = torch.cat(
        [torch.rand(200, 2, generator=generator), torch.tensor([[0.0, 0.0], [1.0, 1.0]])]
    )
    indices, weights = bilinear_taps(coordinates, 6, 12)
    torch.testing.assert_close(weights.sum(-1), torch.ones(202))
    assert indices.min() >= 0
    assert indices.max() < 72


@pytest.mark.parametrize("axis", AXES)
def test_reads_are_continuous_across_seam_and_poles(
    axis: torch.Tensor, generator: torch.Generator
) -> None:
    env = lively(8, generator)
    around = axis + 1e-5 * unit_vectors(64, generator)
    reads = radiance_along(env, torch.nn.functional.normalize(around, dim=-1))
    # Near a pole the map turns at once: only directions of one azimuth may be compared there.
    if axis[1] == 0:
        # The steepest edge of the map is 100 a texel of 0.4 rad.
        torch.testing.assert_close(reads, reads[:1].expand_as(reads), atol=5e-3, rtol=0)
    over = torch.tensor([[1e-5, 1.0, 0.0], [-1e-5, 1.0, 0.0]])
    pole = radiance_along(env, torch.nn.functional.normalize(over, dim=-1))
    torch.testing.assert_close(pole[0], pole[1], atol=5e-3, rtol=0)


@pytest.mark.parametrize("angle", [-1.3, math.pi, 2.0])
def test_turned_light_comes_from_turned_directions(
    angle: float, generator: torch.Generator
) -> None:
    env, directions = lively(16, generator), unit_vectors(100, generator)
    there = radiance_along(env.rotated(angle), turned(directions, angle))
    # Azimuths are rounded to float32; the map changes by up to 30 in a texel.
    torch.testing.assert_close(there, radiance_along(env, directions), rtol=1e-3, atol=1e-3)
    normal = directions[0]
    torch.testing.assert_close(
        irradiance_toward(env.rotated(angle), turned(normal, angle)),
        irradiance_toward(env, normal),
    )


@pytest.mark.parametrize(("old", "new"), [(32, 16), (32, 8), (30, 7), (9, 8)])
def test_smaller_maps_keep_energy_and_whole_texels(
    old: int, new: int, generator: torch.Generator
) -> None:
    env = lively(old, generator)
    small = downsampled(env.rotated(0.4), new)
    assert small.radiance.shape == (new, 2 * new, 3)
    assert small.rotation == 0.4
    torch.testing.assert_close(mean_radiance(small), mean_radiance(env))
    assert downsampled(env, old) is env
    if old % new == 0:
        step = old // new
        power = env.radiance * solid_angles_of_texels(old, 2 * old)[..., None]
        blocks = power.reshape(new, step, 2 * new, step, 3).sum((1, 3))
        expected = blocks / solid_angles_of_texels(new, 2 * new)[..., None]
        torch.testing.assert_close(small.radiance, expected)


def test_downsampling_keeps_the_irradiance_of_a_small_sun() -> None:
    sun = source(256, torch.nn.functional.normalize(torch.tensor([1.0, 2.0, 2.0]), dim=0))
    normal = torch.tensor([0.0, 0.0, 1.0])
    # A texel of 16 rows is 0.2 rad wide: the sun's centre moves by a part of it.
    torch.testing.assert_close(
        irradiance_toward(downsampled(sun, 16), normal),
        irradiance_toward(sun, normal),
        rtol=0.05,
        atol=0,
    )


def test_irradiance_of_known_lights() -> None:
    torch.testing.assert_close(
        irradiance_toward(white(32), AXES[4]), torch.ones(3), rtol=1e-3, atol=0
    )
    color = torch.tensor([1.0, 2.0, 4.0]) / math.pi
    toward = torch.nn.functional.normalize(torch.tensor([2.0, 1.0, 1.0]), dim=0)
    # The light is 2° wide, and its middle lies within a texel of 0.7°.
    torch.testing.assert_close(
        irradiance_toward(source(256, toward), AXES[0]), color * toward[0], rtol=2e-3, atol=0
    )
    torch.testing.assert_close(irradiance_toward(source(256, toward), AXES[1]), torch.zeros(3))


def test_importance_samples_estimate_known_integrals(generator: torch.Generator) -> None:
    env = lively(16, generator).rotated(0.9)
    drawn = importance_samples(env, 20_000, generator)
    torch.testing.assert_close(drawn.directions.norm(dim=-1), torch.ones(20_000))
    share = drawn.radiance / drawn.pdf[:, None]
    fine = Environment(
        radiance_along(env, directions_of_texels(256, 512)), name="bilinear, drawn finely"
    )
    # Stratified samples of light in proportion to it: 0.5 % is about four standard errors.
    torch.testing.assert_close(
        share.mean(0) / (4 * math.pi), mean_radiance(fine), rtol=5e-3, atol=0
    )
    normal = torch.tensor([0.0, 0.6, 0.8])
    cosine = (drawn.directions @ normal).clamp(min=0)[:, None]
    torch.testing.assert_close(
        (share * cosine).mean(0) / math.pi, irradiance_toward(fine, normal), rtol=1e-2, atol=0
    )


def test_importance_samples_turn_with_the_light_and_repeat(generator: torch.Generator) -> None:
    env = lively(8, generator)
    seeds = [torch.Generator().manual_seed(4) for _ in range(3)]
    still, again, moved = (
        importance_samples(light, 500, seed)
        for light, seed in zip((env, env, env.rotated(0.7)), seeds, strict=True)
    )
    assert torch.equal(still.directions, again.directions)
    torch.testing.assert_close(moved.directions, turned(still.directions, 0.7), atol=1e-6, rtol=0)
    assert torch.equal(moved.pdf, still.pdf)


def test_importance_samples_have_the_radiance_of_their_direction(
    generator: torch.Generator,
) -> None:
    env = lively(8, generator)
    drawn = importance_samples(env, 500, generator)
    coordinates = map_coordinates(drawn.directions)
    # Right at a pole the azimuth of a float32 direction is lost.
    clear = (coordinates[:, 1] > 0.01) & (coordinates[:, 1] < 0.99)
    torch.testing.assert_close(
        radiance_along(env, drawn.directions)[clear], drawn.radiance[clear], rtol=1e-3, atol=1e-3
    )


def test_a_single_bright_texel_gets_nearly_all_samples(generator: torch.Generator) -> None:
    radiance = torch.full((8, 16, 3), 1e-6)
    radiance[3, 5] = 1e3
    drawn = importance_samples(Environment(radiance), 200, generator)
    towards = directions_of_texels(8, 16)[3, 5]
    # The tent of a bilinear read is two texels of π/8 wide.
    assert (drawn.directions @ towards).min() > math.cos(math.sqrt(2) * math.pi / 8)


def test_luminance_of_white_is_one() -> None:
    torch.testing.assert_close(luminance(torch.ones(2, 3)), torch.ones(2))
