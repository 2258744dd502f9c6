"""The rigs that come with the package: a whole body, and the head cut from it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.rigs.cutting import Cut, cut_rig, hold_joint
from incarnate.rigs.files import load_rig
from incarnate.rigs.rig import Rig, SurfacePoints

EMBEDDED_FILE = "embedded_rig.npz"
"""In ``incarnate/rigs/data``; written by ``scripts/bake_rig.py``."""

LANDMARKS_FILE = "embedded_landmarks.npz"
"""Beside it; written by ``scripts/bake_landmarks.py``."""

LANDMARK_SETS = ("mediapipe478", "ibug68")
"""Names of the landmark sets of both rigs; see `incarnate.rigs.landmarks`."""

JAW_OPEN_RADIANS = math.radians(23.5)
"""Rotation of the jaw about +x that stands for ARKit's ``jawOpen`` at one."""

EYE_LOOK_RADIANS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "Up": math.radians(10.0),
        "Down": math.radians(11.5),
        "In": math.radians(15.5),
        "Out": math.radians(15.0),
    }
)
"""Turn of an eye joint that goes with one unit of ``eyeLook…``; those units move the lids only."""

# The cut of the head rig, metres in the rest pose: below the armpits nothing stays, and the upper
# arms end where a talking-head picture usually does.
_CUT_HEIGHT = 1.235
_CUT_HALF_WIDTH = 0.215

_HEAD_JOINTS = ("spine3", "neck", "head", "jaw", "left_eye_smplhf", "right_eye_smplhf")
_HEAD_MACROS = ("gender", "age", "childhood", "african", "asian", "weight", "muscle")


def gaze_turn(
    look: Mapping[str, Float[Tensor, "frames"]], side: Literal["Left", "Right"]
) -> Float[Tensor, "frames 3"]:
    """Turn of an eye joint by its ``eyeLook…`` channels.

    Args:
        look: Channels by way: Up, Down, In and Out.
        side: The person's.

    Returns:
        Axis-angle, radians: x looks down, y to the person's left.
    """
    angle = {way: radians * look[way] for way, radians in EYE_LOOK_RADIANS.items()}
    outward = 1.0 if side == "Left" else -1.0
    sideways = outward * (angle["Out"] - angle["In"])
    return torch.stack([angle["Down"] - angle["Up"], sideways, torch.zeros_like(sideways)], -1)


@cache
def default_body_rig() -> Rig:
    """The whole body with SMPL-X's 55 joints, named ``incarnate-body``; CC0.

    Stands on y = 0 in an A-pose, facing +z.
    """
    with as_file(files("incarnate.rigs") / "data") as folder:
        rig = load_rig(folder / EMBEDDED_FILE)
        with np.load(folder / LANDMARKS_FILE, allow_pickle=False) as arrays:
            landmarks = {
                name: SurfacePoints(
                    torch.from_numpy(arrays[f"{name}.faces"].astype(np.int64)),
                    torch.from_numpy(arrays[f"{name}.barycentric"]),
                )
                for name in LANDMARK_SETS
            }
    return replace(rig, landmarks=landmarks)


@cache
def default_head_rig() -> Rig:
    """Head, neck, shoulders and upper chest, named ``incarnate-head``; CC0.

    It is cut from the body and keeps its coordinates (the eyes are about 1.54 m up). The root is
    the upper chest, ``spine3``. Shape directions keep the joint ``head`` in place.
    """
    body = default_body_rig()
    x, y = body.vertices[:, 0], body.vertices[:, 1]
    first_local = body.shape_names.index("head-scale-horiz")
    last_local = body.shape_names.index("measure-shoulder-dist")
    cut = Cut(
        name="incarnate-head",
        vertices=(y > _CUT_HEIGHT) & (x.abs() < _CUT_HALF_WIDTH),
        joint_names=_HEAD_JOINTS,
        shape_names=_HEAD_MACROS + body.shape_names[first_local : last_local + 1],
    )
    return hold_joint(cut_rig(body, cut), "head")


EMBEDDED_RIGS: Final[Mapping[str, Callable[[], Rig]]] = MappingProxyType(
    {"incarnate-body": default_body_rig, "incarnate-head": default_head_rig}
)
"""What `incarnate.rigs.files.resolve_rig` finds by name."""
