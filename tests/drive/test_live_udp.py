"""UDP on loopback: each protocol, garbage between good packets, and who is not heard."""

import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drive.senders import blend, bones, eventually, face_packet, sender, turn

from incarnate.drive.arkit import ARKIT_CHANNELS
from incarnate.drive.live import FeedSource, Inbox, LiveFrame
from incarnate.drive.live_pose import Poser
from incarnate.drive.live_udp import Decoder, Ear, UdpFeed
from incarnate.drive.livelink import LiveLinkDecoder
from incarnate.drive.vmc import VmcDecoder
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_head_rig


def listening(decoder: Decoder) -> tuple[FeedSource, UdpFeed, list[LiveFrame]]:
    kept: list[LiveFrame] = []
    feed = UdpFeed(Ear(port=0), decoder)
    return FeedSource(feed, Poser(default_head_rig()), record=kept.append), feed, kept


def value(frame: LiveFrame, name: str) -> float:
    assert frame.face is not None
    return float(frame.face[ARKIT_CHANNELS.index(name)])


def test_a_phone_moves_the_face() -> None:
    source, feed, kept = listening(LiveLinkDecoder())
    with source, sender(feed.port) as send:
        for index in range(5):
            send(face_packet(index, mouthSmileLeft=0.25 * index, headYaw=0.1 * index))
        eventually(lambda: bool(source.latest()) and len(kept) == 5)
        shown = source.latest()
    assert shown is not None
    pose, age = shown
    names = default_head_rig().expression_names
    assert pose.expression[names.index("mouthSmileLeft")] == 1.0
    # Neck and head share the turn about one axis.
    assert float(pose.joint_rotations[:2, 1].sum()) == pytest.approx(0.4, abs=1e-6)
    assert 0 <= age < 5
    assert [value(frame, "mouthSmileLeft") for frame in kept] == [0, 0.25, 0.5, 0.75, 1.0]
    assert source.inbox.num_refused == 0


def test_a_vrm_program_moves_the_face_and_the_head() -> None:
    source, feed, kept = listening(VmcDecoder())
    with source, sender(feed.port) as send:
        send(bones({"Head": turn(y=0.3)}))
        send(blend(Blink_L=1.0, JawOpen=0.5))
        eventually(lambda: bool(source.latest()) and len(kept) >= 2)
        shown = source.latest()
    assert shown is not None
    rig = default_head_rig()
    assert shown[0].expression[rig.expression_names.index("eyeBlinkLeft")] == 1.0
    head = shown[0].joint_rotations[rig.joint_index("head") - 1]
    torch.testing.assert_close(head, torch.tensor([0.0, 0.3, 0.0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("decoder", [LiveLinkDecoder(), VmcDecoder()], ids=["livelink", "vmc"])
def test_garbage_is_counted_and_dropped(decoder: Decoder) -> None:
    good = face_packet(3, jawOpen=0.5) if isinstance(decoder, LiveLinkDecoder) else blend(A=1.0)
    source, feed, kept = listening(decoder)
    with source, sender(feed.port) as send:
        garbage = [b"", b"\0", b"hello", good[:-3], b"\xff" * 300, bytes(decoder.max_bytes + 1)]
        for content in garbage:
            send(content)
        eventually(lambda: source.inbox.num_refused == len(garbage))
        complaint = source.complaint()
        send(good)
        eventually(lambda: bool(source.latest()))
    assert complaint is not None
    assert complaint.startswith(f"dropped {len(garbage)} of what came, last ")
    assert f"more than {decoder.max_bytes} bytes" in complaint
    assert len(kept) == 1


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_packet_ends_the_listening(packets: list[bytes]) -> None:
    source, feed, _ = listening(VmcDecoder())
    with source, sender(feed.port) as send:
        for content in packets:
            send(content)
        send(blend(A=1.0))
        eventually(lambda: bool(source.latest()))


def test_an_address_that_is_not_loopback_needs_its_senders() -> None:
    with pytest.raises(DriveError, match="have no password: name who may with --allow-remote"):
        UdpFeed(Ear(11111, "0.0.0.0"), LiveLinkDecoder())
    with pytest.raises(DriveError, match="give --address too"):
        UdpFeed(Ear(11111, senders=("192.168.1.20",)), LiveLinkDecoder())
    with pytest.raises(DriveError, match="'my-phone' is no address"):
        UdpFeed(Ear(11111, "0.0.0.0", ("my-phone",)), LiveLinkDecoder())
    with pytest.raises(DriveError, match="of another kind"):
        UdpFeed(Ear(11111, "0.0.0.0", ("fe80::1",)), LiveLinkDecoder())


def test_only_named_senders_are_heard() -> None:
    feed = UdpFeed(Ear(0, "0.0.0.0", ("192.0.2.7",)), LiveLinkDecoder())
    inbox = Inbox()
    good = face_packet(1)
    # What a stranger sends is not even looked at.
    assert feed._heard(good, "192.0.2.8", inbox) is None
    assert inbox.complaint(0.0) == (
        "dropped 1 of what came, last a packet from 192.0.2.8, which --allow-remote does not name"
    )
    assert feed._heard(good, "192.0.2.7", inbox) is not None


def test_a_port_that_is_taken_is_refused_with_advice() -> None:
    first = UdpFeed(Ear(0), LiveLinkDecoder())
    first.start(Inbox())
    try:
        with pytest.raises(DriveError, match=f"can't listen on 127.0.0.1 port {first.port}"):
            UdpFeed(Ear(first.port), LiveLinkDecoder()).start(Inbox())
    finally:
        first.stop()
    with pytest.raises(DriveError, match="Choose another --port"):
        UdpFeed(Ear(99999), LiveLinkDecoder()).start(Inbox())


def test_it_stops_at_once() -> None:
    feed = UdpFeed(Ear(0), LiveLinkDecoder())
    feed.start(Inbox())
    start = time.perf_counter()
    feed.stop()
    # The thread wakes fifty times a second.
    assert time.perf_counter() - start < 1
