"""A small painted person on the embedded rig, drawn by the mesh z-buffer: captures in seconds."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.codes import fit_code_projection
from incarnate.avatars.head import HeadAvatar, HeadModel
from incarnate.avatars.seeding import start_on_surface
from incarnate.avatars.start import surroundings_of
from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.colors import bytes_from_linear
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig


def portrait_camera(size: int = 48) -> Camera:
    """A camera one metre before the face."""
    view = look_at(torch.tensor([0.0, 1.52, 1.1]), torch.tensor([0.0, 1.50, 0.0]))
    return Camera(pinhole_intrinsics(0.36, size, size), view, size, size)


def talking_poses(rig: Rig, count: int) -> Pose:
    """Head turns, jaw motion and smiles; no two frames alike."""
    phase = torch.linspace(0, 2 * math.pi, count + 1)[:-1]
    pose = rest_pose(rig, count)
    joints = pose.joint_rotations.clone()
    joints[:, rig.joint_index("head") - 1, 1] = 0.3 * phase.sin()
    joints[:, rig.joint_index("jaw") - 1, 0] = 0.15 * (1 - phase.cos())
    expression = pose.expression.clone()
    for side in ("Left", "Right"):
        expression[:, rig.expression_names.index(f"mouthSmile{side}")] = 0.5 + 0.5 * phase.cos()
    return replace(pose, joint_rotations=joints, expression=expression)


def painted(rig: Rig) -> Float[Tensor, "vertices 3"]:
    """Linear vertex colours: smooth stripes, different on every axis."""
    return 0.15 + 0.6 * torch.sin(40 * rig.vertices + 1) ** 2


def small_avatar(model: HeadModel | None = None, num_splats: int = 600) -> HeadAvatar:
    """An untrained head with few splats."""
    rig = default_head_rig()
    model = model or HeadModel(num_codes=4)
    start = start_on_surface(rig, num_splats, torch.Generator().manual_seed(1))
    projection = fit_code_projection(rig, talking_poses(rig, 12), model.num_codes)
    return HeadAvatar(model, rig, projection, start, surroundings_of(start, model.num_nodes))


def write_painted_capture(folder: Path, *, size: int = 48, num_frames: int = 8) -> Capture:
    """A tracked capture of the painted rig; the last frames are its test split."""
    rig, camera = default_head_rig(), portrait_camera(size)
    poses = talking_poses(rig, num_frames)
    colors = painted(rig)
    with CaptureWriter(folder, CaptureHeader("painted", {"front": camera}, fps=25.0)) as writer:
        for index in range(num_frames):
            vertices = pose_rig(rig, poses[index]).vertices
            mesh = rasterize_mesh(vertices, rig.faces, camera)
            rgb = bytes_from_linear(mesh.interpolate(colors, rig.faces))
            alpha = mesh.covered.numpy().astype(np.uint8)[..., None] * 255
            split = "test" if index >= num_frames - 2 else "train"
            writer.add_frame(index / 25, split)
            writer.write_image(index, np.concatenate([rgb, alpha], -1))
        writer.set_track(Track(rig, poses, torch.zeros(num_frames), origin="truth"))
    return load_capture(folder)
