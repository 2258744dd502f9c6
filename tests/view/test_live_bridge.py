"""A source runs while a page listens, and the page hears what it does."""

import pytest
from tests.drive.senders import blend, eventually, sender
from tests.view.puppets import (
    UNCALIBRATED,
    Puppet,
    bridge_to_puppet,
    is_phase,
    read_until,
    smiling,
)

from incarnate.drive.live import FeedSource
from incarnate.drive.live_beginning import Beginning
from incarnate.drive.live_pose import Poser
from incarnate.drive.live_udp import Ear, UdpFeed
from incarnate.drive.vmc import VmcDecoder
from incarnate.errors import DriveError, RenderError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import rest_pose
from incarnate.view import live_bridge
from incarnate.view.live_bridge import MOST_LISTENERS, Bridge, page_with_live
from incarnate.view.web import viewer_page

SMILE = default_head_rig().expression_names.index("mouthSmileLeft")


def test_the_page_is_told_the_sources_name() -> None:
    page = page_with_live(viewer_page(), '"><script>alert(1)</script>')
    assert page.count(b"<script>") == viewer_page().count(b"<script>")
    assert b'<meta name="live" content="&quot;&gt;' in page


def test_motion_goes_over_the_bridge() -> None:
    puppet = Puppet()
    with bridge_to_puppet(puppet) as bridge, bridge.listening() as parts:
        read = read_until(parts, lambda name, data: bool(data.get("text")))
        assert read[0][0] == "names"
        assert read[-1][1] == {"phase": "waiting", "text": "waiting for a puppet"}
        puppet.move(0.25)
        read_until(parts, is_phase("following"))
        puppet.move(0.75)
        _, pose = read_until(parts, lambda name, data: name == "pose")[-1]
        while pose["expression"][SMILE] == 0.25:
            _, pose = read_until(parts, lambda name, data: name == "pose")[-1]
        assert pose["expression"][SMILE] == pytest.approx(0.75, abs=1e-5)
        assert 0 <= pose["age"] < 60_000
        puppet.has_ended = True
        read_until(parts, is_phase("ended"))


def test_a_driver_holds_still_first() -> None:
    puppet = Puppet()
    puppet.pose = smiling(0.5)
    beginning = Beginning("a puppet", calibrate=0.1, cutoff=None)
    with bridge_to_puppet(puppet, beginning) as bridge, bridge.listening() as parts:
        read = read_until(parts, is_phase("calibrating"))
        assert read[-1][1]["text"] == "hold still and look ahead for 0.1 s"
        read_until(parts, is_phase("following"))
        puppet.move(0.75)
        _, pose = read_until(parts, lambda name, data: name == "pose" and any(data["expression"]))[
            -1
        ]
        assert pose["expression"][SMILE] == pytest.approx(0.25, abs=1e-5)


def test_silence_is_noticed_and_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_bridge, "LOST_AFTER", 0.05)
    puppet = Puppet()
    puppet.move(0.5)
    with bridge_to_puppet(puppet) as bridge, bridge.listening() as parts:
        read_until(parts, is_phase("lost"))
        puppet.move(0.6)
        read_until(parts, is_phase("following"))


def test_it_runs_only_while_somebody_listens_and_then_begins_anew() -> None:
    puppet = Puppet()
    with bridge_to_puppet(puppet) as bridge:
        assert puppet.num_opened == 0
        for visit in (1, 2):
            puppet.pose = None
            with bridge.listening() as parts:
                read_until(parts, lambda name, data: bool(data.get("text")))
                assert (puppet.num_opened, puppet.num_open) == (visit, 1)
                puppet.move(0.1)
                read_until(parts, is_phase("following"))
            eventually(lambda: puppet.num_open == 0)


def test_a_failure_is_told_and_the_next_page_may_try_again() -> None:
    puppet, told = Puppet(), []
    puppet.failure = DriveError("the camera was unplugged")
    with bridge_to_puppet(puppet, tell=told.append) as bridge:
        with bridge.listening() as parts:
            read = read_until(parts, is_phase("failed"))
            assert read[-1][1]["text"] == "the camera was unplugged"
        puppet.failure = None
        puppet.move(0.1)
        with bridge.listening() as parts:
            read_until(parts, is_phase("following"))
    assert told == ["the camera was unplugged"]


def test_so_many_may_listen_and_no_more() -> None:
    puppet = Puppet()
    with bridge_to_puppet(puppet) as bridge:
        visits = [bridge.listening() for _ in range(MOST_LISTENERS)]
        for visit in visits:
            visit.__enter__()
        with pytest.raises(RenderError, match="4 pages follow already"), bridge.listening():
            pass
        visits.pop().__exit__(None, None, None)
        with bridge.listening() as parts:
            assert next(parts).startswith(b"event: names")
        for visit in visits:
            visit.__exit__(None, None, None)


def test_garbage_from_the_network_is_dropped_and_told() -> None:
    rig, told = default_head_rig(), []
    feed = UdpFeed(Ear(0), VmcDecoder())
    bridge = Bridge(
        lambda: FeedSource(feed, Poser(rig)), rig, rest_pose(rig, 2), UNCALIBRATED, name="VMC",
        tell=told.append,
    )  # fmt: skip
    with bridge, bridge.listening() as parts:
        read_until(parts, lambda name, data: bool(data.get("text")))
        eventually(lambda: feed.port != 0)
        with sender(feed.port) as send:
            for junk in (b"garbage", b"", b"#bundle\0" * 9, b"/" * 20_000, b"\xff" * 64):
                send(junk)
            send(blend(mouthSmileLeft=0.5))
            poses = read_until(parts, is_phase("following"))
            assert poses[-1][1]["text"] == "following a puppet"
            send(b"garbage again")
            eventually(lambda: bool(told))
    assert "dropped" in told[0]
