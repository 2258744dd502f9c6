"""Diffused weights: a partition of unity, right at the surface, smooth in between."""

import math

import pytest
import torch
from tests.rigs.capsules import two_capsules

from incarnate.rigs.weight_volume import WeightVolume, diffuse_weights, strongest_weights

NUM_VOXELS = 20**3


@pytest.fixture(scope="module")
def volume() -> WeightVolume:
    """Around two parallel limbs of one joint each, 30 cm apart."""
    vertices, faces, weights = two_capsules()
    return diffuse_weights(vertices, faces, weights, num_voxels=NUM_VOXELS, layer=0.0)


def test_weights_are_a_partition_of_unity(volume: WeightVolume, generator: torch.Generator) -> None:
    # Points far outside the box take its border's weights.
    points = 2 * torch.randn(500, 3, generator=generator)
    weights = volume.sample(points)
    assert (weights >= 0).all()
    # Sums of a few float32 values near one.
    torch.testing.assert_close(weights.sum(-1), torch.ones(500), rtol=0, atol=1e-5)


def test_the_surface_keeps_its_weights() -> None:
    vertices, faces, weights = two_capsules()
    volume = diffuse_weights(vertices, faces, weights, num_voxels=NUM_VOXELS)
    # A voxel is 4 cm, the layer 5: at the limbs' ends a few percent of the other limb may come in.
    assert (volume.sample(vertices) - weights).abs().max() < 0.05


def test_free_voxels_are_the_mean_of_their_neighbours(volume: WeightVolume) -> None:
    values = volume.weights[:, 0].unflatten(0, volume.grid.shape)
    inner = values[1:-1, 1:-1, 1:-1]
    around = sum(
        values[1 + x : values.shape[0] - 1 + x, 1 + y : values.shape[1] - 1 + y,
               1 + z : values.shape[2] - 1 + z]
        for x, y, z in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    )  # fmt: skip
    is_free = (inner > 0.05) & (inner < 0.95)
    assert is_free.sum() > 500
    # The solver stops at residuals of about a thousandth.
    assert (inner - around / 6)[is_free].abs().max() < 3e-3


def test_half_way_between_equal_limbs_both_count_the_same(volume: WeightVolume) -> None:
    points = torch.tensor([[0.0, 0, 0], [0.0, 0.1, 0.05]])
    # The grid is not centred on the plane of symmetry, and a voxel is 4 cm of 30.
    torch.testing.assert_close(volume.sample(points), torch.full((2, 2), 0.5), rtol=0, atol=0.05)


def test_diffusion_has_no_jump_where_the_nearest_limb_changes(volume: WeightVolume) -> None:
    across = torch.linspace(-0.15, 0.15, 151)
    path = torch.stack([across, torch.zeros(151), torch.zeros(151)], -1)
    steps = volume.sample(path).diff(dim=0).abs()
    # The nearest surface point's weights jump by one there; these spread over 20 cm of 2 mm steps.
    assert steps.max() < 0.03


def test_a_layer_keeps_weights_constant_along_the_normal() -> None:
    vertices, faces, weights = two_capsules()
    volume = diffuse_weights(vertices, faces, weights, num_voxels=NUM_VOXELS, layer=0.08)
    outward = torch.tensor([[-1.0, 0, 0], [0.0, 0, 1.0]])
    points = torch.tensor([-0.15, 0, 0]) + outward * 0.08
    # 3 cm off the limb, where all voxels around are in the layer; weights are float32.
    torch.testing.assert_close(
        volume.sample(points), torch.tensor([[1.0, 0], [1.0, 0]]), rtol=0, atol=1e-5
    )


def test_strongest_weights_are_few_and_do_not_jump() -> None:
    angles = torch.linspace(0, 2 * math.pi, 2001)
    weights = torch.stack([1 + torch.cos(angles + k) for k in range(6)], -1)
    weights = weights / weights.sum(-1, keepdim=True)
    few = strongest_weights(weights, 2)
    assert ((few > 0).sum(-1) <= 2).all()
    torch.testing.assert_close(few.sum(-1), torch.ones(2001))
    # Between two angles full weights change by 0.001; leaving some out steepens that tenfold.
    assert few.diff(dim=0).abs().max() < 0.02
    torch.testing.assert_close(strongest_weights(weights, 6), weights)
