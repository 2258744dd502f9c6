"""Packets of the Live Link Face app: layout, order of channels, clocks, garbage."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.drive.senders import face_packet

from incarnate.drive.arkit import ARKIT_CHANNELS
from incarnate.drive.live import LiveFrame, PacketError
from incarnate.drive.livelink import WIRE_CHANNELS, FacePacket, LiveLinkDecoder, read_face_packet

# Written by another program (PyLiveLinkFace 0.1), which averages with the frame before.
FOREIGN = bytes.fromhex(
    "06000000243031323334353637383961626364656630313233343536373839616263646566303132330000000570686f"
    "6e65002c1fd23ef232800000003c000000013d" + "00" * 60 + "3e000000" + "00" * 24 + "3e800000"
    + "00" * 116 + "bd800000" + "00" * 32
)  # fmt: skip


def channel(frame: LiveFrame | None, name: str) -> float:
    assert frame is not None
    assert frame.face is not None
    return float(frame.face[ARKIT_CHANNELS.index(name)])


def nonzero(packet: FacePacket) -> dict[str, float]:
    assert packet.values is not None
    return {name: v for name, v in zip(ARKIT_CHANNELS, packet.values.tolist(), strict=True) if v}


def test_left_and_right_stand_otherwise_than_in_files() -> None:
    # Epic's order of ARKit's units, and that of the app's CSV files.
    assert WIRE_CHANNELS[14:18] == ("jawForward", "jawLeft", "jawRight", "jawOpen")
    assert ARKIT_CHANNELS[14:18] == ("jawForward", "jawRight", "jawLeft", "jawOpen")
    assert WIRE_CHANNELS[21:23] == ("mouthLeft", "mouthRight")
    assert sorted(WIRE_CHANNELS) == sorted(ARKIT_CHANNELS)


def test_packets_of_another_program_are_read() -> None:
    packet = read_face_packet(FOREIGN)
    assert packet.device == "0123456789abcdef0123456789abcdef0123"
    assert packet.subject == "phone"
    # Frame 2,891,730 and 0.47 of the next, at 60 a second.
    assert packet.time == pytest.approx((0x002C1FD2 + 0.47304) / 60, abs=1e-5)
    assert packet.values is not None
    shown = {
        name: value for name, value in zip(ARKIT_CHANNELS, packet.values, strict=True) if value
    }
    assert shown == {"jawLeft": 0.125, "mouthRight": 0.25, "headYaw": -0.0625}


def test_a_packet_is_taken_apart() -> None:
    content = face_packet(90, subject="Ada's phone", jawLeft=0.25, mouthRight=0.5, headYaw=-0.125)
    packet = read_face_packet(content)
    assert (packet.device, packet.subject, packet.time) == ("phone-1", "Ada's phone", 1.5)
    assert packet.values is not None
    shown = {
        name: value for name, value in zip(ARKIT_CHANNELS, packet.values, strict=True) if value
    }
    assert shown == {"jawLeft": 0.25, "mouthRight": 0.5, "headYaw": -0.125}


def test_names_beyond_ascii_come_as_utf_16() -> None:
    name = "Zoë".encode("utf-16-le")
    content = face_packet(subject="")
    place = content.index(b"phone-1") + len(b"phone-1")
    assert content[place : place + 4] == bytes(4)
    sent = content[:place] + struct.pack(">i", -3) + name + content[place + 4 :]
    assert read_face_packet(sent).subject == "Zoë"


def test_expressions_are_held_within_their_range() -> None:
    packet = read_face_packet(face_packet(jawOpen=1.5, mouthClose=-0.5))
    assert packet.values is not None
    assert packet.values.min() == 0
    assert packet.values.max() == 1


HEAD = face_packet()[:-244]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "version none, expected 6: choose Live Link"),
        (b"\x01" + bytes(583), "version 1, expected 6: choose Live Link"),
        (b"\x06\0\0", "ends after 3 bytes"),
        (b"\x06" + struct.pack(">i", 1 << 30) + bytes(300), "a name of 1073741824 bytes"),
        (b"\x06" + struct.pack(">i", -(1 << 31)) + bytes(300), "a name of 4294967296 bytes"),
        (face_packet()[:-1], "61 values in 243 bytes"),
        (face_packet() + b"\0", "61 values in 245 bytes"),
        (HEAD[:-1] + b"\x34" + bytes(208), "52 values in 208 bytes"),
        (face_packet(fps=0), "at 0/1 frames a second"),
        (face_packet(-5), r"frame -5 \+ 0"),
        (face_packet(jawOpen=float("nan")), "no numbers"),
        (face_packet(headPitch=40.0), "headPitch of 40 radians"),
    ],
)
def test_malformed_packets_say_what_is_wrong(content: bytes, text: str) -> None:
    with pytest.raises(PacketError, match=text):
        read_face_packet(content)


@given(st.binary(max_size=400))
def test_anything_is_read_or_refused(content: bytes) -> None:
    decoder = LiveLinkDecoder()
    for packet in (content, b"\x06" + content, HEAD + content):
        try:
            frame = decoder.decode(packet, 0.0)
        except PacketError:
            continue
        assert frame is None or (frame.face is not None and np.isfinite(frame.face).all())


@given(st.integers(0, 340), st.integers(0, 255))
def test_a_changed_byte_gives_a_face_or_nothing(place: int, value: int) -> None:
    content = bytearray(face_packet(jawOpen=0.5))
    content[place % len(content)] = value
    try:
        packet = read_face_packet(bytes(content))
    except PacketError:
        return
    assert packet.values is None or np.abs(packet.values).max() <= np.pi


def test_no_face_is_no_news() -> None:
    decoder = LiveLinkDecoder()
    assert decoder.decode(HEAD[:-1] + b"\0", 0.0) is None
    assert decoder.flush(1.0) is None
    frame = decoder.decode(face_packet(1, jawOpen=0.5), 0.1)
    assert channel(frame, "jawOpen") == 0.5
    assert frame is not None
    assert frame.sent == pytest.approx(1 / 60)


def test_packets_that_overtook_each_other_stay_in_order() -> None:
    decoder = LiveLinkDecoder()
    assert channel(decoder.decode(face_packet(101, jawOpen=0.5), 0.0), "jawOpen") == 0.5
    with pytest.raises(PacketError, match="came after a later one"):
        decoder.decode(face_packet(100, jawOpen=0.2), 0.01)
    # A clock that was set back is followed.
    assert channel(decoder.decode(face_packet(7, jawOpen=0.25), 0.02), "jawOpen") == 0.25


def test_one_phone_at_a_time() -> None:
    decoder = LiveLinkDecoder()
    decoder.decode(face_packet(10), 0.0)
    with pytest.raises(PacketError, match="a second phone, 'Bob'"):
        decoder.decode(face_packet(500, device="phone-2", subject="Bob"), 1.0)
    decoder.decode(face_packet(70), 1.5)
    # Once the first is silent for two seconds, the second may.
    frame = decoder.decode(face_packet(3, device="phone-2", jawOpen=0.5), 3.6)
    assert channel(frame, "jawOpen") == 0.5
