"""How the head is turned in each frame, by the depths that a detector gives its landmarks.

In the picture's plane the detector moves landmarks too little when a head nods, half as much as it
should on a scanned head whose motion is known; its relative depths tell most of the nod all the
same. So the rotation that fits a frame's landmarks in three dimensions is evidence of its own.
"""

from dataclasses import dataclass, replace
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.geometry.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    nearest_rotation,
)
from incarnate.tracking.head_model import LandmarkModel

DETECTOR_SHOWS: Final = (0.84, 1.12, 0.97)
"""How much of a turn about the head's x (nod), y (turn) and z (tilt) such rotations show: means of
a scanned and of a made head whose motion is known (docs/track.md)."""


@dataclass(frozen=True)
class HeadOrientation:
    """A Gaussian on the head's rotation in each frame."""

    model: LandmarkModel
    rotation: Float[Tensor, "frames 3 3"]
    """World from rest axes of the head."""
    deviation: float
    """Radians, about each axis."""

    def __getitem__(self, frames: Int[Tensor, "chosen"]) -> "HeadOrientation":
        """That of some frames."""
        return replace(self, rotation=self.rotation[frames])

    def cost(self, parameters: Float[Tensor, "frames parameters"]) -> Float[Tensor, "frames"]:
        """Half the squared angle to what is expected, in standard deviations."""
        turned = head_rotations(self.model, parameters)
        off = _difference(turned, self.rotation) / self.deviation
        return 0.5 * off.square().sum(-1)

    def equations(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> tuple[Float[Tensor, "frames parameters"], Float[Tensor, "frames parameters parameters"]]:
        """Gradient and Gauss-Newton curvature of each frame."""

        def off(frame: Tensor, rotation: Tensor) -> Tensor:
            return _difference(head_rotations(self.model, frame), rotation)

        slopes = torch.func.vmap(torch.func.jacfwd(off))(parameters, self.rotation)
        residual = _difference(head_rotations(self.model, parameters), self.rotation)
        weighted = slopes.transpose(-1, -2) / self.deviation**2
        return (weighted @ residual[..., None])[..., 0], weighted @ slopes


def head_rotations(
    model: LandmarkModel, parameters: Float[Tensor, "*batch parameters"]
) -> Float[Tensor, "*batch 3 3"]:
    """World from rest axes of the head joint."""
    return model.transforms(parameters)[..., model.rig.joint_index("head"), :, :3]


def expected_orientation(
    model: LandmarkModel,
    detected: Float[Tensor, "frames 3 3"],
    parameters: Float[Tensor, "frames parameters"],
    *,
    shown: tuple[float, float, float],
    deviation: float,
) -> HeadOrientation:
    """Orientations that turn as the detected ones do, around those of a fit on average.

    Args:
        model: The landmarks.
        detected: Rotations that fit each frame's landmarks in three dimensions; any fixed axes.
        parameters: Of a fit to the same frames: what is constant is left to it.
        shown: How much of a nod, turn and tilt the detected rotations show.
        deviation: Standard deviation about each axis, radians.
    """
    fitted = head_rotations(model, parameters)
    middle = nearest_rotation(detected.median(0).values)
    turns = axis_angle_from_matrix(middle.T @ detected) / detected.new_tensor(shown)
    turned = matrix_from_axis_angle(turns)
    # The constant rotation before and after: means of both sequences agree.
    mean = nearest_rotation(turned.mean(0)).T
    aligned = nearest_rotation(fitted.mean(0)) @ mean @ turned
    return HeadOrientation(model, aligned, deviation)


def _difference(
    rotation: Float[Tensor, "*batch 3 3"], expected: Float[Tensor, "*batch 3 3"]
) -> Float[Tensor, "*batch 3"]:
    """Axis times sine of the angle from ``expected`` to ``rotation``, in the head's axes."""
    off = expected.transpose(-1, -2) @ rotation
    skew = 0.5 * (off - off.transpose(-1, -2))
    return torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1)
