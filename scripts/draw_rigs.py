"""Draw the pictures of docs/rigs.md and docs/light.md into docs/images.

python scripts/draw_rigs.py                        both pictures of the documentation
python scripts/draw_rigs.py --units units.png      every face unit, to look for faults
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from face_paint import paint
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.colors import srgb_from_linear
from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.light.prefilter import PrefilteredLight, prefilter
from incarnate.light.procedural import procedural_environment
from incarnate.light.shading import SurfaceMaps, shade_surface
from incarnate.rigs.embedded import (
    EYE_LOOK_RADIANS,
    JAW_OPEN_RADIANS,
    default_head_rig,
)
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

PAPER = (0.82, 0.83, 0.85)
SAMPLES = 2  # drawn pixels along each side of a picture's pixel
FACE = (0.0, 1.53, 0.05)


@dataclass(frozen=True)
class View:
    """From where a picture is taken."""

    target: tuple[float, float, float]
    """What stands in its middle, metres."""
    extent: float
    """Height of what it shows there, metres."""
    yaw: float = 0.0
    """Degrees; positive shows more of the subject's left."""

    def camera(self, width: int, height: int) -> Camera:
        """A long lens: five times the extent away."""
        target, yaw = torch.tensor(self.target), math.radians(self.yaw)
        away = 5 * self.extent * torch.tensor([math.sin(yaw), 0.0, math.cos(yaw)])
        intrinsics = pinhole_intrinsics(2 * math.atan(0.1), height, height)
        intrinsics[0, 2] = width / 2
        return Camera(intrinsics, look_at(target + away, target), width, height)


def draw(rig: Rig, pose: Pose, camera: Camera, light: PrefilteredLight) -> Tensor:
    """A posed rig in a light, linear RGB on paper."""
    fine = camera.resized(camera.width * SAMPLES, camera.height * SAMPLES)
    vertices = pose_rig(rig, pose).vertices
    raster = rasterize_mesh(vertices, rig.faces, fine)
    seen = raster.covered
    normals = raster.interpolate(vertex_normals(vertices, rig.faces), rig.faces)[seen]
    points = raster.interpolate(vertices, rig.faces)[seen]
    to_camera = torch.nn.functional.normalize(fine.center - points, dim=-1)
    # Smooth normals turn away at rims that are seen; there the reflection would be a mirror's.
    facing = (normals * to_camera).sum(-1, keepdim=True)
    normals = torch.nn.functional.normalize(
        normals + (0.2 - facing).clamp(min=0) * to_camera, dim=-1
    )
    single = normals.new_ones(len(normals), 1)
    inside = torch.tensor([name in ("mouth", "teeth", "tongue") for name in rig.part_names])
    hidden = raster.interpolate(inside[rig.parts].float()[:, None], rig.faces)[seen]
    # Little light finds its way into the mouth.
    occlusion = 1 - 0.7 * hidden
    color = paint(rig, raster)[seen] ** 2.0
    materials = SurfaceMaps(color, 0.5 * single, 0.04 * single, normals, occlusion)
    image = torch.tensor(PAPER).expand(fine.height, fine.width, 3).clone()
    image[seen] = shade_surface(materials, to_camera, light).radiance
    return image.unflatten(0, (-1, SAMPLES)).unflatten(2, (-1, SAMPLES)).mean((1, 3))


def face_pose(rig: Rig, **units: float) -> Pose:
    """A pose by ARKit's names; `jawOpen` and the gaze turn their joints."""
    pose = rest_pose(rig)
    rotations, expression = pose.joint_rotations.clone(), pose.expression.clone()
    for name, value in units.items():
        if name == "jawOpen":
            rotations[rig.joint_index("jaw") - 1, 0] = value * JAW_OPEN_RADIANS
            continue
        expression[rig.expression_names.index(name)] = value
        if name.startswith("eyeLook"):
            eye = "left" if name.endswith("Left") else "right"
            way = name.removeprefix("eyeLook").removesuffix(eye.capitalize())
            rotations[rig.joint_index(f"{eye}_eye_smplhf") - 1] += value * gaze(way, eye)
    return replace(pose, joint_rotations=rotations, expression=expression)


def gaze(way: str, eye: str) -> Tensor:
    """Axis-angle of an eye joint for one unit of ``eyeLook`` up, down, in or out."""
    angle = EYE_LOOK_RADIANS[way]
    if way in ("Up", "Down"):
        return torch.tensor([angle if way == "Down" else -angle, 0.0, 0.0])
    # A turn about +y takes the gaze to the subject's left.
    toward_left = (way == "Out") == (eye == "left")
    return torch.tensor([0.0, angle if toward_left else -angle, 0.0])


def picture(linear: Tensor) -> Image.Image:
    """For the screen."""
    pixels = srgb_from_linear(linear.clamp(0, 1)).mul(255).round().byte().numpy()
    return Image.fromarray(pixels)


def labelled(image: Image.Image, text: str) -> Image.Image:
    """With its name at the lower edge."""
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    pen.text((image.width / 2, image.height - 5), text, (40, 44, 52), font, anchor="mb")
    return image


def sheet(images: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size in rows."""
    width, height = images[0].size
    rows = math.ceil(len(images) / columns)
    whole = Image.new("RGB", (columns * width, rows * height), picture_paper())
    for i, image in enumerate(images):
        whole.paste(image, (i % columns * width, i // columns * height))
    return whole


def picture_paper() -> tuple[int, int, int]:
    """The paper's colour on the screen."""
    red, green, blue = picture(torch.tensor(PAPER)[None, None]).getpixel((0, 0))
    return int(red), int(green), int(blue)


def unit_sheet(light: PrefilteredLight, size: int = 230) -> Image.Image:
    """Every face unit at one, from the front and from the side."""
    rig = default_head_rig()
    poses = [("rest", {}), ("jawOpen", {"jawOpen": 1.0})]
    poses += [(name, {name: 1.0}) for name in rig.expression_names]
    drawn = []
    for name, units in poses:
        pose = face_pose(rig, **units)
        sides = [
            np.asarray(picture(draw(rig, pose, View(FACE, 0.2, yaw).camera(size, size), light)))
            for yaw in (0, 40)
        ]
        drawn.append(labelled(Image.fromarray(np.hstack(sides)), name))
    return sheet(drawn, 6)


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=Path, help="write a sheet of all face units instead")
    arguments = parser.parse_args()
    light = prefilter(procedural_environment("studio", 128))
    if arguments.units:
        unit_sheet(light).save(arguments.units)
        return


if __name__ == "__main__":
    main()
