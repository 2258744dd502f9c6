"""A ring of cameras around a person, none of them like another."""

import math

import torch

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics

_RADIUS, _TARGET = 3.4, 0.91
_HEIGHTS = (0.55, 1.55)
_FOV = math.radians(36)
_FOCAL_SPREAD, _CENTRE_SPREAD = 0.03, 0.035
_LOOK_SPREAD = 0.04


def camera_ring(count: int, size: int, seed: int) -> dict[str, Camera]:
    """Cameras at even angles, alternately low and high, with their own focal lengths.

    Args:
        count: How many.
        size: Width and height of their pictures, pixels.
        seed: Draws focal lengths, principal points off the centre, and where each one looks.

    Returns:
        By name, ``cam00`` first: it looks at the person's front.
    """
    generator = torch.Generator().manual_seed(seed + 1009)
    cameras: dict[str, Camera] = {}
    for index in range(count):
        draw = 2 * torch.rand(5, generator=generator) - 1
        angle = 2 * math.pi * index / count
        height = _HEIGHTS[index % 2]
        eye = torch.tensor([_RADIUS * math.sin(angle), height, _RADIUS * math.cos(angle)])
        target = torch.tensor([0.0, _TARGET, 0.0])
        target[[0, 2]] += _LOOK_SPREAD * draw[:2]
        intrinsics = pinhole_intrinsics(_FOV, size, size)
        focal = 1 + _FOCAL_SPREAD * draw[2]
        intrinsics[0, 0] *= focal
        intrinsics[1, 1] *= focal * 1.004
        intrinsics[:2, 2] += _CENTRE_SPREAD * size * draw[3:]
        cameras[f"cam{index:02d}"] = Camera(intrinsics, look_at(eye, target), size, size)
    return cameras
