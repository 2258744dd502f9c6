"""Paints the embedded head so that a face detector takes it for a face."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

SIZE = 720
_FACE_CENTER = (0.0, 1.535, 0.07)
_COLORS = {
    "skin": (0.80, 0.60, 0.50),
    "lips": (0.66, 0.34, 0.33),
    "mouth": (0.25, 0.06, 0.06),
    "left_eye": (0.93, 0.92, 0.90),
    "right_eye": (0.93, 0.92, 0.90),
    "teeth": (0.92, 0.90, 0.84),
    "tongue": (0.66, 0.32, 0.32),
}
_HAIR = (0.16, 0.11, 0.09)
_IRIS_RADIUS = 0.0059  # metres; the human iris is 11.8 mm wide
_PUPIL_RADIUS = 0.0021
# Middle line of the left brow (x, y in metres) and its half thickness; it lies where the brow
# units of the rig move the skin most.
_BROW = np.array(
    [
        [0.009, 1.5685, 0.0034],
        [0.018, 1.5705, 0.0038],
        [0.030, 1.5725, 0.0034],
        [0.042, 1.5728, 0.0027],
        [0.053, 1.5690, 0.0012],
    ]
)


@dataclass(frozen=True)
class Shot:
    """One picture to take: where from, and with which face."""

    yaw: float = 0.0
    """Degrees; positive shows more of the subject's left."""
    pitch: float = 0.0
    """Degrees; positive looks from above."""
    jaw: float = 0.0
    """Radians."""
    expression: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Picture:
    """What a shot gave."""

    image: np.ndarray
    """(height, width, 3) uint8."""
    raster: MeshRaster
    camera: Camera
    vertices: Tensor
    """Posed vertices, metres."""


def pose_of(rig: Rig, shot: Shot) -> Pose:
    """The rig's pose in a shot."""
    pose = rest_pose(rig)
    rotations, expression = pose.joint_rotations.clone(), pose.expression.clone()
    rotations[rig.joint_index("jaw") - 1, 0] = shot.jaw
    for name, value in shot.expression:
        expression[rig.expression_names.index(name)] = value
    return replace(pose, joint_rotations=rotations, expression=expression)


def take(rig: Rig, shot: Shot) -> Picture:
    """Draw the painted head."""
    vertices = pose_rig(rig, pose_of(rig, shot)).vertices
    camera = _camera(shot)
    raster = rasterize_mesh(vertices, rig.faces, camera)
    normals = raster.interpolate(vertex_normals(vertices, rig.faces), rig.faces)
    normals = torch.nn.functional.normalize(normals, dim=-1)
    to_light = torch.nn.functional.normalize(torch.tensor([0.25, 0.45, 1.0]), dim=0)
    light = 0.35 + 0.65 * (normals @ to_light).clamp(min=0)
    color = paint(rig, raster) * light[..., None]
    color[~raster.covered] = torch.tensor([0.55, 0.6, 0.65])
    image = (color.clamp(0, 1) ** (1 / 1.8) * 255).byte().numpy()
    return Picture(np.ascontiguousarray(image), raster, camera, vertices)


def _camera(shot: Shot) -> Camera:
    yaw, pitch = math.radians(shot.yaw), math.radians(shot.pitch)
    direction = torch.tensor(
        [
            math.sin(yaw) * math.cos(pitch),
            math.sin(pitch),
            math.cos(yaw) * math.cos(pitch),
        ]
    )
    target = torch.tensor(_FACE_CENTER)
    intrinsics = pinhole_intrinsics(math.radians(22), SIZE, SIZE)
    return Camera(intrinsics, look_at(target + 0.9 * direction, target), SIZE, SIZE)


def paint(rig: Rig, raster: MeshRaster) -> Tensor:
    """Colour by part, with brows, irises, a lash line and short hair by rest position."""
    colors = torch.tensor([_COLORS[name] for name in rig.part_names])[rig.parts]
    color = raster.interpolate(colors, rig.faces)
    rest = raster.interpolate(rig.vertices, rig.faces)
    parts = torch.nn.functional.one_hot(rig.parts, len(rig.part_names)).float()
    part = raster.interpolate(parts, rig.faces)
    skin = part[..., rig.part_names.index("skin")] > 0.9
    x, y, z = rest.abs()[..., 0].double().numpy(), rest[..., 1].numpy(), rest[..., 2].numpy()
    middle = np.interp(x, _BROW[:, 0], _BROW[:, 1])
    half = np.interp(x, _BROW[:, 0], _BROW[:, 2], left=0, right=0)
    brow = skin & torch.from_numpy((np.abs(y - middle) < half) & (z > 0.08))
    # The hair line: above the forehead, and behind the temples and ears.
    hair = skin & torch.from_numpy((y > 1.618 + 0.25 * (z - 0.12)) & (z < 0.135))
    color[brow | hair] = torch.tensor(_HAIR)
    for side in ("left", "right"):
        eye = rig.joints[rig.joint_index(f"{side}_eye_smplhf")]
        offset = rest - eye
        on_eye = part[..., rig.part_names.index(f"{side}_eye")] > 0.5
        radius = offset[..., :2].norm(dim=-1)
        front = on_eye & (offset[..., 2] > 0)
        color[front & (radius < _IRIS_RADIUS)] = torch.tensor([0.28, 0.17, 0.10])
        color[front & (radius < _PUPIL_RADIUS)] = torch.tensor([0.02, 0.02, 0.02])
        lash = skin & (offset.norm(dim=-1) < 0.0162) & (offset[..., 1] > 0)
        color[lash] = torch.tensor([0.2, 0.12, 0.1])
    return color
