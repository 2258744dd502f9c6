"""The Fréchet distance where it is known in closed form, and the sets that it compares."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from tests.evaluate.inception_layout import formula_weights
from torch import Tensor

from incarnate.errors import ModelFileError
from incarnate.evaluate import fid
from incarnate.evaluate.fid import PictureSets, as_square, frechet_distance, open_inception
from incarnate.evaluate.inception import Inception
from incarnate.evaluate.inception_weights import FILE_NAME


def features(
    generator: torch.Generator, count: int, channels: int, *, scale: float = 1.0
) -> Tensor:
    """Correlated ones, in double precision."""
    mix = torch.randn(channels, channels, generator=generator, dtype=torch.float64)
    return scale * torch.randn(count, channels, generator=generator, dtype=torch.float64) @ mix


def standardised(values: Tensor) -> Tensor:
    """The same with a mean of zero and the unit matrix as covariance."""
    values = values - values.mean(0)
    factor = torch.linalg.cholesky(torch.cov(values.T))
    return torch.linalg.solve_triangular(factor, values.T, upper=False).T


def by_matrix_roots(first: Tensor, second: Tensor) -> float:
    """The formula as Heusel et al. print it."""
    means = first.mean(0) - second.mean(0)
    one, other = (np.cov(values.numpy(), rowvar=False) for values in (first, second))
    root = np.real(np.trace(scipy.linalg.sqrtm(one @ other)))
    return float(means.square().sum() + np.trace(one) + np.trace(other) - 2 * root)


@pytest.mark.parametrize("count", [2, 9, 300])
def test_equal_sets_are_not_apart(generator: torch.Generator, count: int) -> None:
    values = features(generator, count, 32)
    order = torch.randperm(count, generator=generator)
    # Spreads of about a thousand cancel.
    assert frechet_distance(values, values) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(values, values[order]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("count", [3, 40])
def test_a_shift_counts_squared(generator: torch.Generator, count: int) -> None:
    values = features(generator, count, 16)
    assert frechet_distance(values, values + 0.5) == pytest.approx(16 * 0.25)


def test_independent_channels_differ_by_their_deviations(generator: torch.Generator) -> None:
    plain = standardised(features(generator, 60, 8))
    other = standardised(features(generator, 90, 8))
    first, second = torch.rand(2, 8, generator=generator, dtype=torch.float64) + 0.1
    expected = float((first - second).square().sum())
    assert frechet_distance(plain * first, other * second) == pytest.approx(expected)


@pytest.mark.parametrize(("counts", "channels"), [((50, 70), 12), ((12, 13), 12), ((200, 14), 12)])
def test_agrees_with_roots_of_matrices(
    generator: torch.Generator, counts: tuple[int, int], channels: int
) -> None:
    first = features(generator, counts[0], channels)
    second = features(generator, counts[1], channels, scale=1.5) + 0.3
    found = frechet_distance(first, second)
    assert found == pytest.approx(by_matrix_roots(first, second), rel=1e-6)
    assert found == pytest.approx(frechet_distance(second, first))


def test_few_pictures_have_singular_covariances_and_a_distance(generator: torch.Generator) -> None:
    first, second = features(generator, 5, 20), features(generator, 7, 20)
    # Roots of singular matrices are taken by eigenvalues: S₁^½ S₂ S₁^½ is symmetric.
    one, other = torch.cov(first.T), torch.cov(second.T)
    values, vectors = torch.linalg.eigh(one)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ other @ root).clamp(min=0).sqrt().sum()
    means = (first.mean(0) - second.mean(0)).square().sum()
    expected = float(means + one.trace() + other.trace() - 2 * shared)
    # Eigenvalues that should be zero are 1e-13, their roots 1e-6.
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


def test_a_picture_stands_in_the_middle_of_a_black_square() -> None:
    square = as_square(torch.ones(4, 7, 3))
    assert square.shape == (7, 7, 3)
    assert square[1:5].eq(1).all()
    assert square.sum() == 4 * 7 * 3
    assert as_square(torch.ones(5, 2, 3))[:, 1:3].eq(1).all()


def test_sets_compare_pictures_as_files_hold_them(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fid, "MIN_PICTURES", 3)
    network = Inception(formula_weights(), "a formula")
    pairs = torch.rand(3, 2, 24, 40, 3, generator=generator)
    sets = PictureSets(network)
    for number, pair in enumerate(pairs):
        assert sets.distance() is None, f"a distance of {number} pictures"
        sets.add(*pair)
    rounded = torch.nn.functional.pad((255 * pairs).round() / 255, (0, 0, 0, 0, 8, 8))
    ours, theirs = (network(rounded[:, i]) for i in (0, 1))
    # Batches of two and of three sum in another order.
    assert sets.distance() == pytest.approx(frechet_distance(ours, theirs), rel=1e-3)
    same = PictureSets(network)
    for pair in pairs:
        same.add(pair[1], pair[1])
    # Spreads of features near 1e2 cancel, each rounded to float32.
    assert same.distance() == pytest.approx(0, abs=1e-3)


def test_without_a_network_there_is_no_distance() -> None:
    sets = PictureSets(None)
    for _ in range(20):
        sets.add(torch.rand(8, 8, 3), torch.rand(8, 8, 3))
    assert sets.distance() is None


@pytest.mark.usefixtures("no_model_files")
def test_weights_that_are_not_supplied_are_a_reason() -> None:
    network, reason = open_inception(None)
    assert network is None
    assert reason.startswith("unavailable: supply weights. FID needs the weights of its network")
    assert reason.endswith("to that folder, or name the file with --fid")


def test_other_weights_are_a_reason_where_found_and_an_error_where_named(
    no_model_files: Path,
) -> None:
    no_model_files.mkdir()
    path = no_model_files / FILE_NAME
    path.write_bytes(b"other")
    network, reason = open_inception(None)
    assert network is None
    assert f"{path} is not the published {FILE_NAME}" in reason
    with pytest.raises(ModelFileError, match="is not the published"):
        open_inception(path)
