"""Cameras of viser's clients and ours: both look along +z, with x right and y down."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.rotations import (
    matrix_from_axis_angle,
    matrix_from_quaternion,
    quaternion_from_matrix,
)
from incarnate.geometry.transforms import rigid_transform

Triple = tuple[float, float, float]
Quadruple = tuple[float, float, float, float]
# A window of any size asks for a picture of at least so many pixels.
_LEAST_SIDE = 16
# Who looks at a camera from outside: how far round, up and back, and how much they see, radians.
_ROUND, _LIFT, _RETREAT, _WIDE = math.radians(30), 0.35, 1.9, math.radians(55)


@dataclass(frozen=True)
class Viewpoint:
    """From where a client looks; the picture's size is not part of it."""

    wxyz: Quadruple
    """Rotation of the world from the camera's axes, a quaternion."""
    position: Triple
    """Centre in the world, metres."""
    fov: float
    """Vertical field of view, radians."""
    aspect: float
    """Width by height of the window."""

    def camera(self, longest_side: int) -> Camera:
        """The camera of a picture that fills the window.

        Args:
            longest_side: Of the picture, pixels.
        """
        wide = max(self.aspect, 1e-3)
        width = longest_side if wide >= 1 else round(longest_side * wide)
        height = round(longest_side / wide) if wide >= 1 else longest_side
        width, height = max(width, _LEAST_SIDE), max(height, _LEAST_SIDE)
        # Pixels are square but for the rounding of the size; the window is filled exactly.
        fy = 0.5 * height / math.tan(0.5 * self.fov)
        fx = 0.5 * width / (wide * math.tan(0.5 * self.fov))
        intrinsics = torch.tensor(
            [[fx, 0.0, 0.5 * width], [0.0, fy, 0.5 * height], [0.0, 0.0, 1.0]]
        )
        rotation = matrix_from_quaternion(torch.tensor(self.wxyz, dtype=torch.float32)).T
        center = torch.tensor(self.position, dtype=torch.float32)
        return Camera(intrinsics, rigid_transform(rotation, -rotation @ center), width, height)


def viewpoint_of(camera: Camera) -> Viewpoint:
    """Where to put a client that shall see what a camera sees.

    A client looks along the middle of its window: a principal point elsewhere is not kept.
    """
    rotation = camera.camera_from_world[:3, :3].T
    return Viewpoint(
        wxyz=quadruple(quaternion_from_matrix(rotation)),
        position=triple(camera.center),
        fov=vertical_fov(camera),
        aspect=camera.width / camera.height,
    )


def vertical_fov(camera: Camera) -> float:
    """How much a camera sees from top to bottom, radians."""
    return 2 * math.atan(0.5 * camera.height / float(camera.intrinsics[1, 1]))


def orbit_point(camera: Camera, points: Float[Tensor, "points 3"]) -> Float[Tensor, "3"]:
    """The point on a camera's axis as far away as the middle of what it looks at, metres."""
    axis = camera.camera_from_world[2, :3]
    depth = ((points - camera.center) @ axis).median()
    return camera.center + depth.clamp(min=1e-2) * axis


def beside(camera: Camera, points: Float[Tensor, "points 3"]) -> Camera:
    """A camera that has both another one and what that looks at before it.

    Args:
        camera: The other one.
        points: What it looks at, metres.
    """
    target = orbit_point(camera, points)
    arm, up = camera.center - target, -camera.camera_from_world[1, :3]
    turned = matrix_from_axis_angle(_ROUND * up) @ arm
    eye = target + _RETREAT * turned + _LIFT * arm.norm() * up
    intrinsics = pinhole_intrinsics(_WIDE, camera.width, camera.height)
    return Camera(intrinsics, look_at(eye, target + 0.3 * arm, up), camera.width, camera.height)


def triple(vector: Float[Tensor, "3"]) -> Triple:
    """A vector as viser takes it."""
    x, y, z = vector.tolist()
    return x, y, z


def quadruple(vector: Float[Tensor, "4"]) -> Quadruple:
    """A quaternion as viser takes it."""
    w, x, y, z = vector.tolist()
    return w, x, y, z
