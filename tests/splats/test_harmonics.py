"""Spherical harmonics: orthonormal, as specified, and fits that return what they were given."""

import math

import pytest
import torch

from incarnate.splats.harmonics import (
    HarmonicFit,
    colours_along,
    even_directions,
    harmonic_basis,
)


def test_the_basis_is_orthonormal_on_the_sphere() -> None:
    directions = even_directions(20_000).double()
    basis = harmonic_basis(directions, 3)
    gram = 4 * math.pi / len(directions) * basis.T @ basis
    # A spiral of N points integrates polynomials of degree 6 to about 1/N.
    torch.testing.assert_close(gram, torch.eye(16).double(), atol=1e-4, rtol=0)


def test_the_constants_are_those_of_the_specification() -> None:
    # KHR_gaussian_splatting, appendix: values of the listed functions at one direction.
    x, y, z = direction = torch.tensor([0.6, -0.48, 0.64])
    expected = [
        0.2820947917738781,
        -0.4886025119029199 * y, 0.4886025119029199 * z, -0.4886025119029199 * x,
        1.092548430592079 * x * y, -1.092548430592079 * y * z,
        0.31539156525252 * (2 * z * z - x * x - y * y), -1.092548430592079 * x * z,
        0.5462742152960395 * (x * x - y * y),
        -0.5900435899266435 * y * (3 * x * x - y * y), 2.890611442640554 * x * y * z,
        -0.4570457994644657 * y * (4 * z * z - x * x - y * y),
        0.3731763325901154 * z * (2 * z * z - 3 * x * x - 3 * y * y),
        -0.4570457994644657 * x * (4 * z * z - x * x - y * y),
        1.445305721320277 * z * (x * x - y * y),
        -0.5900435899266435 * x * (x * x - 3 * y * y),
    ]  # fmt: skip
    torch.testing.assert_close(harmonic_basis(direction, 3), torch.tensor(expected))


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_lower_degree_is_the_beginning_of_a_higher(degree: int) -> None:
    directions = even_directions(7)
    whole = harmonic_basis(directions, 3)
    torch.testing.assert_close(harmonic_basis(directions, degree), whole[:, : (degree + 1) ** 2])


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_fit_returns_harmonics(degree: int, generator: torch.Generator) -> None:
    size = (degree + 1) ** 2
    truth = 0.1 * torch.randn(5, size, 3, generator=generator)
    fit = HarmonicFit(5, degree)
    for direction in even_directions(80):
        along = direction.expand(5, 3)
        weights = torch.rand(5, generator=generator) + 0.1
        fit.add(direction, colours_along(truth, along), weights)
    # The pull toward zero takes a thousandth.
    torch.testing.assert_close(fit.solve(), truth, atol=1e-3, rtol=0)


def test_the_unseen_side_stays_calm() -> None:
    fit = HarmonicFit(1, 3)
    for direction in even_directions(200):
        if direction[2] < -0.7:
            fit.add(direction, torch.full((1, 3), 0.5 + 0.4 * direction[0].item()), torch.ones(1))
    behind = even_directions(200)
    seen = colours_along(fit.solve().expand(200, -1, -1), behind)
    front = behind[:, 2] < -0.7
    expected = 0.5 + 0.4 * behind[front, :1]
    torch.testing.assert_close(seen[front], expected.expand(-1, 3), atol=0.02, rtol=0)
    # Colours of the front lie within 0.21 to 0.79; beyond it they may not run away.
    assert seen.min() >= 0
    assert seen.max() < 1.5
