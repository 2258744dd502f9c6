import math

import pytest
import torch
from tests.light.maps import lively, source, unit_vectors, white
from torch import Tensor

from incarnate.light.brdf import ggx_specular
from incarnate.light.environment import directions_of_texels, solid_angles_of_texels
from incarnate.light.prefilter import prefilter
from incarnate.light.sampling import radiance_along
from incarnate.light.shading import SurfaceMaps, shade_surface, specular_occlusion


def surface(normals: Tensor, *, albedo: float, roughness: float, reflectance: float) -> SurfaceMaps:
    def same(value: float, channels: int) -> Tensor:
        return normals.new_full((*normals.shape[:-1], channels), value)

    return SurfaceMaps(same(albedo, 3), same(roughness, 1), same(reflectance, 1), normals)


def facing_pairs(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Normals, and views from above the surface."""
    normals, views = unit_vectors(count, generator), unit_vectors(count, generator)
    views = torch.where((normals * views).sum(-1, keepdim=True) < 0, -views, views)
    return normals, views


@pytest.mark.parametrize("roughness", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("reflectance", [0.0, 0.04, 1.0])
def test_white_furnace(roughness: float, reflectance: float, generator: torch.Generator) -> None:
    normals, views = facing_pairs(200, generator)
    materials = surface(normals, albedo=1.0, roughness=roughness, reflectance=reflectance)
    light = prefilter(white())
    # What the specular layer leaves goes to the diffuse one, so that all comes back: float32.
    out = shade_surface(materials, views, light).radiance
    torch.testing.assert_close(out, torch.ones_like(out), rtol=1e-4, atol=0)
    black = surface(normals, albedo=0.0, roughness=roughness, reflectance=reflectance)
    assert shade_surface(black, views, light).radiance.max() <= 1 + 1e-4


def test_a_small_light_from_the_left_lights_the_left_by_lamberts_law() -> None:
    toward = torch.tensor([1.0, 0.0, 0.0])
    light = prefilter(source(128, toward))
    angle = torch.linspace(-math.pi, math.pi, 49)
    normals = torch.stack([angle.cos(), torch.zeros(49), angle.sin()], -1)
    materials = surface(normals, albedo=0.5, roughness=0.9, reflectance=0.0)
    found = shade_surface(materials, normals, light).diffuse
    # At F0 = 0 and n = v the specular layer takes nothing.
    expected = normals[:, :1].clamp(min=0) * torch.tensor([1.0, 2.0, 4.0]) * 0.5 / math.pi
    # A light of 0.05 rad, its copy's texels of 0.05 rad, and cells of up to 0.15 rad at the
    # terminator, where Lambert's law has its kink.
    torch.testing.assert_close(found, expected, atol=0.01, rtol=0.01)


@pytest.mark.parametrize(("roughness", "bound"), [(0.4, 0.15), (0.7, 0.2)])
def test_shading_is_near_the_reflection_integral(
    roughness: float, bound: float, generator: torch.Generator
) -> None:
    env = lively(64, generator)
    normals, views = facing_pairs(60, generator)
    # The lobe of the split sum is that of a view along the normal: grazing views are left out.
    frontal = (normals * views).sum(-1) > 0.7
    normals, views = normals[frontal], views[frontal]
    toward_light = directions_of_texels(96, 192).reshape(-1, 3)
    half = torch.nn.functional.normalize(views[:, None] + toward_light, dim=-1)
    n_dot_l = normals @ toward_light.t()
    value = ggx_specular(
        n_dot_l,
        (normals * views).sum(-1, keepdim=True).expand_as(n_dot_l),
        (normals[:, None] * half).sum(-1),
        (views[:, None] * half).sum(-1),
        (torch.tensor([roughness]), torch.tensor([0.04])),
    )
    weight = value * n_dot_l.clamp(min=0) * solid_angles_of_texels(96, 192).reshape(-1)
    expected = weight @ radiance_along(env, toward_light)
    materials = surface(normals, albedo=0.0, roughness=roughness, reflectance=0.04)
    found = shade_surface(materials, views, prefilter(env)).specular
    # The split sum's own error under lamps of 0.1 to 1 rad: rough lobes lean off the mirror's way.
    assert (found - expected).abs().mean() < bound * expected.mean()


def test_gradients_of_every_material_are_those_of_differences(generator: torch.Generator) -> None:
    light = prefilter(lively(8, generator))
    light = type(light)(light.texels.double(), light.sides, 0.3)
    normals, views = (x.double() for x in facing_pairs(8, generator))
    albedo = torch.rand(8, 3, generator=generator).double()
    # Away from 0 and 1, where reads are clamped.
    scalars = (0.1 + 0.8 * torch.rand(3, 8, 1, generator=generator).double()).unbind(0)

    def shade(*maps: Tensor) -> tuple[Tensor, Tensor]:
        out = shade_surface(SurfaceMaps(*maps[:5]), maps[5], light)
        return out.diffuse, out.specular

    roughness, reflectance, occlusion = scalars
    inputs = (albedo, roughness, reflectance, normals, occlusion, views)
    assert torch.autograd.gradcheck(shade, tuple(x.requires_grad_() for x in inputs))


def test_shading_is_linear_in_the_light(generator: torch.Generator) -> None:
    env = lively(8, generator)
    normals, views = facing_pairs(20, generator)
    materials = surface(normals, albedo=0.4, roughness=0.5, reflectance=0.04)
    once = shade_surface(materials, views, prefilter(env)).radiance
    thrice = shade_surface(materials, views, prefilter(env.scaled(3.0))).radiance
    torch.testing.assert_close(thrice, 3 * once, rtol=1e-4, atol=1e-5)


def test_occlusion_hides_nothing_at_one_and_all_at_zero(generator: torch.Generator) -> None:
    cosines, roughness = torch.rand(2, 100, 1, generator=generator).unbind(0)
    open_sky = specular_occlusion(torch.ones(100, 1), cosines, roughness)
    torch.testing.assert_close(open_sky, torch.ones(100, 1))
    assert (specular_occlusion(torch.zeros(100, 1), cosines, roughness) == 0).all()


def test_occlusion_rises_with_what_is_visible(generator: torch.Generator) -> None:
    cosines, roughness = torch.rand(2, 50, 1, 1, generator=generator).unbind(0)
    visible = torch.linspace(0, 1, 30)[None, :, None]
    shape = (50, 30, 1)
    share = specular_occlusion(
        visible.expand(shape), cosines.expand(shape), roughness.expand(shape)
    )
    assert (share.diff(dim=1) >= -1e-6).all()
    assert share.min() >= 0
    assert share.max() <= 1


def test_occluded_surfaces_are_darker_in_both_parts(generator: torch.Generator) -> None:
    normals, views = facing_pairs(30, generator)
    light = prefilter(lively(8, generator))
    bare = surface(normals, albedo=0.4, roughness=0.5, reflectance=0.04)
    half = SurfaceMaps(
        bare.albedo, bare.roughness, bare.reflectance, normals, torch.full((30, 1), 0.5)
    )
    lit, hidden = shade_surface(bare, views, light), shade_surface(half, views, light)
    torch.testing.assert_close(hidden.diffuse, 0.5 * lit.diffuse)
    assert (hidden.specular <= lit.specular).all()
