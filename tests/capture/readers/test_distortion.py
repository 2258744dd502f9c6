"""OpenCV's lens: a plain second implementation, its inverse, and pictures without it."""

import numpy as np
import pytest
import torch

from incarnate.capture.readers.distortion import distorted, resampled, undistortion_grid
from incarnate.errors import CaptureError

LENS = torch.tensor([-0.21, 0.08, 0.004, -0.003, 0.02], dtype=torch.float64)
K = torch.tensor([[70.0, 0, 33.2], [0, 74.0, 20.9], [0, 0, 1]], dtype=torch.float64)
WIDTH, HEIGHT = 64, 48


def plainly(x: float, y: float, k: list[float]) -> tuple[float, float]:
    """OpenCV's documentation, term by term."""
    k1, k2, p1, p2, k3, k4, k5, k6 = [*k, *[0.0] * (8 - len(k))]
    r2 = x**2 + y**2
    radial = (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3) / (1 + k4 * r2 + k5 * r2**2 + k6 * r2**3)
    return (
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x**2),
        y * radial + p1 * (r2 + 2 * y**2) + 2 * p2 * x * y,
    )


@pytest.mark.parametrize("count", [4, 5, 8])
def test_points_are_those_of_the_documentation(count: int, generator: torch.Generator) -> None:
    lens = 0.1 * torch.randn(count, generator=generator, dtype=torch.float64)
    points = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    expected = [plainly(x, y, lens.tolist()) for x, y in points.tolist()]
    # Two orders of the same sums, in double precision.
    np.testing.assert_allclose(distorted(points, lens).numpy(), expected, rtol=1e-12)


def test_no_coefficients_change_nothing() -> None:
    grid = undistortion_grid(K, torch.zeros(5), width=WIDTH, height=HEIGHT)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    # float32 of some tens of pixels.
    np.testing.assert_allclose(grid.numpy(), np.stack([columns, rows], -1) + 0.5, atol=1e-5)
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    assert np.array_equal(resampled(pixels, grid), pixels)


def test_a_distorted_picture_becomes_the_pinhole_one() -> None:
    # A smooth scene at depth one, seen by the lens: each pixel looks along its undistorted ray.
    def scene(points: torch.Tensor) -> np.ndarray:
        x, y = points.unbind(-1)
        waves = torch.stack([(9 * x).sin(), (8 * y).cos(), (6 * (x - y)).sin()], -1)
        return ((waves + 1) * 127).round().to(torch.uint8).numpy()

    rows, columns = torch.meshgrid(
        torch.arange(HEIGHT, dtype=torch.float64) + 0.5,
        torch.arange(WIDTH, dtype=torch.float64) + 0.5,
        indexing="ij",
    )
    plane = torch.stack([(columns - K[0, 2]) / K[0, 0], (rows - K[1, 2]) / K[1, 1]], -1)
    undistorted = plane.clone()
    for _ in range(50):  # Fixed point: the inverse has no closed form.
        undistorted = undistorted + plane - distorted(undistorted, LENS)
    assert torch.allclose(distorted(undistorted, LENS), plane, atol=1e-9)
    grid = undistortion_grid(K, LENS, width=WIDTH, height=HEIGHT)
    found = resampled(scene(undistorted), grid).astype(int)
    expected = scene(plane).astype(int)
    inner = (slice(4, -4), slice(4, -4))
    # Bilinear reading of waves of forty pixels: their curvature, and two roundings.
    assert np.abs(found - expected)[inner].max() <= 3
    assert np.abs(scene(undistorted).astype(int) - expected)[inner].max() > 10


def test_outside_the_picture_nothing_is_covered() -> None:
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    grid = torch.tensor([[[-5.0, 3.0], [10.0, 10.0], [WIDTH + 9.0, 2.0]]])
    assert resampled(pixels, grid)[0, :, 3].tolist() == [0, 255, 0]


def test_other_models_are_refused() -> None:
    with pytest.raises(CaptureError, match="a lens has 3 distortion coefficients; OpenCV's model"):
        distorted(torch.zeros(1, 2), torch.zeros(3))
