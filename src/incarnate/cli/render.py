"""``incarnate render``: drive and relight an avatar, write a video."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.motion import OWN_MOTION, Motion, clip_of, reader_of
from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.avatars.avatar import Avatar
    from incarnate.avatars.files import Stage
    from incarnate.geometry.cameras import Camera
    from incarnate.light.environment import Environment
    from incarnate.rigs.rig import Pose
    from incarnate.view.clip import Shot


@dataclass(frozen=True)
class Lighting:
    """What lights the avatar."""

    light: str = "capture"
    """capture for the light it was captured in, a .hdr or .exr file, or one of sky, studio,
    night_street."""
    light_rotation: float = 0.0
    """Turns the light about the vertical, degrees."""
    light_sweep: bool = False
    """Turns the light once around over the clip."""
    exposure: float = 0.0
    """Brightens the picture by so many stops."""


@dataclass(frozen=True)
class View:
    """From where the avatar is seen, and before what."""

    camera: Literal["capture", "turntable"] = "capture"
    """The camera of the capture, or one that goes around the head."""
    turn: float = 40.0
    """How far a turntable swings to either side, degrees; from 360 on it goes all around."""
    background: str = "black"
    """black, white, a colour such as #40464f, or light to show the environment."""
    size: int | None = None
    """Height of the picture in pixels; that of the capture if left out."""


def render(
    avatar: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    *,
    motion: tyro.conf.OmitArgPrefixes[Motion] = OWN_MOTION,
    lighting: tyro.conf.OmitArgPrefixes[Lighting] = Lighting(),
    view: tyro.conf.OmitArgPrefixes[View] = View(),
    fast: bool = False,
) -> None:
    """Draw an avatar as it moves, from where and under what light you like.

    Args:
        avatar: Folder of the avatar.
        output: A name that ends in .mp4, or a folder for PNG pictures.
        motion: What it does.
        lighting: What lights it.
        view: From where it is seen.
        fast: Paint a body by the small decoder that incarnate distil added to it.
    """
    from incarnate.avatars.body import BodyAvatar
    from incarnate.avatars.files import load_stage
    from incarnate.avatars.opening import load_avatar
    from incarnate.avatars.watched_body import WatchedBody
    from incarnate.cli.threads import use_threads
    from incarnate.view.clip import Look, colour_of, write_clip
    from incarnate.view.video import VideoWriter

    use_threads(0)
    who, stage = load_avatar(avatar), load_stage(avatar)
    if isinstance(who, BodyAvatar):
        who.projects = motion.drive != OWN_MOTION.drive
    if fast:
        _paint_fast(who, avatar)
    background = None if view.background == "light" else colour_of(view.background)
    shots, fps = shots_of(who, stage, motion=motion, lighting=lighting, view=view)
    look = Look(background, lighting.exposure)
    drawn = WatchedBody(who) if isinstance(who, BodyAvatar) else who
    with VideoWriter(output, fps) as writer, ConsoleProgress() as progress:
        write_clip(drawn, shots, writer, look=look, progress=progress)
    size = f"{shots[0].camera.width}×{shots[0].camera.height}"
    print(f"wrote {output}: {len(shots)} pictures, {size}, {fps:g} a second")
    if isinstance(drawn, WatchedBody) and drawn.distances:
        print(_told(drawn.distances))
    if lighting.light == "capture":
        print(f"next: incarnate render {avatar} --light sky --light-sweep -o {avatar.name}-sky.mp4")
    else:
        print("next: try --camera turntable, --background light, or --exposure 1")


def _paint_fast(avatar: "Avatar", folder: Path) -> None:
    """Let a body be painted by its distilled decoder.

    Raises:
        RenderError: It has none.
    """
    from incarnate.avatars.body import BodyAvatar
    from incarnate.errors import RenderError

    if not isinstance(avatar, BodyAvatar):
        raise RenderError(f"--fast is for bodies, and {folder} holds a head; leave it out")
    if avatar.distilled is None:
        raise RenderError(
            f"{folder} has no distilled decoder for --fast; make one with "
            f"`incarnate distil {folder} CAPTURE`, CAPTURE being what it was trained on"
        )
    avatar.decoder = "distilled"


def _told(distances: list[float]) -> str:
    """How unlike the training's the poses are: far from it, clothes are guesswork."""
    known = sorted(distances)
    return (
        f"poses lie {known[len(known) // 2]:.1f} times as far from the training's as those "
        f"from each other (median; at most {known[-1]:.1f})"
    )


def shots_of(
    avatar: "Avatar", stage: "Stage", *, motion: Motion, lighting: Lighting, view: View
) -> "tuple[list[Shot], float]":
    """The pictures of a clip, and its frames a second."""
    from incarnate.view.clip import Shot

    clip = clip_of(motion, stage, avatar.rig, reader_of(motion, avatar))
    cameras = cameras_of(view, stage.camera, avatar, clip.poses)
    lights = lights_of(lighting, len(clip))
    return [Shot(*shot) for shot in zip(clip.moments(), cameras, lights, strict=True)], clip.fps


def cameras_of(view: View, camera: "Camera", avatar: "Avatar", poses: "Pose") -> "list[Camera]":
    """One camera a frame, of the size that was asked for."""
    import torch

    from incarnate.errors import RenderError
    from incarnate.view.paths import center_of, turntable

    if view.size is not None:
        if not 16 <= view.size <= 8192:
            raise RenderError(f"--size {view.size}: give a height from 16 to 8192 pixels")
        camera = camera.resized(round(camera.width * view.size / camera.height), view.size)
    if view.camera == "capture":
        return [camera] * len(poses)
    with torch.no_grad():
        target = center_of(avatar.splat(poses[0], camera).means)
    return turntable(camera, target, num_frames=len(poses), turn=math.radians(view.turn))


def lights_of(lighting: Lighting, count: int) -> "list[Environment | None]":
    """One light a frame; None is the light of the capture.

    Raises:
        RenderError: The capture's light is to be turned.
        LightError: There is no such light.
    """
    from incarnate.errors import RenderError
    from incarnate.view.paths import light_sweep

    if lighting.light == "capture":
        if lighting.light_sweep or lighting.light_rotation:
            raise RenderError(
                "the light of the capture can't be turned: it belongs to the avatar; name another "
                "with --light (a .hdr or .exr file, sky, studio or night_street)"
            )
        return [None] * count
    light = named_light(lighting.light).rotated(math.radians(lighting.light_rotation))
    return [*light_sweep(light, count)] if lighting.light_sweep else [light] * count


def named_light(name: str) -> "Environment":
    """A procedural light by name, or a file.

    Raises:
        LightError: There is no such light, or the file can't be read.
    """
    from incarnate.errors import LightError
    from incarnate.light.files import load_environment
    from incarnate.light.procedural import PROCEDURAL_NAMES, procedural_environment

    if name in PROCEDURAL_NAMES:
        return procedural_environment(name)
    path = Path(name)
    if not path.is_file():
        known = ", ".join(PROCEDURAL_NAMES)
        raise LightError(
            f"there is no light {name!r}: neither a file of that name nor one of capture, {known}"
        )
    return load_environment(path)
