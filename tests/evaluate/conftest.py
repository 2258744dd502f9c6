"""A ball of splats that meets the avatar protocol, and a tiny capture of it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.avatar import render, render_alpha
from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

RADIUS = 0.1


@dataclass(frozen=True)
class Ball:
    """A ball that follows its root; light multiplies its albedo by the mean radiance."""

    rig: Rig
    gain: float = 1.0
    """Wrong brightness on purpose."""
    normal_turn: float = 0.0
    """Turns normals about the world's z axis, radians: wrong on purpose."""

    def splat(self, pose: Pose, camera: Camera) -> Splats:
        del camera
        points = _points_on_sphere(400)
        albedo = 0.25 + 0.5 * (0.5 + 0.5 * points)
        cosine, sine = np.cos(self.normal_turn), np.sin(self.normal_turn)
        turn = torch.tensor([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]).float()
        return Splats(
            means=RADIUS * points + pose.root_translation,
            quaternions=torch.tensor([1.0, 0, 0, 0]).expand(len(points), 4).contiguous(),
            log_scales=torch.full((len(points), 3), np.log(0.006)),
            opacity_logits=torch.full((len(points),), 4.0),
            features=torch.cat([albedo, points @ turn.T], -1),
            channels=("albedo",) * 3 + ("normal",) * 3,
        )

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        del camera
        radiance = 1.0 if light is None else light.radiance.mean((0, 1))
        return self.gain * raster.sum("albedo") * radiance


def _points_on_sphere(count: int) -> Float[Tensor, "points 3"]:
    i = torch.arange(count, dtype=torch.float64) + 0.5
    azimuth, y = i * torch.pi * (3 - 5**0.5), 1 - 2 * i / count
    ring = (1 - y * y).sqrt()
    return torch.stack([ring * azimuth.cos(), y, ring * azimuth.sin()], -1).float()


def _tiny_rig() -> Rig:
    return Rig(
        name="tiny.npz",
        vertices=torch.tensor([[0.0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]]),
        faces=torch.tensor([[0, 1, 2]]),
        uv=torch.tensor([[0.0, 0], [1, 0], [0, 1]]),
        uv_faces=torch.tensor([[0, 1, 2]]),
        parts=torch.zeros(3, dtype=torch.long),
        part_names=("skin",),
        shape_basis=torch.zeros(1, 3, 3),
        shape_names=("size",),
        expression_basis=torch.zeros(1, 3, 3),
        expression_names=("smile",),
        joints=torch.zeros(2, 3),
        joint_shape_basis=torch.zeros(1, 2, 3),
        joint_names=("root", "head"),
        parents=(-1, 0),
        skinning_weights=torch.tensor([[1.0, 0]] * 3),
    )


@pytest.fixture(scope="session")
def ball() -> Ball:
    return Ball(_tiny_rig())


@pytest.fixture(scope="session")
def ball_camera() -> Camera:
    pose = look_at(torch.tensor([0.0, 0, 0.6]), torch.zeros(3))
    return Camera(pinhole_intrinsics(0.45, 40, 48), pose, 40, 48)


@pytest.fixture(scope="session")
def ball_folder(tmp_path_factory: pytest.TempPathFactory, ball: Ball, ball_camera: Camera) -> Path:
    """Six frames of a ball that moves, the last four for testing, true in every pixel."""
    folder = tmp_path_factory.mktemp("captures") / "ball"
    poses = rest_pose(ball.rig, 6)
    poses.root_translation[:, 0] = torch.linspace(-0.02, 0.02, 6)
    sunset = Environment(torch.tensor([1.2, 0.7, 0.4]).expand(4, 8, 3).contiguous(), name="sunset")
    header = CaptureHeader("ball", {"front": ball_camera}, fps=25.0, rig=ball.rig.name)
    with CaptureWriter(folder, header) as writer:
        writer.write_rig(ball.rig)
        writer.add_relight("sunset", sunset)
        for i in range(6):
            index = writer.add_frame(i / 25, "train" if i < 2 else "test")
            alpha = render_alpha(ball, poses[i], ball_camera)
            writer.write_image(index, _rgba(render(ball, poses[i], ball_camera), alpha))
            if i >= 2:
                relit = render(ball, poses[i], ball_camera, sunset)
                writer.write_relit("sunset", index, _rgba(relit, alpha)[..., :3])
            if i in (2, 4):
                _write_truth(writer, index, ball, poses[i], ball_camera)
        track = Track(ball.rig.with_identity(), poses, torch.zeros(6), origin="truth")
        writer.set_track(track)
    return folder


@pytest.fixture
def ball_capture(ball_folder: Path) -> Capture:
    return load_capture(ball_folder)


def _write_truth(writer: CaptureWriter, index: int, ball: Ball, pose: Pose, camera: Camera) -> None:
    from incarnate.splats.rasterize import rasterize

    raster = rasterize(ball.splat(pose, camera), camera)
    writer.write_truth("albedo", index, raster["albedo"])
    normals = torch.nn.functional.normalize(raster["normal"], dim=-1)
    writer.write_truth("normal", index, normals)


def _rgba(premultiplied: Float[Tensor, "height width 3"], alpha: Tensor) -> np.ndarray:
    straight = premultiplied / alpha.clamp(min=1 / 255)[..., None]
    coverage = (alpha * 255 + 0.5).to(torch.uint8).numpy()
    return np.concatenate([bytes_from_linear(straight), coverage[..., None]], -1)


def brighter(ball: Ball, gain: float) -> Ball:
    return replace(ball, gain=gain)
