"""Clips at another rate: rotations by the shortest way, all else along straight lines."""

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.drive.clips import Clip
from incarnate.errors import DriveError
from incarnate.geometry.rotations import (
    axis_angle_from_quaternion,
    quaternion_from_axis_angle,
    quaternion_product,
)

_MAX_FRAMES = 1_000_000


def resampled(clip: Clip, fps: float) -> Clip:
    """The clip from its first moment to its last, at another rate; so each that it is made of.

    Args:
        clip: At any rate.
        fps: Frames a second, above zero.

    Raises:
        DriveError: The rate is none, or gives too many frames.
    """
    if not 0 < fps < float("inf"):
        raise DriveError(f"{fps:g} frames a second is no rate: give one above zero, such as 30")
    return clip.each(lambda motion: _resampled(motion, fps))


def _resampled(clip: Clip, fps: float) -> Clip:
    duration = (len(clip) - 1) / clip.fps
    # A rate of 29.97 written as 30 shall not lose the last frame.
    count = int(duration * fps + 1e-3) + 1
    if count > _MAX_FRAMES:
        raise DriveError(
            f"a motion of {duration:g} s at {fps:g} frames a second has {count} frames; the limit "
            f"is {_MAX_FRAMES}: choose a lower rate"
        )
    moments = (torch.arange(count, dtype=torch.float64) * clip.fps / fps).clamp(max=len(clip) - 1)
    first = moments.floor().long()
    second = (first + 1).clamp(max=len(clip) - 1)
    share = (moments - first).to(clip.poses.root_rotation.dtype)
    poses, at = clip.poses, (first, second, share)
    return Clip(
        replace(
            poses,
            root_rotation=_turned(poses.root_rotation, at),
            root_translation=_mixed(poses.root_translation, at),
            joint_rotations=_turned(poses.joint_rotations, at),
            expression=_mixed(poses.expression, at),
        ),
        fps,
        clip.names[:1] * count,
    )


def slerp(
    first: Float[Tensor, "*batch 4"],
    second: Float[Tensor, "*batch 4"],
    share: Float[Tensor, "*batch 1"],
) -> Float[Tensor, "*batch 4"]:
    """From one unit quaternion (``wxyz``) to another at a constant speed, by the shorter way."""
    signs = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=first.dtype)
    between = axis_angle_from_quaternion(quaternion_product(first * signs, second))
    return quaternion_product(first, quaternion_from_axis_angle(share * between))


_Places = tuple[Int[Tensor, "moments"], Int[Tensor, "moments"], Float[Tensor, "moments"]]
"""The frames before and after each moment, and how far it is from the first to the second."""


def _mixed(values: Float[Tensor, "frames n"], at: _Places) -> Float[Tensor, "moments n"]:
    first, second, share = at
    return torch.lerp(values[first], values[second], share[:, None])


def _turned(
    rotations: Float[Tensor, "frames *joints 3"], at: _Places
) -> Float[Tensor, "moments *joints 3"]:
    first, second, share = at
    quaternions = quaternion_from_axis_angle(rotations)
    shape = (-1, *[1] * (rotations.ndim - 1))
    shares = share.reshape(shape).expand(*rotations[first].shape[:-1], 1)
    return axis_angle_from_quaternion(slerp(quaternions[first], quaternions[second], shares))
