"""OSC packets: those of another program, nested ones, and whatever else may come."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.drive.senders import bundle, osc

from incarnate.drive.live import PacketError
from incarnate.drive.osc import OscMessage, read_osc

# Written by python-osc 1.10.2: a bundle in a bundle, arguments of all the usual types.
FOREIGN = bytes.fromhex(
    "2362756e646c65000000000000000001000000202f564d432f4578742f426c656e642f56616c00002c7366004a6f79"
    "003e8000000000001c2f564d432f4578742f426c656e642f4170706c79000000002c000000000000302362756e646c"
    "650000000000000000010000001c2f6100002c695473624e00000000000778797a000000000201020000"
)


def test_packets_of_another_program_are_read() -> None:
    assert read_osc(FOREIGN) == [
        OscMessage("/VMC/Ext/Blend/Val", ("Joy", 0.25)),
        OscMessage("/VMC/Ext/Blend/Apply", ()),
        OscMessage("/a", (7, True, "xyz", b"\x01\x02", None)),
    ]


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60),
            st.floats(width=32, allow_nan=False),
            st.integers(-(2**31), 2**31 - 1),
        ),
        max_size=8,
    )
)
def test_what_is_written_is_read(values: list[str | float | int]) -> None:
    assert read_osc(osc("/some/place", *values)) == [OscMessage("/some/place", tuple(values))]
    twice = bundle(osc("/one", *values), bundle(osc("/two", *values)))
    assert [message.address for message in read_osc(twice)] == ["/one", "/two"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "begins with neither"),
        (b"hello", "begins with neither"),
        (b"/no end", "without an end"),
        (b"/a\0\0x\0\0\0", "without the types"),
        (b"/a\0\0,f\0\0\0\0", "ends within its arguments"),
        (b"/a\0\0,q\0\0", "unknown type 'q'"),
        (b"/a\0\0,b\0\0" + struct.pack(">i", 1 << 30), "blob of 1073741824 bytes"),
        (b"/a\0\0,b\0\0" + struct.pack(">i", -4), "blob of -4 bytes"),
        (b"/" + b"a" * 300 + b"\0", "longer than 256"),
        (b"#bundle\0", "ends in its time tag"),
        (bundle() + struct.pack(">i", 64), "element of 64 bytes"),
        (bundle() + struct.pack(">i", 0), "element of 0 bytes"),
        (bundle(bundle(bundle(bundle(bundle(osc("/a")))))), "nested more than 4"),
        (bundle(*[b"/a\0\0"] * 2049), "more than 2048 messages"),
    ],
)
def test_malformed_packets_say_what_is_wrong(content: bytes, text: str) -> None:
    with pytest.raises(PacketError, match=text):
        read_osc(content)


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(content: bytes) -> None:
    for packet in (content, b"/a\0\0,sfib" + content, bundle(content), FOREIGN[:40] + content):
        try:
            read_osc(packet)
        except PacketError:
            continue


@given(st.integers(0, len(FOREIGN) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(place: int, value: int) -> None:
    with contextlib.suppress(PacketError):
        read_osc(FOREIGN[:place] + bytes([value]) + FOREIGN[place + 1 :])
