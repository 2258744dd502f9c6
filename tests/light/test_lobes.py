import math

import pytest
import torch
from tests.light.maps import AXES, unit_vectors
from torch import Tensor

from incarnate.light.environment import directions_of_texels
from incarnate.light.lobes import frames_about, glossy_lobe, lobe_matrix


def polar_mean(roughness: float) -> float:
    """Mean cosine to the axis under D(h)/4 · n·l, by a fine quadrature over the polar angle."""
    theta = (torch.arange(200_000, dtype=torch.float64) + 0.5) * (0.5 * math.pi / 200_000)
    half_cosine = (0.5 * theta).cos()
    density = (half_cosine**2 * (roughness**4 - 1) + 1) ** -2
    weight = density * theta.cos() * theta.sin()
    return float((weight * theta.cos()).sum() / weight.sum())


@pytest.mark.parametrize("roughness", [1 / 7, 3 / 7, 1.0])
@pytest.mark.parametrize("count", [64, 1024])
def test_lobes_have_unit_weight_and_the_width_of_ggx(roughness: float, count: int) -> None:
    parts = glossy_lobe(roughness, count)
    weights = torch.cat([part.weights for part in parts])
    directions = torch.cat([part.directions for part in parts])
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0).double())
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(len(weights)).double())
    mean = weights @ directions
    # Stratified samples: errors fall as 1 / count; 2 / count covers the lobes here.
    torch.testing.assert_close(mean[2].item(), polar_mean(roughness), atol=2 / count, rtol=0)
    assert mean[:2].abs().max() < 2 / count


def test_a_lobe_of_one_direction_is_a_mirror() -> None:
    (part,) = glossy_lobe(0.0, 1)
    torch.testing.assert_close(part.directions, torch.tensor([[0.0, 0.0, 1.0]]).double())
    torch.testing.assert_close(part.weights, torch.ones(1).double())


def test_rare_directions_read_coarser_copies() -> None:
    parts = glossy_lobe(0.4, 64)
    heights = [part.source_height for part in parts]
    cosines = [float(part.directions[:, 2].mean()) for part in parts]
    assert heights == sorted(heights)
    assert cosines == sorted(cosines)
    assert len(parts) > 1


@pytest.mark.parametrize("roughness", [None, 0.5, 1.0])
def test_lobe_matrices_average(roughness: float | None) -> None:
    shares = lobe_matrix(AXES.double(), roughness, 16)
    assert shares.min() >= 0
    torch.testing.assert_close(shares.sum(-1), torch.ones(6).double())


def test_the_cosine_lobe_is_two_thirds_wide() -> None:
    directions = directions_of_texels(64, 128, torch.float64).reshape(-1, 3)
    mean = lobe_matrix(AXES.double(), None, 64) @ directions
    # ∫ cos² dω / ∫ cos dω = 2/3; texels of 0.05 rad leave 0.05²/2.
    torch.testing.assert_close(mean, AXES.double() * 2 / 3, atol=2e-3, rtol=0)


def axes(generator: torch.Generator) -> Tensor:
    near_poles = torch.tensor([[1e-6, 0.0, -1.0], [-1e-6, 1e-6, 1.0]])
    near_poles = torch.nn.functional.normalize(near_poles, dim=-1)
    return torch.cat([AXES, near_poles, unit_vectors(50, generator)]).double()


def test_frames_are_rotations_onto_the_axis(generator: torch.Generator) -> None:
    z = torch.nn.functional.normalize(axes(generator), dim=-1)
    frames = frames_about(z)
    identity = torch.eye(3).double().expand_as(frames)
    torch.testing.assert_close(frames @ frames.mT, identity)
    torch.testing.assert_close(torch.linalg.det(frames), torch.ones(len(z)).double())
    assert torch.equal(frames[:, 2], z)
