"""Bounded surface materials: how they are stored (unbounded), decoded, and splatted."""

import torch
from jaxtyping import Float
from torch import Tensor

# GGX gets numerically stiff below 0.2 and skin, hair and cloth are rougher than that; eyes are
# given the lower end. F0: skin is about 0.028; the range is the paper's, opened downward for it.
ROUGHNESS_RANGE = (0.2, 0.95)
REFLECTANCE_RANGE = (0.02, 0.15)

# What training starts from, as stored logits: roughness 0.5, and F0 0.028.
START_ROUGHNESS_LOGIT, START_REFLECTANCE_LOGIT = -0.405, -2.7
# Occlusion at 0.95: open, but where its sigmoid can move both ways.
START_OCCLUSION_LOGIT = 3.0

MATERIAL_CHANNELS = (
    *("albedo",) * 3,
    "roughness",
    "reflectance",
    *("normal",) * 3,
    *("exposure",) * 3,
)


def decode_bounded(
    logits: Float[Tensor, "*shape"], bounds: tuple[float, float]
) -> Float[Tensor, "*shape"]:
    """Map stored logits smoothly into an open interval; a hard clamp would have no gradient."""
    low, high = bounds
    return low + (high - low) * torch.sigmoid(logits)


def encode_bounded(
    values: Float[Tensor, "*shape"], bounds: tuple[float, float]
) -> Float[Tensor, "*shape"]:
    """Inverse of `decode_bounded`; values at or beyond the bounds are moved just inside."""
    low, high = bounds
    return torch.logit(((values - low) / (high - low)).clamp(1e-3, 1 - 1e-3))
