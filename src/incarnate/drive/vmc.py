"""The VMC protocol (Virtual Motion Capture): bones and blendshapes of a VRM model, as OSC over UDP.

A sender spreads one moment over several packets: bones by ``/VMC/Ext/Bone/Pos``, blendshapes by
``/VMC/Ext/Blend/Val`` and then ``/VMC/Ext/Blend/Apply``. Positions and rotations are local, since
the model's T-pose, in Unity's left-handed axes (the model faces +z, its left is −x).

Source: protocol.vmc.info, specification for receivers ("Marionette").
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, final

import numpy as np

from incarnate.drive.arkit import ARKIT_CHANNELS, ARKIT_EXPRESSIONS
from incarnate.drive.live import Bone, LiveFrame, PacketError
from incarnate.drive.osc import OscMessage, Value, read_osc

USUAL_PORT: Final = 39539
MAX_BYTES: Final = 16384
"""A whole body in one bundle has some 6,000 bytes; most senders stay below 1,500."""

_SIDES: Final = ("Left", "Right")
_FINGERS: Final = ("Thumb", "Index", "Middle", "Ring", "Little")


def _bone_parents() -> dict[str, str]:
    parents = {
        "Hips": "", "Spine": "Hips", "Chest": "Spine", "UpperChest": "Chest", "Neck": "UpperChest",
        "Head": "Neck", "Jaw": "Head",
    }  # fmt: skip
    chains = (
        ("UpperChest", "Shoulder", "UpperArm", "LowerArm", "Hand"),
        ("Hips", "UpperLeg", "LowerLeg", "Foot", "Toes"),
        ("Head", "Eye"),
    )
    for side in _SIDES:
        for start, *bones in chains:
            for bone, parent in zip(bones, [start, *(side + bone for bone in bones)], strict=False):
                parents[side + bone] = parent
        for finger in _FINGERS:
            above = f"{side}Hand"
            for part in ("Proximal", "Intermediate", "Distal"):
                name = f"{side}{finger}{part}"
                parents[name], above = above, name
    return parents


BONE_PARENTS: Final[Mapping[str, str]] = MappingProxyType(_bone_parents())
"""Unity's human bones, parents before children; a model may lack some, then a bone's parent is the
next one up that it has."""

_ARKIT: Final = MappingProxyType({name.lower(): name for name in ARKIT_EXPRESSIONS})
_BOTH: Final = frozenset(name.removesuffix("Left") for name in ARKIT_EXPRESSIONS
                         if name.endswith("Left"))  # fmt: skip


def _preset(**weights: float) -> Mapping[str, float]:
    """ARKit's channels of an expression; a name without a side is both sides."""
    return {
        channel: weight
        for name, weight in weights.items()
        for channel in ([name + side for side in _SIDES] if name in _BOTH else [name])
        if channel in ARKIT_EXPRESSIONS
    }


_LOOKS: Final = {
    "lookup": _preset(eyeLookUp=1.0),
    "lookdown": _preset(eyeLookDown=1.0),
    "lookleft": _preset(eyeLookOutLeft=1.0, eyeLookInRight=1.0),
    "lookright": _preset(eyeLookInLeft=1.0, eyeLookOutRight=1.0),
}
_EMOTIONS: Final = {
    "joy": _preset(mouthSmile=0.8, cheekSquint=0.4),
    "angry": _preset(browDown=0.8, noseSneer=0.3, mouthPress=0.4),
    "sorrow": _preset(browInnerUp=0.8, mouthFrown=0.6),
    "fun": _preset(mouthSmile=0.5, eyeSquint=0.3),
    "surprised": _preset(browInnerUp=0.8, browOuterUp=0.7, eyeWide=0.7, jawOpen=0.3),
}
_VOWELS: Final = {
    "a": _preset(jawOpen=0.7, mouthLowerDown=0.2),
    "i": _preset(jawOpen=0.15, mouthStretch=0.4, mouthSmile=0.2),
    "u": _preset(jawOpen=0.15, mouthPucker=0.7),
    "e": _preset(jawOpen=0.3, mouthStretch=0.3, mouthLowerDown=0.3),
    "o": _preset(jawOpen=0.4, mouthFunnel=0.7),
}
_LIDS: Final = {
    "blink": _preset(eyeBlink=1.0),
    "blink_l": _preset(eyeBlinkLeft=1.0),
    "blink_r": _preset(eyeBlinkRight=1.0),
}
_VRM0: Final = {**_LOOKS, **_EMOTIONS, **_VOWELS, **_LIDS}
_VRM1_SPELLINGS: Final = {
    "happy": "joy", "sad": "sorrow", "relaxed": "fun", "aa": "a", "ih": "i", "ou": "u", "ee": "e",
    "oh": "o", "blinkleft": "blink_l", "blinkright": "blink_r",
}  # fmt: skip
PRESETS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {**_VRM0, **{name: _VRM0[old] for name, old in _VRM1_SPELLINGS.items()}}
)
"""What VRM's expressions, in lower case, are in ARKit's channels: an approximation, as each model
draws them in its own way."""

_MAX_METRES: Final = 100.0


@final
class VmcDecoder:
    """Messages gathered into frames: one is whole when the sender, a repetition or silence says so.

    What is not sent again stays as it was.
    """

    max_bytes: int = MAX_BYTES

    def __init__(self) -> None:
        self._bones: dict[str, Bone] = {}
        self._blends: dict[str, float] = {}
        self._fresh: set[str] = set()
        self._arrived = 0.0

    def decode(self, content: bytes, arrived: float) -> LiveFrame | None:
        """The frame that a packet completes; the last one, if there are several.

        Raises:
            PacketError: The packet is malformed; nothing of it is taken over.
        """
        changes = [change for message in read_osc(content) if (change := _change(message))]
        done: LiveFrame | None = None
        for key, value in changes:
            # What comes a second time begins the next moment.
            if value is None or key in self._fresh:
                done = self.flush(arrived) or done
            if isinstance(value, Bone):
                self._bones[key] = value
            elif value is not None:
                self._blends[key] = value
            if value is not None:
                self._arrived = self._arrived if self._fresh else arrived
                self._fresh.add(key)
        return done

    def flush(self, now: float) -> LiveFrame | None:
        """What came since the last frame, with all else as it was; None if nothing came."""
        if not self._fresh:
            return None
        self._fresh.clear()
        return LiveFrame(
            arrived=min(self._arrived, now),
            face=_face(self._blends) if self._blends else None,
            bones=dict(self._bones) if self._bones else None,
        )


def _change(message: OscMessage) -> tuple[str, Bone | float | None] | None:
    """What a message changes, by bone or blendshape; None for what is of no use here."""
    match message.address:
        case "/VMC/Ext/Bone/Pos":
            name = _name(message)
            bone = _bone(_numbers(message.values[1:], 7))
            return (name, bone) if name in BONE_PARENTS else None
        case "/VMC/Ext/Blend/Val":
            name = _name(message).lower()
            (value,) = _numbers(message.values[1:], 1)
            # Models bring blendshapes of their own, of clothes or moods, which no face has.
            return (name, value) if name in PRESETS or name in _ARKIT else None
        case "/VMC/Ext/Blend/Apply":
            return "Apply", None
        case "/VMC/Ext/T" | "/VMC/Ext/OK":
            return "Time", None
        case _:
            return None


def _face(blends: Mapping[str, float]) -> np.ndarray:
    """ARKit's channels of blendshapes; a model that sends ARKit's own needs no presets of them."""
    face = np.zeros(len(ARKIT_CHANNELS))
    exact = {_ARKIT[name]: value for name, value in blends.items() if name in _ARKIT}
    for name, value in blends.items():
        for channel, weight in PRESETS.get(name, {}).items():
            if channel not in exact:
                face[ARKIT_CHANNELS.index(channel)] += weight * value
    for channel, value in exact.items():
        face[ARKIT_CHANNELS.index(channel)] = value
    return face.clip(0, 1)


def _bone(numbers: list[float]) -> Bone:
    """From Unity's axes into ours: x changes its sign, and with it the turns about y and z."""
    px, py, pz, x, y, z, w = numbers
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if not 0.5 < length < 2 or max(abs(px), abs(py), abs(pz)) > _MAX_METRES:
        raise PacketError(
            f"a bone at {px:g}, {py:g}, {pz:g} with a quaternion of length {length:g}"
        )
    return Bone((-px, py, pz), (w / length, x / length, -y / length, -z / length))


def _name(message: OscMessage) -> str:
    name = message.values[0] if message.values else None
    if not isinstance(name, str):
        raise PacketError(f"{message.address} without a name")
    return name


def _numbers(values: tuple[Value, ...], count: int) -> list[float]:
    """The first numbers of a message: later versions of the protocol append some."""
    numbers = [
        float(value)
        for value in values[:count]
        if isinstance(value, int | float) and math.isfinite(value)
    ]
    if len(numbers) < count:
        raise PacketError(f"a VMC message with {len(numbers)} finite numbers, expected {count}")
    return numbers
