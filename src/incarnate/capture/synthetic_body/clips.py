"""How a made person moves: clips to train on, and others to be tested by.

A clip is a handful of joints turned by smooth functions of its phase. Angles are axis-angle in
rest axes, radians: a turn about −x lifts a leg or a hanging arm to the front, about +z lifts the
left arm or leg to the side; the right side mirrors it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.capture import Split
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

Turns = dict[str, Float[Tensor, "frames 3"]]
"""By joint; ``root`` is the whole body."""
Score = Callable[[Float[Tensor, "frames"]], Turns]
"""Turns at phases from 0 to 1."""

_HELD_OUT_EVERY, _HELD_OUT_RUN = 12, 2
"""One pose in six is held out, two in a row: what lies between is then a real gap."""
_FLEX = (-0.75, -0.66, 0.05)
"""Axis about which the left elbow bends."""


@dataclass(frozen=True)
class Clip:
    """Poses of one clip."""

    name: str
    poses: Pose
    splits: tuple[Split, ...]
    """One a pose."""


def make_clip(rig: Rig, name: str, *, frames: int, seed: int, train: bool) -> Clip:
    """Pose a person through a clip; the feet stay on the floor, the person on the spot.

    Args:
        rig: The person.
        name: One of `CLIP_NAMES`.
        frames: How many poses.
        seed: Draws where in its cycle the clip begins, and how wide its movements are.
        train: Whether it is trained on, but for the poses held out.
    """
    draw = torch.Generator().manual_seed(seed + 907 * (1 + CLIP_NAMES.index(name)))
    start, wide = torch.rand(2, generator=draw).tolist()
    phases = (torch.arange(frames) / frames + start) % 1.0
    turns = _with_stance(_SCORES[name](phases), frames)
    joints = torch.zeros(frames, rig.num_joints, 3)
    for joint, turn in turns.items():
        if joint != "root":
            joints[:, rig.joint_index(joint)] = (0.9 + 0.2 * wide) * turn
    pose = replace(
        rest_pose(rig, frames),
        root_rotation=turns.get("root", torch.zeros(frames, 3)),
        joint_rotations=joints[:, 1:],
    )
    return Clip(name, _grounded(rig, pose), _splits(frames, train))


def _splits(frames: int, train: bool) -> tuple[Split, ...]:
    first = _HELD_OUT_EVERY // 2
    return tuple(
        "train" if train and not first <= i % _HELD_OUT_EVERY < first + _HELD_OUT_RUN else "test"
        for i in range(frames)
    )


def _grounded(rig: Rig, pose: Pose) -> Pose:
    """The same poses, so high that the lowest point of the body is on the floor."""
    lowest = torch.stack([pose_rig(rig, pose[i]).vertices[:, 1].min() for i in range(len(pose))])
    shift = torch.stack([torch.zeros_like(lowest), -lowest, torch.zeros_like(lowest)], -1)
    return replace(pose, root_translation=shift)


def _with_stance(turns: Turns, frames: int) -> Turns:
    """Arms lowered from the A-pose, legs a little closer, on top of the clip's own turns."""
    stance = {"shoulder": (0.0, 0.0, -0.28), "hip": (0.0, 0.0, -0.05)}
    for side in ("left", "right"):
        for joint, angles in stance.items():
            still = _sided(side, torch.tensor(angles).expand(frames, 3))
            name = f"{side}_{joint}"
            turns[name] = turns.get(name, torch.zeros(frames, 3)) + still
    return turns


def _turn(x: Tensor | float = 0.0, y: Tensor | float = 0.0, z: Tensor | float = 0.0) -> Tensor:
    return torch.stack(torch.broadcast_tensors(*map(torch.as_tensor, (x, y, z))), -1).float()


def _sided(side: str, turn: Float[Tensor, "frames 3"]) -> Float[Tensor, "frames 3"]:
    """A turn of the left side, or its mirror image."""
    return turn if side == "left" else turn * torch.tensor([1.0, -1.0, -1.0])


def _pair(joint: str, left: Tensor, right: Tensor | None = None) -> Turns:
    """A joint of both sides, both said as if they were left."""
    right = left if right is None else right
    return {f"left_{joint}": left, f"right_{joint}": _sided("right", right)}


def _bend(angle: Tensor) -> Float[Tensor, "frames 3"]:
    """A left elbow bent further than at rest, or straightened."""
    return angle[:, None] * torch.tensor(_FLEX)


def _wave(phases: Tensor, cycles: int, shift: float = 0.0) -> Tensor:
    return torch.sin(2 * math.pi * (cycles * phases + shift))


def _pulse(phases: Tensor, cycles: int, shift: float = 0.0) -> Tensor:
    """Between 0 and 1, at rest at both ends."""
    return 0.5 - 0.5 * torch.cos(2 * math.pi * (cycles * phases + shift))


def _stride(
    phases: Tensor, cycles: int, *, lift: float, back: float, knee: float, lead: float = 0.18
) -> Turns:
    """Legs in turn: swing to the front with a bent knee, to the back with a straight one.

    Args:
        phases: From 0 to 1.
        cycles: Double steps in that time.
        lift: How far a thigh swings to the front, radians.
        back: And to the back.
        knee: How far a knee bends.
        lead: How much of a cycle the knee is ahead of the thigh.
    """
    legs: list[tuple[Tensor, Tensor]] = []
    for shift in (0.0, 0.5):
        swing, fold = _wave(phases, cycles, shift), _wave(phases, cycles, shift + lead).clamp(min=0)
        hip = -torch.where(swing > 0, lift * swing, back * swing)
        legs.append((_turn(hip), _turn(0.12 + knee * fold)))
    return _pair("hip", legs[0][0], legs[1][0]) | _pair("knee", legs[0][1], legs[1][1])


def _walk(p: Tensor) -> Turns:
    swing = _wave(p, 2)
    return _stride(p, 2, lift=0.55, back=0.38, knee=0.85) | {
        "root": _turn(0.03, 0.12 * swing, 0.03 * swing), "spine2": _turn(0.0, -0.16 * swing),
        **_pair("shoulder", _turn(0.45 * swing), _turn(-0.45 * swing)),
        **_pair("elbow", _bend(-0.1 - 0.3 * swing), _bend(-0.1 + 0.3 * swing)),
        "neck": _turn(0.05 * _wave(p, 4), 0.15 * _wave(p, 1)),
    }  # fmt: skip


def _waving(p: Tensor) -> Turns:
    sway, up = _wave(p, 1), 0.75 + 0.25 * _wave(p, 1, 0.2)
    return {
        "root": _turn(0.0, 0.25 * sway, 0.08 * sway),
        "spine2": _turn(0.0, 0.1 * sway, -0.12 * sway),
        **_pair("hip", _turn(-0.12 * (1 + sway), 0.0, -0.08 * sway),
                _turn(-0.12 * (1 - sway), 0.0, 0.08 * sway)),
        **_pair("knee", _turn(0.25 * (1 + sway)), _turn(0.25 * (1 - sway))),
        "right_shoulder": _sided("right", _turn(-0.3 * up, 0.0, 2.0 * up)),
        "right_elbow": _sided("right", _bend(0.5 + 0.45 * _wave(p, 4))),
        "left_shoulder": _turn(0.15 * sway), "head": _turn(0.0, -0.3 * sway, 0.1 * sway),
    }  # fmt: skip


def _squat(p: Tensor) -> Turns:
    low = _pulse(p, 2) * (0.75 + 0.25 * _wave(p, 1))
    lean = 0.12 * _wave(p, 1, 0.25)
    return {
        "root": _turn(0.42 * low, 0.0, 0.5 * lean), "spine1": _turn(0.15 * low),
        "neck": _turn(-0.35 * low),
        **_pair("hip", _turn(-1.55 * low - lean, 0.0, 0.30 * low),
                _turn(-1.55 * low + lean, 0.0, 0.30 * low)),
        **_pair("knee", _turn(1.75 * low)), **_pair("ankle", _turn(-0.55 * low)),
        **_pair("shoulder", _turn(-0.95 * low, 0.0, 0.15 * low)),
        **_pair("elbow", _bend(-0.35 * low)),
    }  # fmt: skip


def _turning(p: Tensor) -> Turns:
    twist, step = _wave(p, 2), _wave(p, 3)
    return _stride(p, 3, lift=0.35, back=0.15, knee=0.55) | {
        "root": _turn(0.0, 2 * math.pi * p), "spine1": _turn(0.0, 0.2 * twist),
        "spine2": _turn(0.0, 0.35 * twist), "head": _turn(0.0, 0.35 * twist),
        **_pair("shoulder", _turn(-0.2, 0.35 * twist, 0.55 + 0.15 * step),
                _turn(-0.2, -0.35 * twist, 0.55 - 0.15 * step)),
        **_pair("elbow", _bend(0.2 + 0.2 * twist), _bend(0.2 - 0.2 * twist)),
    }  # fmt: skip


def _reach(p: Tensor) -> Turns:
    side = _wave(p, 1)
    left, right, bow = side.clamp(min=0), (-side).clamp(min=0), _pulse(p, 2, 0.5)
    return {
        "root": _turn(0.35 * bow, 0.0, -0.12 * side),
        "spine2": _turn(0.3 * bow, 0.2 * side, -0.2 * side),
        **_pair("hip", _turn(-0.35 * bow - 0.75 * left, 0.0, 0.1 + 0.45 * left - 0.1 * right),
                _turn(-0.35 * bow - 0.75 * right, 0.0, 0.1 + 0.45 * right - 0.1 * left)),
        **_pair("knee", _turn(1.1 * left + 0.15 * bow), _turn(1.1 * right + 0.15 * bow)),
        **_pair("shoulder", _turn(-0.9 * left - 0.5 * bow, 0.0, 1.3 * left),
                _turn(-0.9 * right - 0.5 * bow, 0.0, 1.3 * right)),
        **_pair("elbow", _bend(-0.6 * left), _bend(-0.6 * right)),
        "neck": _turn(-0.2 * bow, 0.3 * side),
    }  # fmt: skip


def _kick(p: Tensor) -> Turns:
    side = _wave(p, 1)
    left, right, aside = side.clamp(min=0), (-side).clamp(min=0), _pulse(p, 2, 0.25)
    return {
        "root": _turn(-0.1 * (left + right), 0.0, -0.06 * side),
        "spine2": _turn(0.15, -0.25 * side),
        **_pair("hip", _turn(-1.15 * left * (1 - 0.7 * aside), 0.0, 0.85 * left * aside),
                _turn(-1.15 * right * (1 - 0.7 * aside), 0.0, 0.85 * right * aside)),
        **_pair("knee", _turn(0.1 + 0.5 * left * (1 - left) * 4 * (1 - aside)),
                _turn(0.1 + 0.5 * right * (1 - right) * 4 * (1 - aside))),
        **_pair("shoulder", _turn(0.35 * side, 0.0, 0.5 * left + 0.5 * right),
                _turn(-0.35 * side, 0.0, 0.5 * left + 0.5 * right)),
    }  # fmt: skip


def _march(p: Tensor) -> Turns:
    swing = _wave(p, 2)
    return _stride(p, 2, lift=1.2, back=0.1, knee=1.5, lead=0.0) | {
        "root": _turn(0.0, 0.6 * _wave(p, 1)), "spine2": _turn(0.08, 0.2 * swing),
        **_pair("shoulder", _turn(0.7 * swing, 0.0, 0.1), _turn(-0.7 * swing, 0.0, 0.1)),
        **_pair("elbow", _bend(0.35 - 0.35 * swing), _bend(0.35 + 0.35 * swing)),
    }  # fmt: skip


def _dance(p: Tensor) -> Turns:
    sway, beat = _wave(p, 1), _wave(p, 2, 0.1)
    return {
        "root": _turn(0.1 * beat, 0.9 * _wave(p, 1, 0.3), 0.14 * sway),
        "spine1": _turn(0.0, 0.15 * beat, -0.15 * sway),
        "spine2": _turn(0.1 * beat, 0.25 * beat, -0.18 * sway),
        **_pair("hip", _turn(-0.45 - 0.35 * beat, 0.25 * beat, 0.12 + 0.3 * sway),
                _turn(-0.35 + 0.4 * beat, -0.25 * beat, 0.12 - 0.3 * sway)),
        **_pair("knee", _turn(0.7 + 0.45 * beat), _turn(0.6 - 0.45 * beat)),
        **_pair("shoulder", _turn(-0.5, 0.0, 1.1 + 0.7 * sway), _turn(-0.5, 0.0, 1.1 - 0.7 * sway)),
        **_pair("elbow", _bend(0.4 * beat), _bend(-0.4 * beat)),
        "head": _turn(0.1, 0.3 * sway, 0.1 * beat),
    }  # fmt: skip


_SCORES: MappingProxyType[str, Score] = MappingProxyType(
    {
        "walk": _walk, "wave": _waving, "squat": _squat, "turn": _turning, "reach": _reach,
        "kick": _kick, "march": _march, "dance": _dance,
    }
)  # fmt: skip
CLIP_NAMES: tuple[str, ...] = tuple(_SCORES)
"""The clips that can be made."""
