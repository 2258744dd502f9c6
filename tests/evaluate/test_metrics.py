import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from incarnate.evaluate import metrics
from incarnate.geometry.rotations import matrix_from_axis_angle


def noisy_pair(
    generator: torch.Generator, height: int = 37, width: int = 52
) -> tuple[torch.Tensor, torch.Tensor]:
    truth = torch.rand(height, width, 3, generator=generator)
    noise = 0.1 * torch.randn(height, width, 3, generator=generator)
    return (truth + noise).clamp(0, 1), truth


def test_psnr_agrees_with_scikit_image(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    theirs = peak_signal_noise_ratio(truth.numpy(), image.numpy(), data_range=1)
    # Theirs sums in float32: seven digits of the mean are 1e-6 dB.
    assert metrics.psnr(image, truth) == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("size", [(37, 52), (11, 11), (64, 12)])
def test_ssim_agrees_with_scikit_image(size: tuple[int, int], generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator, *size)
    theirs = structural_similarity(
        truth.double().numpy(),
        image.double().numpy(),
        channel_axis=-1,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    # Both in float64: only the order of eleven additions differs.
    assert metrics.ssim(image, truth) == pytest.approx(theirs, abs=1e-12)


def test_a_picture_equals_itself(generator: torch.Generator) -> None:
    _, truth = noisy_pair(generator)
    assert metrics.psnr(truth, truth) == metrics.MAX_PSNR
    assert metrics.ssim(truth, truth) == pytest.approx(1, abs=1e-12)
    assert metrics.mae(truth, truth) == 0
    assert metrics.sharpness_ratio(truth, truth) == 1
    assert metrics.best_gains(truth, truth).tolist() == pytest.approx([1, 1, 1], abs=1e-6)


def test_a_pixel_that_is_no_number_is_never_the_best_score(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    image[3, 4, 1] = math.nan
    assert math.isnan(metrics.psnr(image, truth))


def test_mae_is_in_hundredths() -> None:
    truth = torch.full((4, 5, 3), 0.5)
    # 0.01 and 0.5 are rounded to float32.
    assert metrics.mae(truth + 0.01, truth) == pytest.approx(1.0, rel=1e-5)


def test_matte_weighs_the_squared_error(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    weights = torch.rand(image.shape[:2], generator=generator)
    squared = ((image - truth) ** 2).mean(-1).double().numpy()
    by_hand = -10 * math.log10(np.average(squared, weights=weights.double().numpy()))
    assert metrics.psnr(image, truth, weights) == pytest.approx(by_hand, abs=1e-5)


def test_what_lies_outside_the_matte_does_not_count(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    inside = torch.zeros(image.shape[:2])
    inside[5:20, 8:30] = 1
    window = (slice(5, 20), slice(8, 30))
    expected = metrics.psnr(image[window], truth[window])
    assert metrics.psnr(image, truth, inside) == pytest.approx(expected, abs=1e-9)
    assert metrics.psnr(image, truth, torch.zeros_like(inside)) == metrics.MAX_PSNR


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.05, 20), min_size=3, max_size=3))
def test_gains_undo_a_factor_a_channel(factors: list[float]) -> None:
    generator = torch.Generator().manual_seed(1)
    truth = torch.rand(9, 8, 3, generator=generator) + 0.01
    weights = torch.rand(9, 8, generator=generator)
    gains = metrics.best_gains(truth / torch.tensor(factors), truth, weights)
    # float32 inputs, one division.
    assert gains.tolist() == pytest.approx(factors, rel=1e-6)


def test_gains_are_the_minimum(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    weights = torch.rand(image.shape[:2], generator=generator)
    gains = metrics.best_gains(image, truth, weights)

    def error(factors: torch.Tensor) -> float:
        return (weights[..., None] * (image * factors - truth) ** 2).double().sum().item()

    for change in (0.99, 1.01):
        assert error(gains) < error(gains * change)


def test_gain_of_a_black_channel_is_one(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    image[..., 1] = 0
    assert metrics.best_gains(image, truth)[1] == 1


@pytest.mark.parametrize("degrees", [0.0, 1e-3, 30.0, 90.0, 179.999, 180.0])
def test_angle_between_is_the_angle_of_rotation(degrees: float, generator: torch.Generator) -> None:
    first = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    other = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    axis = torch.nn.functional.normalize(torch.linalg.cross(first, other), dim=-1)
    turn = matrix_from_axis_angle(axis * math.radians(degrees))
    second = 3 * (turn @ first[..., None])[..., 0]
    # Sixteen digits, less what the rotation itself loses.
    assert metrics.degrees_between(first, second).tolist() == pytest.approx(
        [degrees] * 20, abs=1e-9
    )


def test_angle_with_a_zero_vector_is_a_right_one() -> None:
    assert metrics.degrees_between(torch.zeros(3), torch.ones(3)) == 90


def test_blur_lowers_sharpness_and_noise_raises_it(generator: torch.Generator) -> None:
    image, truth = noisy_pair(generator)
    blurred = torch.nn.functional.avg_pool2d(truth.movedim(-1, 0), 3, 1, 1).movedim(0, -1)
    assert metrics.sharpness_ratio(blurred, truth) < 0.5
    assert metrics.sharpness_ratio(truth + 0.5 * (image - truth), truth * 0.5) > 1
    flat = torch.zeros_like(truth)
    assert metrics.sharpness_ratio(flat, flat) == 1
    assert metrics.sharpness_ratio(truth, flat) == math.inf
