import pytest
import torch

from incarnate.errors import LightError
from incarnate.light.environment import directions_of_texels, solid_angles_of_texels
from incarnate.light.prefilter import prefilter
from incarnate.light.procedural import PROCEDURAL_NAMES, procedural_environment
from incarnate.light.sampling import irradiance_toward, luminance

FORWARD = torch.tensor([0.0, 0.0, 1.0])


@pytest.mark.parametrize("name", PROCEDURAL_NAMES)
@pytest.mark.parametrize(("height", "tolerance"), [(512, 1e-3), (64, 0.02), (16, 0.05)])
def test_what_faces_the_camera_is_exposed_alike(name: str, height: int, tolerance: float) -> None:
    env = procedural_environment(name, height)
    assert env.radiance.shape == (height, 2 * height, 3)
    assert env.name == name
    # A smaller map keeps its energy; its texels move the light's middle by a part of one.
    assert float(luminance(irradiance_toward(env, FORWARD))) == pytest.approx(1, rel=tolerance)


@pytest.mark.parametrize("name", PROCEDURAL_NAMES)
def test_light_is_finite_positive_and_the_same_each_time(name: str) -> None:
    env, again = procedural_environment(name), procedural_environment(name)
    assert torch.equal(env.radiance, again.radiance)
    assert env.radiance.isfinite().all()
    assert (env.radiance > 0).all()


@pytest.mark.parametrize("name", PROCEDURAL_NAMES)
def test_white_skin_in_front_is_not_burnt_out(name: str) -> None:
    light = prefilter(procedural_environment(name, 64))
    angles = torch.linspace(-0.7, 0.7, 9)
    across = torch.stack([angles.sin(), torch.zeros(9), angles.cos()], -1)
    # An albedo of 0.5, as of the lightest skin, stays below display white.
    assert (0.5 * light.irradiance(across)).max() < 1


def test_the_sun_is_as_far_above_the_sky_as_outdoors() -> None:
    env = procedural_environment("sky")
    directions = directions_of_texels(512, 1024)
    bright = luminance(env.radiance)
    toward_sun = directions.reshape(-1, 3)[bright.argmax()]
    assert toward_sun[1] > 0.5
    sun = (directions @ toward_sun) > 0.9997
    power = bright * solid_angles_of_texels(512, 1024)
    diffuse = power * directions[..., 1].clamp(min=0)
    # Sun to sky on level ground: 85 sin 42° to 14 klx, less what the sky has around the sun.
    ratio = float(diffuse[sun].sum() / diffuse[~sun].sum())
    assert 3.5 < ratio < 4.5
    sky = bright[(directions[..., 1] > 0) & ~sun]
    assert bright.max() > 1e4 * sky.median()
    # The disc is 0.5° wide; with its edge its light fits in 1°.
    assert power[sun].sum() > 100 * power[((directions @ toward_sun) > 0.999) & ~sun].sum()


def test_the_key_stands_on_the_subjects_left_and_neon_is_coloured() -> None:
    studio = procedural_environment("studio", 64)
    left, right = (irradiance_toward(studio, torch.tensor([x, 0.0, 0.5])) for x in (0.87, -0.87))
    assert luminance(left) > 1.2 * luminance(right)
    street = procedural_environment("night_street", 64)
    red, green, _ = irradiance_toward(street, torch.tensor([-1.0, 0.0, 0.0]))
    assert red > 1.5 * green


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(LightError, match=r"'moon'.*sky, studio, night_street"):
        procedural_environment("moon")


@pytest.mark.parametrize("height", [0, 1, 513])
def test_sizes_that_are_not_possible_are_named(height: int) -> None:
    with pytest.raises(LightError, match=f"{height} rows.*2 to 512"):
        procedural_environment("sky", height)
