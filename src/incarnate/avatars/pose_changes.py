"""What a pose changes of each splat: painted channels of unit size, decoded within bounds."""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

POSE_CHANNELS: Final = 14
"""Channels that are painted: albedo 3, offset 3, opacity 1, log scale 3, turn 3, exposure 1."""

# What one unit of a painted channel does. Networks paint values of about unit size, and zero before
# training; bounds keep a pose that nothing was learned for from tearing the body apart.
_OFFSET_UNIT, _OFFSET_LIMIT = 0.03, 0.15
_TURN_UNIT, _TURN_LIMIT = 0.15, 0.5
_ALBEDO_UNIT, _ALBEDO_LIMIT = 0.3, 2.0
_OPACITY_UNIT, _OPACITY_LIMIT = 0.3, 2.0
_SCALE_UNIT, _SCALE_LIMIT = 0.1, 0.7
_EXPOSURE_UNIT, _EXPOSURE_LIMIT = 0.25, 0.7


@dataclass(frozen=True)
class PoseChanges:
    """Changes of all splats in one pose."""

    albedo_logits: Float[Tensor, "splats 3"]
    """Added to the albedo's logits."""
    offsets: Float[Tensor, "splats 3"]
    """Displacement in rest space, metres; at most 15 cm an axis."""
    opacity_logits: Float[Tensor, "splats"]
    """Added to the opacity's logits."""
    log_scales: Float[Tensor, "splats 3"]
    """Added to the log scales."""
    turns: Float[Tensor, "splats 3"]
    """Rotation in rest space, axis-angle, radians."""
    log_exposure: Float[Tensor, "splats 1"]
    """Log factor on the light that reaches the splat."""


def decode_changes(painted: Float[Tensor, "splats channels"]) -> PoseChanges:
    """Read the `POSE_CHANNELS` channels of each splat."""
    albedo, offset, opacity, scale, turn, exposure = painted.split((3, 3, 1, 3, 3, 1), -1)
    return PoseChanges(
        albedo_logits=bounded(albedo, _ALBEDO_UNIT, _ALBEDO_LIMIT),
        offsets=bounded(offset, _OFFSET_UNIT, _OFFSET_LIMIT),
        opacity_logits=bounded(opacity, _OPACITY_UNIT, _OPACITY_LIMIT)[:, 0],
        log_scales=bounded(scale, _SCALE_UNIT, _SCALE_LIMIT),
        turns=bounded(turn, _TURN_UNIT, _TURN_LIMIT),
        log_exposure=bounded(exposure, _EXPOSURE_UNIT, _EXPOSURE_LIMIT),
    )


def bounded(values: Float[Tensor, "*shape"], unit: float, limit: float) -> Float[Tensor, "*shape"]:
    """``unit`` times the values where they are small, never beyond ``limit``; smooth."""
    return limit * torch.tanh(values * (unit / limit))
