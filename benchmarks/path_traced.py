"""What the converters of path-traced captures share: axes, polygons, mattes and lights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from incarnate.capture.pictures import read_picture
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.light.files import load_environment

# World z up, face toward −y  →  y up, face toward +z.
Y_UP_FROM_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
RIG_FILE = "rig.npz"


def camera_in_our_axes(intrinsics: list, world_to_camera: list, picture: Path) -> Camera:
    """A camera of a z-up world in ours; its size is that of one of its pictures."""
    camera_from_world = np.array(world_to_camera)
    camera_from_world[:3, :3] = camera_from_world[:3, :3] @ Y_UP_FROM_Z_UP.T
    height, width = read_picture(picture, "RGB").shape[:2]
    return Camera(
        torch.tensor(intrinsics, dtype=torch.float32),
        torch.from_numpy(camera_from_world).float(),
        width,
        height,
    )


def triangulated(counts: np.ndarray, indices: np.ndarray) -> torch.Tensor:
    """Polygons as fans of triangles."""
    counts = counts.astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    fans = []
    for corner in range(1, int(counts.max()) - 1):
        chosen = starts[counts > corner + 1]
        fans.append(
            np.stack([indices[chosen], indices[chosen + corner], indices[chosen + corner + 1]], -1)
        )
    return torch.from_numpy(np.concatenate(fans).astype(np.int64))


def straight_rgba(picture: Path, matte: Path) -> np.ndarray:
    """Undo the compositing over black, which was done in sRGB.

    Measured at the outlines: half covered pixels then have their covered neighbour's brightness
    (median 0.9 of it); undone in linear light they have half of it.
    """
    alpha = read_picture(matte, "L")
    straight = read_picture(picture, "RGB") / np.maximum(alpha, 1)[..., None] * 255
    # Where nobody is, JPEG leaves ripples that the division would blow up.
    straight[alpha == 0] = 0
    pixels = straight.round().clip(0, 255).astype(np.uint8)
    return np.concatenate([pixels, alpha[..., None]], -1)


def read_light(source: Path, name: str, strength: float) -> Environment:
    """A map scaled as it was rendered; the source reads maps at our own azimuth."""
    light = load_environment(source / "hdr" / f"{name}.hdr")
    return replace(light.scaled(strength), name=name)
