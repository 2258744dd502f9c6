"""The sRGB transfer function against the standard, and its inverse."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from incarnate.geometry.colors import (
    bytes_from_linear,
    linear_from_bytes,
    linear_from_srgb,
    srgb_from_linear,
)


def test_known_values_of_the_standard() -> None:
    # IEC 61966-2-1: the toe's slope is 12.92; middle grey 0.18 encodes to 0.461.
    linear = torch.tensor([0.0, 0.001, 0.18, 1.0], dtype=torch.float64)
    expected = torch.tensor([0.0, 0.01292, 0.46135613, 1.0], dtype=torch.float64)
    torch.testing.assert_close(srgb_from_linear(linear), expected, atol=1e-8, rtol=0)


def test_encoding_rises_everywhere() -> None:
    encoded = srgb_from_linear(torch.linspace(0, 4, 20001, dtype=torch.float64))
    assert (encoded.diff() > 0).all()


def test_encoding_and_decoding_undo_each_other() -> None:
    # The standard's two branches meet within 3e-8 only: its constants are rounded.
    linear = torch.linspace(0, 1, 5001, dtype=torch.float64)
    torch.testing.assert_close(
        linear_from_srgb(srgb_from_linear(linear)), linear, atol=1e-7, rtol=0
    )
    torch.testing.assert_close(
        srgb_from_linear(linear_from_srgb(linear)), linear, atol=1e-7, rtol=0
    )


def test_every_byte_survives() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(bytes_from_linear(linear_from_bytes(every)), every)


def test_bytes_clip_what_a_screen_cannot_show() -> None:
    bright = torch.tensor([-1.0, 0.0, 1.0, 50.0])
    np.testing.assert_array_equal(bytes_from_linear(bright), [0, 0, 255, 255])


def test_bytes_of_a_flipped_view_are_read_in_its_order() -> None:
    row = np.arange(6, dtype=np.uint8)
    assert linear_from_bytes(row[::-1]).tolist() == linear_from_bytes(row).tolist()[::-1]


@pytest.mark.parametrize("function", [srgb_from_linear, linear_from_srgb])
def test_gradients_are_finite_and_positive(function: Callable[[Tensor], Tensor]) -> None:
    values = torch.tensor([0.0, 1e-9, 0.0031308, 0.04045, 0.5, 1.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(function(values).sum(), values)
    assert gradient.isfinite().all()
    # At 0 itself the clamp's one-sided derivative may be halved, never lost above it.
    assert (gradient[1:] > 0).all()
