"""A camera that sees the face of the embedded rig at rest."""

import torch

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics


def close_camera(size: int = 200) -> Camera:
    """The face fills the picture."""
    eye, target = torch.tensor([0.0, 1.53, 0.9]), torch.tensor([0.0, 1.53, 0.0])
    return Camera(pinhole_intrinsics(0.22, size, size), look_at(eye, target), size, size)
