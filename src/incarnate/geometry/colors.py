"""The one place where linear RGB and sRGB meet (IEC 61966-2-1 transfer function)."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor


def srgb_from_linear(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Encode linear values for a screen; the input is clipped below at 0, above it may exceed 1."""
    # The clamp keeps the power's gradient finite; below the toe the other branch is taken.
    curved = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear.clamp(min=0), curved)


def linear_from_srgb(srgb: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Decode screen values in [0, 1] to linear."""
    curved = ((srgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(srgb <= 0.04045, srgb / 12.92, curved)


def bytes_from_linear(linear: Float[Tensor, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Linear values to 8-bit sRGB, rounded, clipped to [0, 255]."""
    encoded = srgb_from_linear(linear.detach().float().cpu()).clamp(0, 1)
    return (encoded * 255 + 0.5).to(torch.uint8).numpy()


def linear_from_bytes(srgb: UInt8[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    """8-bit sRGB to linear float32, by a table of the 256 values."""
    table = linear_from_srgb(torch.arange(256, dtype=torch.float64) / 255).float()
    return table[torch.from_numpy(np.ascontiguousarray(srgb)).long()]
