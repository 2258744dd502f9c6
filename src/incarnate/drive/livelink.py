"""The packets of the Live Link Face app: ARKit's 61 numbers over UDP.

A packet is: version (one byte, 6), device and subject (each a big-endian int32 length and that many
bytes), the frame's number (int32) and fraction (float32), its rate as a fraction (two int32), the
number of values (one byte) and the values (float32), all big-endian. While no face is seen there
are no values. The order is not that of the app's CSV files: left comes before right in
``jawLeft``, ``jawRight``, ``mouthLeft`` and ``mouthRight``.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float

from incarnate.drive.arkit import ARKIT_ANGLES, ARKIT_CHANNELS, ARKIT_EXPRESSIONS
from incarnate.drive.live import LiveFrame, PacketError

USUAL_PORT: Final = 11111
MAX_BYTES: Final = 2048
"""The longest packet with names of 255 letters has half of it."""

_VERSION: Final = 6
_MAX_NAME: Final = 512
_SWAPPED: Final = {
    "jawLeft": "jawRight",
    "jawRight": "jawLeft",
    "mouthLeft": "mouthRight",
    "mouthRight": "mouthLeft",
}
WIRE_CHANNELS: Final = tuple(_SWAPPED.get(name, name) for name in ARKIT_CHANNELS)
"""The order of the values in a packet."""

_FROM_WIRE: Final = tuple(WIRE_CHANNELS.index(name) for name in ARKIT_CHANNELS)
# A phone that is silent for so long (seconds) makes room for another.
_PATIENCE: Final = 2.0
# A clock that falls back by more than this (seconds) was set anew; by less, a packet came late.
_MAX_LATE: Final = 1.0


@dataclass(frozen=True)
class FacePacket:
    """One packet."""

    device: str
    """Identifier of the phone."""
    subject: str
    """What its owner called it."""
    time: float
    """Seconds by the sender's timecode."""
    values: Float[np.ndarray, "61"] | None
    """In the order of `ARKIT_CHANNELS`; None while no face is seen."""


def read_face_packet(content: bytes) -> FacePacket:
    """Take a packet apart.

    Raises:
        PacketError: It is none, of another version, or holds what no face can show.
    """
    if content[:1] != bytes([_VERSION]):
        raise PacketError(
            f"a packet of version {content[0] if content else 'none'}, expected {_VERSION}: choose "
            "Live Link (ARKit) as the capture mode in the app"
        )
    device, place = _name(content, 1)
    subject, place = _name(content, place)
    frame, part, over, under, count = _unpacked(">ifiiB", content, place)
    place += struct.calcsize(">ifiiB")
    if not 0 < under <= over <= 1000 * under or not 0 <= part < 1 or frame < 0:
        raise PacketError(f"frame {frame} + {part:g} at {over}/{under} frames a second")
    if count not in (0, len(WIRE_CHANNELS)) or len(content) != place + 4 * count:
        raise PacketError(
            f"{count} values in {len(content) - place} bytes, expected {len(WIRE_CHANNELS)} or none"
        )
    values = _values(content[place:]) if count else None
    return FacePacket(device, subject, (frame + part) * under / over, values)


def _values(content: bytes) -> Float[np.ndarray, "61"]:
    values = np.frombuffer(content, ">f4").astype(np.float64)[list(_FROM_WIRE)]
    if not np.isfinite(values).all():
        raise PacketError("values that are no numbers")
    expressions, angles = np.split(values, [len(ARKIT_EXPRESSIONS)])
    if np.abs(angles).max() > np.pi:
        name = ARKIT_ANGLES[int(np.abs(angles).argmax())]
        raise PacketError(f"{name} of {angles[np.abs(angles).argmax()]:g} radians")
    return np.concatenate([expressions.clip(0, 1), angles])


def _name(content: bytes, place: int) -> tuple[str, int]:
    (length,) = _unpacked(">i", content, place)
    place += 4
    # Unreal writes names beyond ASCII as UTF-16, and a negative length.
    size, code = (length, "utf-8") if length >= 0 else (-2 * length, "utf-16-le")
    if not 0 <= size <= _MAX_NAME or place + size > len(content):
        raise PacketError(f"a name of {size} bytes in a packet of {len(content)}")
    text = content[place : place + size].decode(code, errors="replace").rstrip("\0")
    return text, place + size


def _unpacked(code: str, content: bytes, place: int) -> tuple[Any, ...]:
    if place + struct.calcsize(code) > len(content):
        raise PacketError(f"a packet that ends after {len(content)} bytes")
    return struct.unpack_from(code, content, place)


@final
class LiveLinkDecoder:
    """Packets of one phone as frames; a second phone has to wait until the first is silent."""

    max_bytes: int = MAX_BYTES

    def __init__(self) -> None:
        self._device: str | None = None
        self._heard = -float("inf")
        self._time = -float("inf")

    def decode(self, content: bytes, arrived: float) -> LiveFrame | None:
        """A packet's frame; None while no face is seen.

        Raises:
            PacketError: It is malformed, late, or another phone's.
        """
        packet = read_face_packet(content)
        if packet.device != self._device:
            if arrived - self._heard < _PATIENCE:
                raise PacketError(f"a packet of a second phone, {packet.subject[:40]!r}")
            self._device, self._time = packet.device, -float("inf")
        self._heard = arrived
        if 0 <= self._time - packet.time < _MAX_LATE:
            raise PacketError("a packet that came after a later one")
        self._time = packet.time
        if packet.values is None:
            return None
        return LiveFrame(arrived, face=packet.values, sent=packet.time)

    def flush(self, now: float) -> LiveFrame | None:
        """Nothing is held back: every packet is whole."""
        return None
