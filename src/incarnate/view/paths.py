"""Ways of a camera around a person, and of a light around a scene."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform
from incarnate.light.environment import Environment


def orbit(camera: Camera, target: Float[Tensor, "3"], angle: float) -> Camera:
    """The camera carried about the vertical (world y) through a point; intrinsics are kept.

    The point keeps its place in the picture. A positive angle carries a camera that looks at the
    person's face toward the person's left.

    Args:
        camera: Where it starts.
        target: World point, metres.
        angle: Radians.
    """
    axis = camera.camera_from_world.new_tensor([0.0, angle, 0.0])
    # World seen by a camera that turns by +angle is a world that turns by −angle.
    rotation = matrix_from_axis_angle(-axis)
    world_from_moved = rigid_transform(rotation, target - rotation @ target)
    return Camera(
        camera.intrinsics,
        camera.camera_from_world @ world_from_moved,
        camera.width,
        camera.height,
    )


def turntable(
    camera: Camera, target: Float[Tensor, "3"], *, num_frames: int, turn: float
) -> list[Camera]:
    """Cameras of a clip that goes around a person and ends where it began.

    Args:
        camera: The first camera.
        target: World point to go around, metres.
        num_frames: How many cameras.
        turn: Radians. From a full turn on, the camera goes around at an even pace; below, it
            swings that far to either side, once to each.
    """
    shares = [i / num_frames for i in range(num_frames)]
    if abs(turn) >= 2 * math.pi - 1e-6:
        return [orbit(camera, target, turn * share) for share in shares]
    return [orbit(camera, target, turn * math.sin(2 * math.pi * share)) for share in shares]


def light_sweep(light: Environment, num_frames: int) -> list[Environment]:
    """The light turned once about the vertical over a clip, at an even pace."""
    return [light.rotated(2 * math.pi * i / num_frames) for i in range(num_frames)]


def center_of(points: Float[Tensor, "points 3"]) -> Float[Tensor, "3"]:
    """A point to go around: the median of each coordinate, which strays can't move."""
    return points.median(0).values if len(points) else torch.zeros_like(points.sum(0))
