"""How a made person moves: talks, blinks, looks about, and turns the head."""

import math
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS
from incarnate.rigs.rig import Pose, Rig

Weights = MappingProxyType[str, float]

MAX_YAW, MAX_PITCH, MAX_ROLL = math.radians(30), math.radians(13), math.radians(9)
"""How far the head turns, in all."""
_NECK_SHARE = 0.45
_SYLLABLE = 0.21
_BLINK, _BLINK_EVERY = 0.30, 1.9

JAW_OPEN = "jawOpen"
"""Drives the jaw's joint; not an expression of the embedded rig."""


def _both(**weights: float) -> Weights:
    """Names that end in an underscore stand for the left and the right unit."""
    sided = {
        name.replace("_", side): value
        for name, value in weights.items()
        for side in (("Left", "Right") if name.endswith("_") else ("",))
    }
    return MappingProxyType(sided)


VISEMES: tuple[Weights, ...] = (
    _both(jawOpen=0.62, mouthLowerDown_=0.25, mouthUpperUp_=0.15),
    _both(
        jawOpen=0.30, mouthStretch_=0.35, mouthSmile_=0.20, mouthLowerDown_=0.35, mouthUpperUp_=0.25
    ),
    _both(jawOpen=0.38, mouthFunnel=0.65),
    _both(jawOpen=0.14, mouthPucker=0.75, mouthFunnel=0.20),
    _both(jawOpen=0.0, mouthPress_=0.45, mouthRollLower=0.30, mouthRollUpper=0.25),
    _both(jawOpen=0.10, mouthRollLower=0.50, mouthUpperUp_=0.30),
    _both(jawOpen=0.34, mouthLowerDown_=0.40, mouthUpperUp_=0.10),
    _both(jawOpen=0.08, mouthStretch_=0.30, mouthLowerDown_=0.45, mouthUpperUp_=0.30),
    _both(jawOpen=0.03),
)
"""Mouths of a, e, o, u, m, f, l, s and of a pause."""

GESTURES: tuple[Weights, ...] = (
    _both(mouthSmile_=0.75, cheekSquint_=0.45, eyeSquint_=0.15),
    _both(browInnerUp=0.7, browOuterUp_=0.75, eyeWide_=0.35),
    _both(browDown_=0.75, eyeSquint_=0.15, noseSneer_=0.25),
    _both(mouthSmileLeft=0.65, mouthDimpleLeft=0.40, browOuterUpLeft=0.5),
    _both(mouthFrown_=0.55, browInnerUp=0.55),
    _both(cheekPuff=0.45, mouthPress_=0.3),
)
"""What a face does besides speaking."""


@dataclass(frozen=True)
class _Clock:
    """When the frames of a stretch of the clip are taken."""

    times: Float[Tensor, "frames"]
    """Seconds."""
    start: float
    end: float

    @property
    def span(self) -> float:
        return max(self.end - self.start, 1e-3)


def make_motion(rig: Rig, num_train: int, num_test: int, *, fps: float, seed: int) -> Pose:
    """Poses of a clip; the stretch for tests is drawn anew, so that it repeats nothing.

    Args:
        rig: The embedded head rig.
        num_train: Frames of the first stretch.
        num_test: Frames of the second one.
        fps: Frames a second.
        seed: Equal seeds give equal motion.
    """
    times = torch.arange(num_train + num_test) / fps
    clocks = [
        _Clock(times[:num_train], 0.0, num_train / fps),
        _Clock(times[num_train:], num_train / fps, (num_train + num_test) / fps),
    ]
    parts = [
        _stretch(rig, clock, torch.Generator().manual_seed(seed + 701 + k))
        for k, clock in enumerate(clocks)
        if len(clock.times)
    ]
    root_rotation, root_translation, joints, expression = (
        torch.cat(values) for values in zip(*parts, strict=True)
    )
    return Pose(root_rotation, root_translation, joints, expression, rig.expression_names)


def _stretch(
    rig: Rig, clock: _Clock, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    units = _speech(clock, generator)
    for name, value in _gestures(clock, generator).items():
        units[name] = units.get(name, torch.zeros_like(value)) + value
    head = _head_angles(clock, generator)
    gaze = _gaze(clock, head, generator)
    blink = _blinks(clock, generator)
    for side in ("Left", "Right"):
        units[f"eyeBlink{side}"] = blink
    units |= _lids_of_gaze(gaze)
    frames = len(clock.times)
    expression = torch.zeros(frames, rig.num_expressions)
    for name, value in units.items():
        if name != JAW_OPEN:
            expression[:, rig.expression_names.index(name)] = value.clamp(0, 1)
    joints = torch.zeros(frames, rig.num_joints - 1, 3)
    joints[:, rig.joint_index("jaw") - 1, 0] = units[JAW_OPEN].clamp(0, 1) * JAW_OPEN_RADIANS
    for name, share in (("neck", _NECK_SHARE), ("head", 1 - _NECK_SHARE)):
        joints[:, rig.joint_index(name) - 1] = share * head
    for name in ("left_eye_smplhf", "right_eye_smplhf"):
        joints[:, rig.joint_index(name) - 1, :2] = gaze
    sway = torch.stack([_drift(clock, generator, 1.7) for _ in range(6)], -1)
    root = sway[:, :3] * torch.tensor([0.02, 0.05, 0.015])
    return root, sway[:, 3:] * torch.tensor([0.006, 0.004, 0.006]), joints, expression


def _head_angles(clock: _Clock, generator: torch.Generator) -> Float[Tensor, "frames 3"]:
    """Pitch, yaw and roll, held and eased from one bearing to the next; both sides are visited."""
    interval = min(max(clock.span / 9, 0.3), 1.0)
    count = max(4, round(clock.span / interval))
    # Bearings are reached on frames, so that the extremes are seen at any frame rate.
    keys = clock.times[torch.linspace(0, len(clock.times) - 1, count).round().long()]
    steps = torch.linspace(-1, 1, count)
    bearings = [steps[torch.randperm(count, generator=generator)] for _ in range(3)]
    limits = torch.tensor([MAX_PITCH, MAX_YAW, MAX_ROLL])
    return _eased(clock.times, keys, torch.stack(bearings, -1) * limits)


def _gaze(
    clock: _Clock, head: Float[Tensor, "frames 3"], generator: torch.Generator
) -> Float[Tensor, "frames 2"]:
    """Pitch and yaw of the eyes: mostly at the camera, against the head's turn, in saccades."""
    count = max(3, round(clock.span / 0.55))
    targets = 0.16 * (2 * torch.rand(count, 2, generator=generator) - 1)
    targets[::3] = 0
    which = ((clock.times - clock.start) / clock.span * count).long().clamp(0, count - 1)
    against = -0.6 * head[:, :2]
    limit = torch.tensor([EYE_LOOK_RADIANS["Up"], EYE_LOOK_RADIANS["Out"]])
    return (against + targets[which]).clamp(-limit, limit)


def _lids_of_gaze(gaze: Float[Tensor, "frames 2"]) -> dict[str, Tensor]:
    """Lids follow the eye: the rig's ``eyeLook…`` units move the lids only."""
    down, left = gaze.unbind(-1)
    units: dict[str, Tensor] = {}
    for side, out in (("Left", left), ("Right", -left)):
        units[f"eyeLookDown{side}"] = down.clamp(min=0) / EYE_LOOK_RADIANS["Down"]
        units[f"eyeLookUp{side}"] = (-down).clamp(min=0) / EYE_LOOK_RADIANS["Up"]
        units[f"eyeLookOut{side}"] = out.clamp(min=0) / EYE_LOOK_RADIANS["Out"]
        units[f"eyeLookIn{side}"] = (-out).clamp(min=0) / EYE_LOOK_RADIANS["In"]
    return units


def _blinks(clock: _Clock, generator: torch.Generator) -> Float[Tensor, "frames"]:
    count = max(1, round(clock.span / _BLINK_EVERY))
    jitter = torch.rand(count, generator=generator)
    middles = clock.start + (torch.arange(count) + 0.2 + 0.6 * jitter) / count * clock.span
    # Each blink is moved onto a frame, so that closed eyes are seen at any frame rate.
    nearest = (clock.times[None] - middles[:, None]).abs().argmin(1)
    distance = (clock.times[:, None] - clock.times[nearest]).abs() / (0.5 * _BLINK)
    return (1 - distance.clamp(max=1) ** 2).max(1).values


def _speech(clock: _Clock, generator: torch.Generator) -> dict[str, Tensor]:
    """Syllables, with pauses between phrases."""
    count = max(4, round(clock.span / _SYLLABLE)) + 1
    return _in_turns(clock, generator, VISEMES, count, softest=0.65)


def _gestures(clock: _Clock, generator: torch.Generator) -> dict[str, Tensor]:
    count = max(2, round(clock.span / 0.9)) + 1
    return _in_turns(clock, generator, GESTURES, count, softest=0.4)


def _in_turns(
    clock: _Clock,
    generator: torch.Generator,
    faces: tuple[Weights, ...],
    count: int,
    *,
    softest: float,
) -> dict[str, Tensor]:
    """So many faces one after the other, each as often as the others, of differing strength."""
    keys = torch.linspace(clock.start, clock.end, count)
    order = torch.cat([torch.randperm(len(faces), generator=generator)
                       for _ in range(count // len(faces) + 1)])[:count]  # fmt: skip
    strength = softest + 0.6 * torch.rand(count, generator=generator)
    names = sorted({name for face in faces for name in face})
    table = torch.tensor([[face.get(name, 0.0) for name in names] for face in faces])
    eased = _eased(clock.times, keys, table[order] * strength[:, None])
    return dict(zip(names, eased.unbind(-1), strict=True))


def _drift(clock: _Clock, generator: torch.Generator, period: float) -> Float[Tensor, "frames"]:
    """A slow wander in [−1, 1]."""
    count = max(3, round(clock.span / period)) + 1
    keys = torch.linspace(clock.start, clock.end, count)
    return _eased(clock.times, keys, 2 * torch.rand(count, 1, generator=generator) - 1)[:, 0]


def _eased(
    times: Float[Tensor, "frames"],
    keys: Float[Tensor, "keys"],
    values: Float[Tensor, "keys channels"],
) -> Float[Tensor, "frames channels"]:
    """Values between keys, with ease-in and ease-out at each key."""
    right = torch.searchsorted(keys, times.contiguous(), right=True).clamp(1, len(keys) - 1)
    part = ((times - keys[right - 1]) / (keys[right] - keys[right - 1]).clamp(min=1e-6)).clamp(0, 1)
    eased = (part * part * (3 - 2 * part))[:, None]
    return values[right - 1] + eased * (values[right] - values[right - 1])
