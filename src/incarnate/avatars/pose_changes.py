"""What a pose changes of each splat: painted channels of unit size, decoded within bounds."""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

POSE_CHANNELS: Final = 14
"""Channels that are painted: albedo 3, offset 3, opacity 1, log scale 3, turn 3, exposure 1."""

# Networks paint values of about unit size, and zero before training; bounds keep a pose that
# nothing was learned for from tearing the body apart.
_WIDTHS: Final = (3, 3, 1, 3, 3, 1)


def _columns(*values: float) -> tuple[float, ...]:
    return tuple(v for v, width in zip(values, _WIDTHS, strict=True) for _ in range(width))


CHANGE_UNITS: Final = _columns(0.3, 0.03, 0.3, 0.1, 0.15, 0.25)
"""What one unit of each painted channel does, as long as it is small."""
CHANGE_LIMITS: Final = _columns(2.0, 0.15, 2.0, 0.7, 0.5, 0.7)
"""What no value of a channel goes beyond."""


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
    # All at once: a few columns of a wide table are slow to go through.
    units, limits = painted.new_tensor(CHANGE_UNITS), painted.new_tensor(CHANGE_LIMITS)
    return changes_of(bounded(painted, units, limits))


def changes_of(decoded: Float[Tensor, "splats channels"]) -> PoseChanges:
    """Name the channels of what has been decoded."""
    albedo, offset, opacity, scale, turn, exposure = decoded.split(_WIDTHS, -1)
    return PoseChanges(albedo, offset, opacity[:, 0], scale, turn, exposure)


def bounded(
    values: Float[Tensor, "*batch channels"],
    unit: float | Float[Tensor, "channels"],
    limit: float | Float[Tensor, "channels"],
) -> Float[Tensor, "*batch channels"]:
    """``unit`` times the values where they are small, never beyond ``limit``; smooth."""
    return limit * torch.tanh(values * (unit / limit))
