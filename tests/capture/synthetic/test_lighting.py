"""Light by samples against sums over all texels, and the energy of the specular layer."""

import pytest
import torch
from torch import Tensor

from incarnate.capture.synthetic.lighting import (
    gathered_light,
    reflected_share,
    sampled_lights,
    specular_light,
)
from incarnate.light.brdf import ggx_specular, specular_albedo
from incarnate.light.environment import Environment, directions_of_texels, solid_angles_of_texels
from incarnate.light.sampling import irradiance_toward

WHITE = Environment(torch.ones(16, 32, 3))


def soft_light() -> Environment:
    directions = directions_of_texels(32, 64)
    glow = (directions @ torch.tensor([0.48, 0.6, 0.64])).clamp(min=0) ** 4
    return Environment(0.2 + glow[..., None] * torch.tensor([3.0, 2.0, 1.0]))


def normals(generator: torch.Generator, count: int = 30) -> Tensor:
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)


def test_equal_seeds_give_equal_lights() -> None:
    first, second = (sampled_lights(soft_light(), 50, 3) for _ in range(2))
    assert torch.equal(first.directions, second.directions)
    assert torch.equal(first.power, second.power)


def test_diffuse_light_is_the_irradiance(generator: torch.Generator) -> None:
    env = soft_light()
    lights = sampled_lights(env, 512, 0)
    facing = normals(generator)
    visible = torch.ones(len(facing), 512)
    vectors = gathered_light(lights, facing, visible)
    sampled = (vectors @ facing[..., None])[..., 0]
    exact = torch.stack([irradiance_toward(env, normal) for normal in facing])
    # 512 stratified samples: 2 % of the light, 3 % at most seen.
    assert (sampled - exact).abs().max() < 0.05 * exact.mean()


def test_what_is_hidden_gives_nothing(generator: torch.Generator) -> None:
    lights = sampled_lights(soft_light(), 64, 0)
    facing = normals(generator)
    assert gathered_light(lights, facing, torch.zeros(len(facing), 64)).abs().max() == 0


def test_light_from_below_the_surface_is_left_out() -> None:
    lights = sampled_lights(soft_light(), 256, 0)
    up = torch.tensor([[0.0, 1.0, 0.0]])
    alone = gathered_light(lights, up, (lights.directions[:, 1] > 0).float()[None])
    assert torch.allclose(gathered_light(lights, up, torch.ones(1, 256)), alone, atol=1e-6)


def lobes(count: int = 60) -> tuple[Tensor, Tensor]:
    views = torch.nn.functional.normalize(torch.tensor([0.4, 0.1, 0.9]), dim=0).expand(count, 3)
    lean = torch.linspace(-1.2, 1.2, count)
    return torch.stack([lean.sin(), 0 * lean, lean.cos()], -1), views


def summed_specular(env: Environment, facing: Tensor, views: Tensor, roughness: float) -> Tensor:
    """The reflection integral over all texels of a map."""
    height, width, _ = env.radiance.shape
    light = directions_of_texels(height, width).reshape(-1, 3)
    weights = (env.radiance * solid_angles_of_texels(height, width)[..., None]).reshape(-1, 3)
    half = torch.nn.functional.normalize(light[None] + views[:, None], dim=-1)
    n_dot_l = facing @ light.T
    material = (torch.tensor(roughness), torch.tensor(0.04))
    value = ggx_specular(
        n_dot_l,
        (facing * views).sum(-1, keepdim=True).expand_as(n_dot_l),
        (half * facing[:, None]).sum(-1),
        (half * views[:, None]).sum(-1),
        material,
    )
    return (value * n_dot_l.clamp(min=0)) @ weights


def test_specular_light_is_the_reflection_integral() -> None:
    env, (facing, views) = soft_light(), lobes()
    lights = sampled_lights(env, 4096, 0)
    material = (torch.full((60, 1), 0.5), torch.full((60, 1), 0.04))
    sampled = specular_light(lights, facing, views, material, torch.ones(60, 4096))
    exact = summed_specular(env, facing, views, 0.5)
    # About 200 of 4096 samples fall in the lobe: 7 % of a lobe at worst.
    assert (sampled - exact).abs().max() < 0.08 * exact.max()


def test_no_points_have_no_highlights() -> None:
    lights, none = sampled_lights(WHITE, 16, 0), torch.zeros(0, 3)
    material = (torch.zeros(0, 1), torch.zeros(0, 1))
    assert specular_light(lights, none, none, material, torch.zeros(0, 16)).shape == (0, 3)


@pytest.mark.parametrize("roughness", [0.2, 0.35, 0.5, 0.8])
def test_the_share_that_is_reflected_agrees_with_the_split_sum(roughness: float) -> None:
    # Two quadratures of one integral, written apart: the avatar's shading uses the other.
    cosine = torch.linspace(0.1, 1.0, 40)[:, None]
    rough, f0 = torch.full((40, 1), roughness), torch.full((40, 1), 0.04)
    difference = reflected_share(rough, cosine, f0) - specular_albedo(rough, cosine, f0)
    # The tables of 24 and 64 steps are bilinear; grazing Fresnel bends in between.
    assert difference.abs().max() < 0.012


@pytest.mark.parametrize("roughness", [0.35, 0.6])
def test_a_white_room_gives_back_the_share(roughness: float) -> None:
    facing, views = lobes()
    lights = sampled_lights(WHITE, 16384, 0)
    rough, f0 = torch.full((60, 1), roughness), torch.full((60, 1), 0.04)
    reflected = specular_light(lights, facing, views, (rough, f0), torch.ones(60, 16384))
    share = reflected_share(rough, (facing * views).sum(-1, keepdim=True), f0)
    # 16384 samples over the sphere, some hundred in the lobe; at grazing view all is noise.
    in_view = (facing * views).sum(-1) > 0.3
    assert (reflected - share)[in_view].abs().max() < 0.02
