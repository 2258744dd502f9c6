"""How many pictures a second a body is drawn at: 23k splats, 512², in full and distilled."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from benchmarks.timing import Threads, cpu_time, interleaved, wall_time

from incarnate.avatars.avatar import render
from incarnate.avatars.body import BodyAvatar, BodyModel
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.moments import moments
from incarnate.rigs.position_maps import position_maps_of_rig
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.splats.rasterize import rasterize
from incarnate.train.body_distillation import DISTILLED_BODY, distil_body

SIZE, NUM_POSES = 512, 24
WHOLE = {"full": "a picture, network and memory", "distilled": "a picture, distilled"}


def body_rates(repeats: int = 9) -> dict[str, float]:
    """Milliseconds: parts and pictures of one thread's processor time, pictures on the clock."""
    body, pose, camera = body_setting()
    with torch.no_grad():
        condition = body.condition(pose)
        painted = body.painted(condition)
        splats = body.posed(pose, painted)
        raster = rasterize(splats, camera)

        def picture(decoder: str) -> Callable[[], object]:
            def draw() -> None:
                body.decoder = "full" if decoder == "full" else "distilled"
                render(body, pose, camera)
                body.decoder = "full"

            return draw

        def quickly() -> None:
            body.decoder = "distilled"
            body.splat(pose, camera)
            body.decoder = "full"

        parts: dict[str, Callable[[], object]] = {
            "condition": lambda: body.condition(pose),
            "network and memory": lambda: body.painted(condition),
            "decode and skin": lambda: body.posed(pose, painted),
            "rasterize": lambda: rasterize(splats, camera),
            "shade": lambda: body.shade(raster, camera, None),
            "condition to skin, distilled": quickly,
        }
        whole = {name: picture(decoder) for decoder, name in WHOLE.items()}
        with Threads(1):
            spent = interleaved(parts | whole, repeats, cpu_time)
        with Threads(2):
            clock = interleaved(whole, repeats, wall_time)
    times = {name: 1e3 * taken for name, taken in spent.items()}
    return times | {f"{name}, two threads, wall": 1e3 * taken for name, taken in clock.items()}


def body_setting() -> tuple[BodyAvatar, Pose, Camera]:
    """A body of the default model on the embedded rig; what its weights are takes no time."""
    rig = default_body_rig()
    model, maps = BodyModel(), position_maps_of_rig(rig, BodyModel().map_size)
    poses = moments(_poses(rig, NUM_POSES), 30.0)
    blank = BodyAvatar(model, rig, maps)
    conditions = [blank.condition(pose) for pose in poses]
    keys = torch.stack([condition.signature for condition in conditions])
    body = BodyAvatar(model, rig, maps, keys=keys, kernel_width=0.02).requires_grad_(False).eval()
    with torch.no_grad():
        generator = torch.Generator().manual_seed(0)
        for parameter in body.network.parameters() if body.network is not None else ():
            if not bool(parameter.any()):
                parameter.normal_(0, 0.02, generator=generator)
    few = replace(DISTILLED_BODY, steps=1)
    body.distilled = distil_body(body, conditions, few, num_mixed=0).painter
    eye, middle = torch.tensor([0.0, 1.0, 3.2]), torch.tensor([0.0, 0.9, 0.0])
    camera = Camera(pinhole_intrinsics(0.6, SIZE, SIZE), look_at(eye, middle), SIZE, SIZE)
    return body, poses[-1], camera


def _poses(rig: Rig, count: int) -> Pose:
    """Arms that swing, a trunk that turns."""
    phase = torch.linspace(0, 4 * math.pi, count)
    pose = rest_pose(rig, count)
    joints = pose.joint_rotations.clone()
    joints[:, rig.joint_index("left_shoulder") - 1, 2] = 0.8 * phase.sin()
    joints[:, rig.joint_index("right_elbow") - 1, 1] = 0.9 * (0.7 * phase).cos()
    turns = pose.root_rotation.clone()
    turns[:, 1] = 0.4 * (0.3 * phase).cos()
    return replace(pose, joint_rotations=joints, root_rotation=turns)
