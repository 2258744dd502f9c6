"""The guided filter against the paper's sums, window by window."""

import numpy as np
import pytest

from incarnate.tracking.guided_filter import (
    box_mean,
    guided_filter,
    guided_upsample,
    linear_coefficients,
)


def random_picture(height: int = 12, width: int = 10) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    return generator.random((height, width, 3)), generator.random((height, width))


def mirrored_window(values: np.ndarray, row: int, column: int, radius: int) -> np.ndarray:
    padded = np.pad(values, [(radius, radius)] * 2 + [(0, 0)] * (values.ndim - 2), mode="reflect")
    return padded[row : row + 2 * radius + 1, column : column + 2 * radius + 1]


@pytest.mark.parametrize("radius", [1, 3])
def test_box_means_are_means_of_windows(radius: int) -> None:
    guide, values = random_picture()
    for array in (guide, values):
        means = box_mean(array, radius)
        for row, column in ((0, 0), (5, 4), (11, 9)):
            window = mirrored_window(array, row, column, radius)
            np.testing.assert_allclose(means[row, column], window.mean((0, 1)))


def test_it_solves_the_papers_regression_in_each_window() -> None:
    guide, values = random_picture()
    radius, epsilon = 2, 0.01
    slopes, offsets = np.empty((12, 10, 3)), np.empty((12, 10))
    for row, column in np.ndindex(12, 10):
        colors = mirrored_window(guide, row, column, radius).reshape(-1, 3)
        wanted = mirrored_window(values, row, column, radius).ravel()
        covariance = np.cov(colors.T, bias=True) + epsilon * np.eye(3)
        shared = (colors * wanted[:, None]).mean(0) - colors.mean(0) * wanted.mean()
        slopes[row, column] = np.linalg.solve(covariance, shared)
        offsets[row, column] = wanted.mean() - slopes[row, column] @ colors.mean(0)
    expected = (box_mean(slopes, radius) * guide).sum(-1) + box_mean(offsets, radius)
    found = guided_filter(guide, values, radius=radius, epsilon=epsilon)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_linear_function_of_the_guide_is_kept() -> None:
    guide, _ = random_picture()
    values = guide @ [0.2, 0.5, -0.1] + 0.3
    slope, offset = linear_coefficients(guide, values, radius=3, epsilon=1e-9)
    np.testing.assert_allclose((slope * guide).sum(-1) + offset, values, atol=1e-5)


def test_under_a_flat_guide_it_is_a_twofold_box_mean() -> None:
    _, values = random_picture()
    found = guided_filter(np.full((12, 10, 3), 0.5), values, radius=2, epsilon=0.01)
    np.testing.assert_allclose(found, box_mean(box_mean(values, 2), 2), atol=1e-9)


def test_a_coarse_mask_finds_the_fine_edge() -> None:
    guide = np.full((64, 64, 3), 0.2, np.float32)
    guide[:, 30:] = 0.8
    small_guide = guide.reshape(16, 4, 16, 4, 3).mean((1, 3))
    coarse = np.zeros((16, 16), np.float32)
    coarse[:, 8:] = 1  # two pixels beside the true edge
    fine = guided_upsample(guide, small_guide, coarse, radius=3, epsilon=1e-4)
    assert (fine[:, :30] < 0.3).all()
    assert (fine[:, 30:] > 0.7).all()
