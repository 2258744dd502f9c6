"""A ball of splats that meets the avatar protocol, and a tiny capture that is true to it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.avatars.avatar import render, render_alpha
from incarnate.capture.capture import Track
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.splats.raster import Raster
from incarnate.splats.rasterize import rasterize
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

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        del camera, light
        points = _points_on_sphere(400)
        albedo = 0.25 + 0.5 * (0.5 + 0.5 * points)
        cosine, sine = np.cos(self.normal_turn), np.sin(self.normal_turn)
        turn = torch.tensor([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]).float()
        return Splats(
            means=RADIUS * points + pose.root_translation,
            quaternions=torch.tensor([1.0, 0, 0, 0]).expand(len(points), 4).contiguous(),
            log_scales=torch.full((len(points), 3), np.log(0.014)),
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


def tiny_rig() -> Rig:
    """Two joints, one expression, one triangle: all that the ball's poses need."""
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


def ball_camera() -> Camera:
    """In front of the ball; 40 × 48 pixels are enough for SSIM and LPIPS."""
    pose = look_at(torch.tensor([0.0, 0, 0.6]), torch.zeros(3))
    return Camera(pinhole_intrinsics(0.45, 40, 48), pose, 40, 48)


def ball_poses(ball: Ball, count: int = 6) -> Pose:
    """The ball goes from its right to its left."""
    poses = rest_pose(ball.rig, count)
    poses.root_translation[:, 0] = torch.linspace(-0.02, 0.02, count)
    return poses


def write_ball_capture(folder: Path) -> None:
    """Six frames, the last four for testing, also under a sunset, two with true surface maps."""
    ball = Ball(tiny_rig())
    camera, poses = ball_camera(), ball_poses(ball)
    sunset = Environment(torch.tensor([1.2, 0.7, 0.4]).expand(4, 8, 3).contiguous(), name="sunset")
    header = CaptureHeader("ball", {"front": camera}, fps=25.0, rig=ball.rig.name)
    with CaptureWriter(folder, header) as writer:
        writer.write_rig(ball.rig)
        writer.add_relight("sunset", sunset)
        for i in range(len(poses)):
            index = writer.add_frame(i / 25, "train" if i < 2 else "test")
            alpha = render_alpha(ball, poses[i], camera)
            writer.write_image(index, _rgba(render(ball, poses[i], camera), alpha))
            if i >= 2:
                relit = render(ball, poses[i], camera, sunset)
                writer.write_relit("sunset", index, _rgba(relit, alpha)[..., :3])
            if i in (2, 4):
                raster = rasterize(ball.splat(poses[i], camera), camera)
                normals = torch.nn.functional.normalize(raster["normal"], dim=-1)
                writer.write_truth("albedo", index, raster["albedo"])
                writer.write_truth("normal", index, normals)
        writer.set_track(Track(ball.rig.with_identity(), poses, torch.zeros(6), origin="truth"))


def _rgba(
    premultiplied: Float[Tensor, "height width 3"], alpha: Float[Tensor, "height width"]
) -> UInt8[np.ndarray, "height width 4"]:
    straight = premultiplied / alpha.clamp(min=1 / 255)[..., None]
    coverage = (alpha * 255 + 0.5).to(torch.uint8).numpy()
    return np.concatenate([bytes_from_linear(straight), coverage[..., None]], -1)
