"""Incarnate: from a capture of a person to an avatar that moves, speaks and relights.

The names below are all that most programs need; each is imported when it is first used, because
torch alone takes seconds to import and the command line's help shall not wait for it.
"""

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from incarnate.avatars.avatar import Avatar, render
    from incarnate.avatars.opening import load_avatar
    from incarnate.capture.capture import Capture, Frame, Track
    from incarnate.capture.files import load_capture
    from incarnate.capture.tracks import load_track
    from incarnate.errors import IncarnateError
    from incarnate.geometry.cameras import Camera
    from incarnate.light.environment import Environment
    from incarnate.light.files import load_environment
    from incarnate.rigs.rig import Pose, Rig
    from incarnate.rigs.skinning import pose_rig
    from incarnate.splats.rasterize import rasterize
    from incarnate.splats.splats import Splats

__all__ = [
    "Avatar",
    "Camera",
    "Capture",
    "Environment",
    "Frame",
    "IncarnateError",
    "Pose",
    "Rig",
    "Splats",
    "Track",
    "load_avatar",
    "load_capture",
    "load_environment",
    "load_track",
    "pose_rig",
    "rasterize",
    "render",
]

# Where each name lives; the imports above say the same to type checkers.
_MODULES: Final = MappingProxyType(
    {
        "Avatar": "avatars.avatar",
        "Camera": "geometry.cameras",
        "Capture": "capture.capture",
        "Environment": "light.environment",
        "Frame": "capture.capture",
        "IncarnateError": "errors",
        "Pose": "rigs.rig",
        "Rig": "rigs.rig",
        "Splats": "splats.splats",
        "Track": "capture.capture",
        "load_avatar": "avatars.opening",
        "load_capture": "capture.files",
        "load_environment": "light.files",
        "load_track": "capture.tracks",
        "pose_rig": "rigs.skinning",
        "rasterize": "splats.rasterize",
        "render": "avatars.avatar",
    }
)


def __getattr__(name: str) -> object:
    """Import a public name from the module that defines it (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
