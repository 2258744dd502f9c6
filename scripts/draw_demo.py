"""Draw the picture of the README from what `incarnate demo` left.

python scripts/draw_demo.py demo docs/images/demo.jpg
"""

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from incarnate import load_avatar, load_capture, load_track, render
from incarnate.avatars.avatar import Avatar
from incarnate.capture.capture import Track
from incarnate.capture.reading import read_frame
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear, linear_from_srgb
from incarnate.light.environment import Environment
from incarnate.light.procedural import procedural_environment
from incarnate.light.sampling import radiance_along
from incarnate.rigs.rig import Pose
from incarnate.rigs.skinning import world_from_rest_joints
from incarnate.splats.rasterize import rasterize
from incarnate.view.paths import orbit

PANEL = 256
TURN = math.radians(28)
QUALITY = 90


def main() -> None:
    """Draw and save the row of panels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="folder of a demo")
    parser.add_argument("output", type=Path, help="the picture, .jpg")
    parser.add_argument("--frame", type=int, help="a test frame; the most frontal one if left out")
    words = parser.parse_args()
    capture = load_capture(words.demo / "capture")
    track = load_track(capture)
    index = most_frontal(track, capture.indices("test")) if words.frame is None else words.frame
    pose = track.poses[index]
    with torch.no_grad():
        panels = draw_panels(load_avatar(words.demo / "avatar"), pose, capture.cameras[0])
    frame = read_frame(capture, index, size=(PANEL, PANEL))
    truth = frame.image * frame.matte[..., None] + backdrop() * (1 - frame.matte[..., None])
    pictures = [bytes_from_linear(truth), *panels]
    words.output.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(np.concatenate(pictures, 1))
    sheet.save(words.output, quality=QUALITY, subsampling=0)


def most_frontal(track: Track, indices: list[int]) -> int:
    """The frame whose face looks at the camera most, with its eyes open."""
    names = track.rig.expression_names
    lids = [names.index(f"eyeBlink{side}") for side in ("Left", "Right")]
    head = world_from_rest_joints(track.rig, track.poses)[:, track.rig.joint_index("head")]
    score = head[:, 2, 2] - track.poses.expression[:, lids].mean(-1)
    return max(indices, key=lambda index: float(score[index]))


def draw_panels(
    avatar: Avatar, pose: Pose, camera: Camera
) -> list[UInt8[np.ndarray, "height width 3"]]:
    """The avatar, its normals, turned, and turned the other way under two other lights."""
    camera = camera.resized(PANEL, PANEL)
    center = avatar.splat(pose, camera).means.median(0).values
    left, right = orbit(camera, center, TURN), orbit(camera, center, -TURN)
    sky = procedural_environment("sky").rotated(math.radians(-45))
    street = procedural_environment("night_street")
    return [
        bytes_from_linear(render(avatar, pose, camera, background=backdrop())),
        normals(avatar, pose, camera),
        bytes_from_linear(render(avatar, pose, left, background=backdrop())),
        bytes_from_linear(outdoors(avatar, pose, right, sky)),
        bytes_from_linear(outdoors(avatar, pose, camera, street)),
    ]


def backdrop() -> Float[Tensor, "1 1 3"]:
    """The grey of a studio wall, linear."""
    return linear_from_srgb(torch.full((1, 1, 3), 0.16))


def outdoors(
    avatar: Avatar, pose: Pose, camera: Camera, light: Environment
) -> Float[Tensor, "height width 3"]:
    """The avatar in a light, with that light behind."""
    behind = radiance_along(light, camera.pixel_rays())
    return render(avatar, pose, camera, light, behind)


def normals(avatar: Avatar, pose: Pose, camera: Camera) -> UInt8[np.ndarray, "height width 3"]:
    """World normals as colours: red to the person's left, green up, blue to the front."""
    raster = rasterize(avatar.splat(pose, camera), camera)
    unit = torch.nn.functional.normalize(raster.sum("normal"), dim=-1)
    alpha = raster.alpha[..., None]
    srgb = (0.5 + 0.5 * unit) * alpha + 0.16 * (1 - alpha)
    return (srgb.clamp(0, 1) * 255 + 0.5).to(torch.uint8).numpy()


if __name__ == "__main__":
    main()
