"""The One-Euro filter's laws, and what jitter measures."""

import numpy as np
import pytest

from incarnate.tracking.smoothing import OneEuroFilter, OneEuroSettings, jitter


def filtered(signal: np.ndarray, rate: float, settings: OneEuroSettings) -> np.ndarray:
    low_pass = OneEuroFilter(settings)
    return np.stack([low_pass(value, k / rate) for k, value in enumerate(signal)])


def test_the_first_value_and_a_constant_pass_unchanged() -> None:
    constant = np.full((20, 3), 4.2)
    np.testing.assert_allclose(filtered(constant, 30, OneEuroSettings()), constant)


def test_without_speed_it_is_a_first_order_low_pass() -> None:
    settings = OneEuroSettings(min_cutoff=2.0, beta=0.0)
    step = np.ones((200, 1))
    step[0] = 0
    out = filtered(step, 1000, settings)[:, 0]
    # A first-order low-pass reaches 1 − 1/e after τ = 1 / (2π f) = 80 ms; sampling costs a little.
    assert out[80] == pytest.approx(1 - 1 / np.e, abs=0.01)
    assert (np.diff(out) > 0).all()


def test_speed_lets_the_signal_through() -> None:
    ramp = np.linspace(0, 10, 60)[:, None]
    lag_calm = ramp - filtered(ramp, 30, OneEuroSettings(beta=0.0))
    lag_quick = ramp - filtered(ramp, 30, OneEuroSettings(beta=1.0))
    assert lag_quick[-1] < 0.25 * lag_calm[-1]
    assert lag_quick[-1] > 0


def test_noise_at_rest_is_calmed() -> None:
    noise = np.random.default_rng(1).normal(size=(300, 2))
    out = filtered(noise, 30, OneEuroSettings(min_cutoff=0.5, beta=0.0))
    # The gain at 30 Hz is 0.095; white noise shrinks to sqrt(0.095 / 1.905) = 0.22 of itself.
    assert out[50:].std() == pytest.approx(0.22 * noise.std(), rel=0.25)


def test_elements_are_filtered_by_themselves() -> None:
    signal = np.random.default_rng(2).normal(size=(20, 4))
    together = filtered(signal, 30, OneEuroSettings())
    alone = filtered(signal[:, 2:3], 30, OneEuroSettings())
    np.testing.assert_allclose(together[:, 2:3], alone)


def test_time_has_to_rise() -> None:
    low_pass = OneEuroFilter()
    low_pass(np.zeros(1), 1.0)
    with pytest.raises(AssertionError, match="time must rise"):
        low_pass(np.zeros(1), 1.0)


def test_steady_motion_is_no_jitter() -> None:
    line = np.arange(10.0)[:, None, None] * np.array([[1.0, -2.0]])
    assert jitter(line) == pytest.approx(0, abs=1e-12)


def test_white_noise_jitters_by_its_second_difference() -> None:
    noise = 0.5 * np.random.default_rng(4).normal(size=(400, 50, 2))
    # Var(x₊ − 2x + x₋) = 6 σ² on each of two axes.
    assert jitter(noise) == pytest.approx(0.5 * np.sqrt(12), rel=0.05)


def test_quick_stretches_do_not_count() -> None:
    still = np.zeros((40, 5, 2))
    moving = still.copy()
    moving[30:] += 20 * np.random.default_rng(5).normal(size=(10, 1, 2))
    assert jitter(moving) == jitter(still) == 0
