import math

import pytest
import torch
from torch import Tensor

from incarnate.light.brdf import (
    TABLE_SIZE,
    ggx_specular,
    specular_albedo,
    split_sum,
    split_sum_table,
)


def monte_carlo_albedo(
    roughness: float, n_dot_v: float, reflectance: float, generator: torch.Generator
) -> float:
    """∫ f · n·l dω of `ggx_specular`, drawing half vectors by D(h) · n·h (Walter et al. 2007)."""
    count, alpha = 200_000, roughness**2
    # Stratified in one number: the error falls well below that of independent draws.
    u = (torch.arange(count).double() + torch.rand(count, generator=generator).double()) / count
    azimuth = 2 * math.pi * torch.rand(count, generator=generator).double()
    n_dot_h = ((1 - u) / (1 + (alpha**2 - 1) * u)).sqrt()
    sine = (1 - n_dot_h**2).sqrt()
    half = torch.stack([sine * azimuth.cos(), sine * azimuth.sin(), n_dot_h], -1)
    view = torch.tensor([math.sqrt(1 - n_dot_v**2), 0.0, n_dot_v]).double()
    v_dot_h = half @ view
    n_dot_l = 2 * v_dot_h * n_dot_h - n_dot_v
    material = (torch.tensor([roughness]).double(), torch.tensor([reflectance]).double())
    value = ggx_specular(n_dot_l, view[2].expand(count), n_dot_h, v_dot_h.clamp(min=1e-9), material)
    slope = n_dot_h**2 * (alpha**2 - 1) + 1
    pdf = alpha**2 / (math.pi * slope**2) * n_dot_h / (4 * v_dot_h.clamp(min=1e-9))
    return float(torch.where(v_dot_h > 0, value * n_dot_l.clamp(min=0) / pdf, 0.0).mean())


@pytest.mark.parametrize("roughness", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("n_dot_v", [0.15, 0.6, 1.0])
def test_the_table_is_the_integral_of_the_reflection_function(
    roughness: float, n_dot_v: float, generator: torch.Generator
) -> None:
    for reflectance in (0.04, 1.0):
        expected = monte_carlo_albedo(roughness, n_dot_v, reflectance, generator)
        arguments = (torch.tensor([[x]]) for x in (roughness, n_dot_v, reflectance))
        # Four standard errors of the estimate at grazing view, and the table's bilinear reads.
        assert abs(float(specular_albedo(*arguments)) - expected) < 4e-3


def test_no_surface_gives_back_more_than_it_gets() -> None:
    table = split_sum_table()
    assert table.shape == (TABLE_SIZE, TABLE_SIZE, 2)
    assert table.min() >= 0
    # F0 = 1: scale + bias; a quadrature of 256 points.
    assert table.sum(-1).max() <= 1 + 1e-5


def test_a_smooth_surface_reflects_by_schlick() -> None:
    cosines = torch.linspace(0.1, 1, 30)[:, None]
    fresnel = 0.04 + 0.96 * (1 - cosines) ** 5
    found = specular_albedo(torch.zeros(30, 1), cosines, torch.full((30, 1), 0.04))
    # The table is bilinear: a cell of 1/63 leaves 20/8 · (1/63)² of the steepest curvature.
    torch.testing.assert_close(found, fresnel, atol=1e-3, rtol=0)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
def test_reads_keep_their_shape_and_hit_table_entries(shape: tuple[int, ...]) -> None:
    table = split_sum_table()
    at = 17 / (TABLE_SIZE - 1)
    found = split_sum(torch.full((*shape, 1), at), torch.full((*shape, 1), 1.0))
    torch.testing.assert_close(found, table[17, -1].expand(*shape, 2), atol=1e-5, rtol=0)


def test_reads_clamp_outside_the_table() -> None:
    table = split_sum_table()
    torch.testing.assert_close(split_sum(torch.tensor([2.0]), torch.tensor([-1.0])), table[-1, 0])


def test_the_gradient_of_a_read_is_that_of_its_differences(generator: torch.Generator) -> None:
    roughness, n_dot_v, reflectance = torch.rand(3, 20, 1, generator=generator).double().unbind(0)
    inputs = tuple(x.requires_grad_() for x in (roughness, n_dot_v, reflectance))
    assert torch.autograd.gradcheck(specular_albedo, inputs)


def cosines(light: Tensor, view: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    half = torch.nn.functional.normalize(light + view, dim=-1)
    return light[:, 2], view[:, 2], half[:, 2], (view * half).sum(-1)


def test_reflection_is_reciprocal_and_ends_at_the_horizon(generator: torch.Generator) -> None:
    light, view = (
        torch.nn.functional.normalize(torch.randn(100, 3, generator=generator).double(), dim=-1)
        for _ in range(2)
    )
    material = (torch.tensor([0.4]).double(), torch.tensor([0.04]).double())
    forth = ggx_specular(*cosines(light, view), material)
    back = ggx_specular(*cosines(view, light), material)
    torch.testing.assert_close(forth, back)
    under = (light[:, 2] <= 0) | (view[:, 2] <= 0)
    assert (forth[under] == 0).all()
    assert (forth[~under] > 0).all()
