"""A tiny rig, its track and its pictures."""

import numpy as np
import torch

from incarnate.capture.capture import Consent, Track
from incarnate.capture.writing import CaptureHeader
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.rigs.rig import Pose, Rig

WIDTH, HEIGHT, FRAMES = 12, 10, 4


def tiny_rig() -> Rig:
    """A tetrahedron with one expression, two joints and a shape."""
    vertices = torch.tensor([[0.0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]])
    faces = torch.tensor([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    return Rig(
        name="tiny",
        vertices=vertices,
        faces=faces,
        uv=torch.rand(4, 2, generator=torch.Generator().manual_seed(0)),
        uv_faces=faces,
        parts=torch.zeros(4, dtype=torch.long),
        part_names=("skin",),
        shape_basis=0.01 * torch.ones(1, 4, 3),
        shape_names=("size",),
        expression_basis=0.02 * torch.ones(1, 4, 3),
        expression_names=("eyeBlinkLeft",),
        joints=torch.tensor([[0.0, 0, 0], [0, 0.05, 0]]),
        joint_shape_basis=torch.zeros(1, 2, 3),
        joint_names=("root", "head"),
        parents=(-1, 0),
        skinning_weights=torch.tensor([[1.0, 0], [0.5, 0.5], [0, 1], [0.2, 0.8]]),
    )


def tiny_track(frames: int = FRAMES) -> Track:
    """A track of the tiny rig, of random poses."""
    generator = torch.Generator().manual_seed(1)
    rig, offset = tiny_rig(), 1e-3 * torch.randn(4, 3, generator=generator)
    shape = torch.tensor([0.5])
    return Track(
        rig=rig.with_identity(shape, offset),
        poses=Pose(
            torch.randn(frames, 3, generator=generator),
            torch.randn(frames, 3, generator=generator),
            torch.randn(frames, 1, 3, generator=generator),
            torch.rand(frames, 1, generator=generator),
            rig.expression_names,
        ),
        residuals=torch.rand(frames, generator=generator),
        shape=shape,
        offset=offset,
        observations={"mediapipe478": torch.randn(frames, 5, 2, generator=generator)},
    )


def tiny_camera() -> Camera:
    """A camera one metre in front, with an off-centre principal point."""
    intrinsics = pinhole_intrinsics(0.4, WIDTH, HEIGHT)
    intrinsics[0, 2] += 1.5
    return Camera(intrinsics, look_at(torch.tensor([0.0, 0, 1]), torch.zeros(3)), WIDTH, HEIGHT)


def tiny_pixels(seed: int) -> np.ndarray:
    """A random picture whose left half is covered, with a soft edge."""
    rgba = np.random.default_rng(seed).integers(20, 230, (HEIGHT, WIDTH, 4), np.uint8)
    rgba[:, : WIDTH // 2, 3], rgba[:, WIDTH // 2, 3], rgba[:, WIDTH // 2 + 1 :, 3] = 255, 99, 0
    return rgba


def tiny_header(**changes: object) -> CaptureHeader:
    """A header with one camera; keyword arguments replace its fields."""
    fields: dict[str, object] = {
        "name": "tiny",
        "cameras": {"front": tiny_camera()},
        "fps": 25.0,
        "rig": "rig.npz",
        "consent": Consent("nobody", "A tetrahedron agrees to everything.", "made"),
        "provenance": {"seed": 3},
    }
    return CaptureHeader(**(fields | changes))  # pyright: ignore[reportArgumentType]
