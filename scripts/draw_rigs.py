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
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh
from incarnate.light.prefilter import PrefilteredLight, prefilter
from incarnate.light.procedural import PROCEDURAL_NAMES, procedural_environment
from incarnate.light.shading import SurfaceMaps, shade_surface
from incarnate.rigs.embedded import (
    EYE_LOOK_RADIANS,
    JAW_OPEN_RADIANS,
    default_body_rig,
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
    color = dressed(rig, raster, paint(rig, raster))[seen] ** 2.0
    materials = SurfaceMaps(color, 0.5 * single, 0.04 * single, normals, occlusion)
    image = torch.tensor(PAPER).expand(fine.height, fine.width, 3).clone()
    image[seen] = shade_surface(materials, to_camera, light).radiance
    return image.unflatten(0, (-1, SAMPLES)).unflatten(2, (-1, SAMPLES)).mean((1, 3))


def dressed(rig: Rig, raster: MeshRaster, color: Tensor) -> Tensor:
    """The colours with a plain suit over trunk and thighs."""
    arms = [i for i, name in enumerate(rig.joint_names) if "shoulder" in name or "elbow" in name]
    on_arm = raster.interpolate(rig.skinning_weights[:, arms].sum(1, keepdim=True), rig.faces)
    height = raster.interpolate(rig.vertices, rig.faces)[..., 1]
    suit = (height > 0.58) & (height < 1.345) & (on_arm[..., 0] < 0.5) & raster.covered
    # A hand is no arm by its weights; it hangs away from the trunk.
    hands = raster.interpolate(rig.vertices, rig.faces)[..., 0].abs() > 0.26
    return torch.where((suit & ~hands)[..., None], torch.tensor([0.33, 0.38, 0.46]), color)


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
    """With its name in a strip below."""
    whole = Image.new("RGB", (image.width, image.height + 20), screen_paper())
    whole.paste(image, (0, 0))
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(13)
    pen.text((image.width / 2, image.height + 14), text, (40, 44, 52), font, anchor="mb")
    return whole


def sheet(images: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size in rows."""
    width, height = images[0].size
    rows = math.ceil(len(images) / columns)
    whole = Image.new("RGB", (columns * width, rows * height), screen_paper())
    for i, image in enumerate(images):
        whole.paste(image, (i % columns * width, i // columns * height))
    return whole


def screen_paper() -> tuple[int, int, int]:
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


FACES = (
    ("blink", {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}),
    ("smile", {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0, "cheekSquintLeft": 0.6}),
    ("jawOpen", {"jawOpen": 0.8}),
    ("brows up", {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}),
    ("mouthPucker", {"mouthPucker": 1.0}),
    ("mouthFrown", {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}),
    ("eyeLookOutLeft …", {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}),
    ("noseSneer", {"noseSneerLeft": 1.0, "noseSneerRight": 1.0, "mouthUpperUpLeft": 0.4}),
)
STEP = {
    "left_shoulder": (0.15, 0.5, -0.35),
    "left_elbow": (0.0, -1.1, 0.0),
    "right_shoulder": (0.1, -0.35, 0.3),
    "right_elbow": (0.0, 0.7, 0.0),
    "left_hip": (0.35, 0.0, 0.0),
    "left_knee": (0.45, 0.0, 0.0),
    "right_hip": (-0.6, 0.0, 0.0),
    "right_knee": (0.5, 0.0, 0.0),
    "spine2": (0.0, 0.15, 0.0),
    "neck": (0.0, -0.25, 0.0),
}


def rigs_picture(light: PrefilteredLight, height: int = 640) -> Image.Image:
    """The body at rest and in a step, then faces of the head rig."""
    body, head = default_body_rig(), default_head_rig()
    rotations = rest_pose(body).joint_rotations.clone()
    for name, axis_angle in STEP.items():
        rotations[body.joint_index(name) - 1] = torch.tensor(axis_angle)
    step = replace(rest_pose(body), joint_rotations=rotations)
    view = View((0.0, 0.83, 0.0), 1.82)
    bodies = [
        picture(draw(body, rest_pose(body), view.camera(384, height), light)),
        picture(draw(body, step, replace(view, yaw=35.0).camera(330, height), light)),
    ]
    size = height // 2 - 20
    view = View((0.0, 1.525, 0.05), 0.27, 12.0)
    faces = [
        labelled(picture(draw(head, face_pose(head, **units), view.camera(250, size), light)), name)
        for name, units in FACES
    ]
    parts = [*bodies, sheet(faces, 4)]
    whole = Image.new("RGB", (sum(part.width for part in parts), height), screen_paper())
    left = 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width
    return whole


BALLS = ((0.6, 1.0, 0.0), (0.6, 0.5, 0.04), (0.1, 0.3, 0.04), (0.0, 0.0, 0.9))
"""Albedo, roughness and reflectance of the row of balls: clay, skin, lacquer, a mirror."""


def lights_picture(size: int = 190) -> Image.Image:
    """Each light made by code: its map, and balls of four materials in it."""
    rows = []
    for name in PROCEDURAL_NAMES:
        env = procedural_environment(name)
        light = prefilter(env)
        balls = [ball(material, light, size) for material in BALLS]
        # The map with what lies before the subject in its middle.
        shown = env.radiance.roll(-env.radiance.shape[0] // 2, 1)
        small = shown.permute(2, 0, 1)[None]
        small = torch.nn.functional.interpolate(small, (size, 2 * size), mode="area")[0]
        row = torch.cat([small.permute(1, 2, 0), *balls], 1)
        rows.append(np.asarray(labelled(picture(row), name)))
    return Image.fromarray(np.vstack(rows))


def ball(material: tuple[float, float, float], light: PrefilteredLight, size: int) -> Tensor:
    """A ball seen from afar, linear RGB on paper."""
    fine = SAMPLES * size
    line = ((torch.arange(fine) + 0.5) / fine * 2 - 1) * 1.06
    y, x = torch.meshgrid(-line, line, indexing="ij")
    inside = x * x + y * y < 1
    normals = torch.stack([x, y, (1 - x * x - y * y).clamp(min=0).sqrt()], -1)[inside]
    albedo, roughness, reflectance = (
        value * normals.new_ones(len(normals), 1) for value in material
    )
    tint = torch.tensor([1.0, 0.72, 0.6]) if material == BALLS[1] else torch.ones(3)
    to_camera = torch.tensor([0.0, 0.0, 1.0]).expand_as(normals)
    materials = SurfaceMaps(albedo * tint, roughness, reflectance, normals)
    image = torch.tensor(PAPER).expand(fine, fine, 3).clone()
    image[inside] = shade_surface(materials, to_camera, light).radiance
    return image.clamp(max=1).unflatten(0, (-1, SAMPLES)).unflatten(2, (-1, SAMPLES)).mean((1, 3))


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=Path, help="write a sheet of all face units instead")
    images = Path(__file__).parents[1] / "docs" / "images"
    parser.add_argument("--output", type=Path, default=images, help="folder of the two pictures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    light = prefilter(procedural_environment("studio", 128))
    if arguments.units:
        unit_sheet(light).save(arguments.units)
        return
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, image in (("rigs", rigs_picture(light)), ("lights", lights_picture())):
        image.save(arguments.output / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
