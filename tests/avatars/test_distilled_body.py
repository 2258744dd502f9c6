import pytest
import torch

from incarnate.avatars.distilled import DistilledModel
from incarnate.avatars.distilled_body import NUM_INPUTS, DistilledPainter
from incarnate.avatars.map_reading import MapReading
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import PositionMaps, position_maps_of_rig

MODEL = DistilledModel(num_components=3, hidden=8)


@pytest.fixture(scope="module")
def maps() -> PositionMaps:
    return position_maps_of_rig(default_body_rig(), 64)


@pytest.fixture
def painter(maps: PositionMaps) -> DistilledPainter:
    return DistilledPainter(MODEL, maps.mask, size=16, num_keys=2, signature=40)


def test_shares_of_the_memory_are_added_as_coefficients(
    painter: DistilledPainter, maps: PositionMaps, generator: torch.Generator
) -> None:
    kept = torch.randn(2, 14, 16, 16, generator=generator)
    with torch.no_grad():
        painter.decoder.basis[:2] = torch.stack([painter.rows(kept), painter.rows(2 - kept)])
        painter.key_coefficients[:, :2] = torch.eye(2)
    shares = torch.tensor([0.25, 0.5])
    blend = 0.25 * kept + 0.5 * (2 - kept)
    painted = painter(torch.zeros(40), shares)
    # The order of sums differs: float32 to some 1e-6.
    torch.testing.assert_close(
        painted, MapReading.of(maps.mask, 16).read(blend), rtol=1e-5, atol=1e-5
    )


def test_far_poses_stay_in_the_range_of_the_training_ones(
    painter: DistilledPainter, generator: torch.Generator
) -> None:
    signatures = torch.randn(60, 40, generator=generator)
    painter.learn_signatures(signatures)
    inputs = painter.inputs(signatures)
    assert inputs.shape == (60, NUM_INPUTS)
    # As the principal components are: without a mean, and uncorrelated.
    covariance = inputs.T @ inputs
    torch.testing.assert_close(
        covariance, covariance.diagonal().diag(), rtol=0, atol=1e-4 * float(covariance.max())
    )
    far = painter.inputs(50 * signatures)
    assert bool((far <= inputs.amax(0) + 1e-4).all())
    assert bool((far >= inputs.amin(0) - 1e-4).all())


def test_two_poses_have_one_component(
    painter: DistilledPainter, generator: torch.Generator
) -> None:
    painter.learn_signatures(torch.randn(2, 40, generator=generator))
    assert not bool(painter.directions[2:].any())


@pytest.mark.parametrize("size", [8, 16, 32])
def test_rows_of_maps_of_any_size_show_the_same(
    painter: DistilledPainter, maps: PositionMaps, size: int
) -> None:
    across = ((torch.arange(size) + 0.5) / size).expand(2, 14, size, size)
    read = painter.reading.read(painter.rows(across))
    _, _, column = maps.mask.nonzero().unbind(-1)
    expected = (column + 0.5) / 64
    middle = (expected > 0.2) & (expected < 0.8)  # At the rim a resized slope goes level.
    torch.testing.assert_close(read[middle, 0], expected[middle], rtol=0, atol=1e-4)
