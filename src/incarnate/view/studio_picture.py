"""What an avatar in the studio does and is lit by, and the picture of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import radians
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.avatars.avatar import Avatar
from incarnate.avatars.files import Stage
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.light.procedural import PROCEDURAL_NAMES, procedural_environment
from incarnate.rigs.moments import moment
from incarnate.rigs.rig import Pose, Rig
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats
from incarnate.view.clip import Look, Shot, colour_of, picture_of
from incarnate.view.studio_controls import controls_of, posed, resting

CAPTURE_LIGHT: Final = "capture"
"""The light that the avatar was captured in."""
BACKGROUNDS: Final = MappingProxyType(
    {"dark": "#1a1c20", "grey": "#808080", "black": "black", "white": "white"}
)
"""By the names that the page shows; ``light`` is one more, and shows what lights the person."""
LIGHT_BACKGROUND: Final = "light"


@dataclass(frozen=True)
class Arrangement:
    """What the sliders say."""

    frame: int = 0
    """Of the avatar's own motion."""
    moves: bool = True
    """Whether the frame's pose is taken; else the person rests where the frame has them."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Of the controls (`Control.name`)."""
    light: str = CAPTURE_LIGHT
    rotation: float = 0.0
    """Of the light about the vertical, degrees; that of the capture does not turn."""
    background: str = "dark"
    exposure: float = 0.0
    """Stops."""


class AvatarScene:
    """An avatar, its own motion and the lights it may be shown under."""

    def __init__(
        self, avatar: Avatar, stage: Stage, lights: Mapping[str, Environment] | None = None
    ) -> None:
        """Make it.

        Args:
            avatar: Who.
            stage: The avatar's own camera and motion.
            lights: By name, besides the capture's and those made by code.
        """
        self.avatar, self.stage = _Remembering(avatar), stage
        self.controls = controls_of(avatar.rig)
        self._lights = dict(lights or {})
        self._pose: tuple[tuple[object, ...], Pose] | None = None
        self._light: tuple[tuple[object, ...], Environment] | None = None

    @property
    def light_names(self) -> tuple[str, ...]:
        """What `Arrangement.light` may be."""
        given = tuple(name for name in self._lights if name not in PROCEDURAL_NAMES)
        return (CAPTURE_LIGHT, *PROCEDURAL_NAMES, *given)

    def shot(self, arrangement: Arrangement, camera: Camera) -> Shot:
        """What is drawn; the same objects while nothing of their part is changed."""
        return Shot(self.pose(arrangement), camera, self.light(arrangement))

    def picture(
        self, arrangement: Arrangement, camera: Camera
    ) -> UInt8[np.ndarray, "height width 3"]:
        """8-bit sRGB, as `incarnate render` would write it."""
        shot, background = self.shot(arrangement, camera), arrangement.background
        shows_light = background == LIGHT_BACKGROUND and shot.light is not None
        colour = None if shows_light else colour_of(BACKGROUNDS.get(background, "black"))
        return picture_of(self.avatar, shot, Look(colour, arrangement.exposure))

    def pose(self, arrangement: Arrangement) -> Pose:
        """The frame's pose, with what the controls add."""
        key = (arrangement.frame, arrangement.moves, tuple(sorted(arrangement.values.items())))
        if self._pose is None or self._pose[0] != key:
            base = self._own_pose(arrangement.frame)
            base = base if arrangement.moves else resting(base)
            self._pose = (key, posed(base, self.controls, arrangement.values))
        return self._pose[1]

    def light(self, arrangement: Arrangement) -> Environment | None:
        """What lights the person; None is the light of the capture."""
        name = arrangement.light
        if name == CAPTURE_LIGHT:
            return None
        key = (name, arrangement.rotation)
        if self._light is None or self._light[0] != key:
            if name not in self._lights:
                self._lights[name] = procedural_environment(name)
            self._light = (key, self._lights[name].rotated(radians(arrangement.rotation)))
        return self._light[1]

    def _own_pose(self, frame: int) -> Pose:
        stage = self.stage
        times = [i / stage.fps for i in range(len(stage.poses))]
        return moment(stage.poses, times, frame, stage.clips)


class _Remembering:
    """An avatar whose splats are kept while pose and light stay: who walks around waits less.

    Only for avatars whose splats are the same from everywhere; heads and bodies are.
    """

    def __init__(self, avatar: Avatar) -> None:
        self._avatar = avatar
        self._last: tuple[Pose, Environment | None, Splats] | None = None

    @property
    def rig(self) -> Rig:
        """See `Avatar.rig`."""
        return self._avatar.rig

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        """See `Avatar.splat`."""
        last = self._last
        if last is None or last[0] is not pose or last[1] is not light:
            last = self._last = (pose, light, self._avatar.splat(pose, camera, light))
        return last[2]

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """See `Avatar.shade`."""
        return self._avatar.shade(raster, camera, light)
