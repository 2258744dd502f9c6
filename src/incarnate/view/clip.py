"""A clip: what an avatar does, seen from where, under what light, before what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.avatars.avatar import Avatar, render
from incarnate.errors import RenderError
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear, linear_from_srgb
from incarnate.light.environment import Environment
from incarnate.light.sampling import radiance_along
from incarnate.rigs.rig import Pose
from incarnate.view.video import VideoWriter

_NAMED_COLOURS: Final = {"black": "#000000", "white": "#ffffff"}


@dataclass(frozen=True)
class Shot:
    """One picture of a clip."""

    pose: Pose
    """Not batched."""
    camera: Camera
    light: Environment | None
    """None is the light of the training capture."""


@dataclass(frozen=True)
class Look:
    """What all pictures of a clip share."""

    background: Float[Tensor, "3"] | None
    """Linear RGB behind the person; None shows the light itself."""
    exposure: float = 0.0
    """Stops: the whole picture is multiplied by 2 to this power, in linear colour."""


@torch.no_grad()
def picture_of(avatar: Avatar, shot: Shot, look: Look) -> UInt8[np.ndarray, "height width 3"]:
    """One picture, 8-bit sRGB.

    Raises:
        RenderError: The background is to show the light, but the shot has none.
    """
    background = _background(shot, look)
    image = render(avatar, shot.pose, shot.camera, shot.light, background)
    return bytes_from_linear(image * 2.0**look.exposure)


def write_clip(
    avatar: Avatar,
    shots: Sequence[Shot],
    writer: VideoWriter,
    *,
    look: Look,
    progress: Callable[[int, int, str], None] | None = None,
) -> None:
    """Draw each picture of a clip and write it.

    Args:
        avatar: Who.
        shots: The pictures, in order.
        writer: An open writer.
        look: Background and exposure.
        progress: Called with pictures done, pictures in all and what is being done.

    Raises:
        RenderError: The background is to show the light, but a picture has none.
    """
    for done, shot in enumerate(shots, 1):
        writer.write(picture_of(avatar, shot, look))
        if progress is not None:
            progress(done, len(shots), "drawing pictures")


def colour_of(text: str) -> Float[Tensor, "3"]:
    """Linear RGB of ``black``, ``white`` or an sRGB colour written ``#rrggbb``.

    Raises:
        RenderError: It is neither.
    """
    digits = _NAMED_COLOURS.get(text, text).removeprefix("#")
    try:
        encoded = bytes.fromhex(digits)
    except ValueError:
        encoded = b""
    if len(encoded) != 3 or not _NAMED_COLOURS.get(text, text).startswith("#"):
        raise RenderError(
            f"background {text!r} is not known; give black, white, light, or a colour such as "
            "#40464f"
        )
    return linear_from_srgb(torch.tensor(list(encoded), dtype=torch.float32) / 255)


def _background(shot: Shot, look: Look) -> Float[Tensor, "#height #width 3"]:
    if look.background is not None:
        return look.background[None, None]
    if shot.light is None:
        raise RenderError(
            "background 'light' needs a light to show; name one with --light (a .hdr or .exr "
            "file, sky, studio or night_street)"
        )
    return radiance_along(shot.light, shot.camera.pixel_rays())
