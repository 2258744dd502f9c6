"""Open Sound Control 1.0 packets, as far as motion capture sends them; untrusted, so bounded."""

import struct
from dataclasses import dataclass
from typing import Any, Final

from incarnate.drive.live import PacketError

MAX_MESSAGES: Final = 2048
"""In one packet; a whole body with its face and fingers has some 150."""

_MAX_DEPTH: Final = 4
_BUNDLE: Final = b"#bundle\0"
_MAX_TEXT: Final = 256

Value = float | int | str | bool | bytes | None


@dataclass(frozen=True)
class OscMessage:
    """An address and its arguments."""

    address: str
    values: tuple[Value, ...]


def read_osc(content: bytes) -> list[OscMessage]:
    """The messages of a packet, those within bundles in order; time tags are not looked at.

    Source: Open Sound Control 1.0 specification, "OSC Packets"; types i, f, s, b, h, d, t, T, F,
    N and I.

    Raises:
        PacketError: It is no such packet, or has more messages than anybody needs.
    """
    messages: list[OscMessage] = []
    _read_into(messages, content, 0)
    return messages


def _read_into(messages: list[OscMessage], content: bytes, depth: int) -> None:
    if not content.startswith(_BUNDLE):
        if len(messages) >= MAX_MESSAGES:
            raise PacketError(f"an OSC packet of more than {MAX_MESSAGES} messages")
        messages.append(_message(content))
        return
    if depth >= _MAX_DEPTH:
        raise PacketError(f"OSC bundles that are nested more than {_MAX_DEPTH} deep")
    # The time tag after the word says when to act; motion is shown when it comes.
    place = len(_BUNDLE) + 8
    if len(content) < place:
        raise PacketError("an OSC bundle that ends in its time tag")
    while place < len(content):
        (size,), place = _unpacked(">i", content, place)
        if size <= 0 or size % 4 or place + size > len(content):
            raise PacketError(f"an OSC bundle with an element of {size} bytes")
        _read_into(messages, content[place : place + size], depth + 1)
        place += size


def _message(content: bytes) -> OscMessage:
    if not content.startswith(b"/"):
        raise PacketError("no OSC: it begins with neither / nor #bundle")
    address, place = _text(content, 0)
    # Old senders leave out the types where there are no arguments.
    types, place = _text(content, place) if place < len(content) else (",", place)
    if not types.startswith(","):
        raise PacketError("an OSC message without the types of its arguments")
    values: list[Value] = []
    for kind in types[1:]:
        value, place = _value(kind, content, place)
        values.append(value)
    return OscMessage(address, tuple(values))


def _value(kind: str, content: bytes, place: int) -> tuple[Value, int]:
    match kind:
        case "f" | "i" | "d" | "h" | "t":
            code = {"f": ">f", "i": ">i", "d": ">d", "h": ">q", "t": ">Q"}[kind]
            (number,), place = _unpacked(code, content, place)
            return number, place
        case "s":
            return _text(content, place)
        case "b":
            (size,), place = _unpacked(">i", content, place)
            if not 0 <= size <= len(content) - place:
                raise PacketError(f"an OSC blob of {size} bytes")
            return content[place : place + size], place + (size + 3) // 4 * 4
        case "T" | "F":
            return kind == "T", place
        case "N" | "I":
            return None, place
        case _:
            raise PacketError(f"an OSC argument of the unknown type {kind!r}")


def _text(content: bytes, place: int) -> tuple[str, int]:
    """A string that ends in a zero, padded to four bytes."""
    end = content.find(b"\0", place)
    if end < 0 or end - place > _MAX_TEXT:
        raise PacketError(f"an OSC string without an end, or longer than {_MAX_TEXT} bytes")
    # Names are ASCII by the standard; VRM models have Japanese ones, in UTF-8.
    text = content[place:end].decode("utf-8", errors="replace")
    return text, place + ((end - place) // 4 + 1) * 4


def _unpacked(code: str, content: bytes, place: int) -> tuple[tuple[Any, ...], int]:
    size = struct.calcsize(code)
    if place + size > len(content):
        raise PacketError("an OSC message that ends within its arguments")
    return struct.unpack_from(code, content, place), place + size
