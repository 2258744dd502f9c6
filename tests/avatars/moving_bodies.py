"""A painted body on the embedded rig, seen by a ring of cameras: multi-view captures in seconds."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tests.avatars.people import painted

from incarnate.avatars.body import BodyAvatar, BodyModel
from incarnate.avatars.map_network import NetworkModel
from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.colors import bytes_from_linear
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import position_maps_of_rig
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

SMALL_NETWORK = NetworkModel(
    map_size=32, condition_size=16, bottom_size=4, base_channels=4, max_channels=8,
    style_width=4,
)  # fmt: skip
SMALL_BODY = BodyModel(map_size=64, network=SMALL_NETWORK, key_poses=8, memory_size=8)


def ring_of_cameras(count: int, size: int = 64) -> dict[str, Camera]:
    """Cameras around the body, three metres away."""
    middle = torch.tensor([0.0, 0.9, 0.0])
    cameras = {}
    for index in range(count):
        angle = 2 * math.pi * index / count
        eye = middle + 3 * torch.tensor([math.sin(angle), 0.1, math.cos(angle)])
        intrinsics = pinhole_intrinsics(0.7, size, size)
        cameras[f"cam{index:02d}"] = Camera(intrinsics, look_at(eye, middle), size, size)
    return cameras


def waving_poses(rig: Rig, count: int) -> Pose:
    """Arms that go up and down, and a trunk that turns; no two frames alike."""
    phase = torch.linspace(0, math.pi, count)
    pose = rest_pose(rig, count)
    joints = pose.joint_rotations.clone()
    joints[:, rig.joint_index("left_shoulder") - 1, 2] = 0.8 * phase.sin()
    joints[:, rig.joint_index("right_elbow") - 1, 1] = 0.9 * phase.cos()
    turns = pose.root_rotation.clone()
    turns[:, 1] = 0.4 * phase.cos()
    return replace(pose, joint_rotations=joints, root_rotation=turns)


def small_body(model: BodyModel = SMALL_BODY, *, num_keys: int = 4) -> BodyAvatar:
    """An untrained body with a few hundred splats."""
    rig = default_body_rig()
    maps = position_maps_of_rig(rig, model.map_size)
    without = BodyAvatar(model, rig, maps)
    conditions = without.conditions(waving_poses(rig, num_keys), [0.1 * i for i in range(num_keys)])
    keys = torch.stack([condition.signature for condition in conditions])
    return BodyAvatar(model, rig, maps, keys=keys, kernel_width=0.02)


def write_body_capture(folder: Path, *, size: int = 64, num_frames: int = 6) -> Capture:
    """Three cameras, of which the last is for tests; the fourth frame is a held-out pose."""
    rig, cameras = default_body_rig(), ring_of_cameras(3, size)
    poses = waving_poses(rig, num_frames)
    colors = painted(rig)
    header = CaptureHeader(
        "waving", cameras, fps=25.0, rig="incarnate-body", test_cameras=("cam02",)
    )
    with CaptureWriter(folder, header) as writer:
        for index in range(num_frames):
            split = "test" if index == 3 else "train"
            frame = writer.add_frame(index / 25, split, clip="wave")
            vertices = pose_rig(rig, poses[index]).vertices
            for number, camera in enumerate(cameras.values()):
                mesh = rasterize_mesh(vertices, rig.faces, camera)
                image = bytes_from_linear(mesh.interpolate(colors, rig.faces))
                matte = (255 * mesh.covered.numpy()).astype(np.uint8)
                writer.write_image(frame, np.dstack([image, matte]), number)
        writer.set_track(Track(rig, poses, torch.zeros(num_frames), origin="truth"))
    return load_capture(folder)
