"""The queue between sender and renderer: bounded, never waits, tells what it dropped."""

import time

import numpy as np
import pytest
from tests.drive.faces import recording_of

from incarnate.drive.live import MAX_WAITING, FeedSource, Inbox, LiveFrame, clock
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, rest_pose


def frame(arrived: float, jaw: float = 0.0) -> LiveFrame:
    return LiveFrame(arrived, face=recording_of(jawOpen=jaw).values[0])


class Hand:
    """A feed that is filled by the test."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.is_running = False

    def start(self, inbox: Inbox) -> None:
        self.inbox, self.is_running = inbox, True

    def stop(self) -> None:
        self.is_running = False


STILL = rest_pose(default_head_rig())


def to_pose(frame: LiveFrame) -> Pose:
    return STILL


def test_frames_come_out_in_order_once() -> None:
    inbox = Inbox()
    for arrived in (1.0, 2.0, 3.0):
        inbox.put(frame(arrived))
    assert [kept.arrived for kept in inbox.drain()] == [1.0, 2.0, 3.0]
    assert inbox.drain() == []


def test_an_inbox_that_nobody_empties_loses_the_oldest() -> None:
    inbox = Inbox()
    for index in range(MAX_WAITING + 5):
        inbox.put(frame(float(index)))
    kept = inbox.drain()
    assert len(kept) == MAX_WAITING
    assert kept[0].arrived == 5.0
    assert inbox.num_lost == 5


def test_it_complains_at_most_once_a_second() -> None:
    inbox = Inbox()
    assert inbox.complaint(0.0) is None
    inbox.refuse("a stone")
    assert inbox.complaint(10.0) == "dropped 1 of what came, last a stone"
    inbox.refuse("a stone")
    inbox.refuse("a shoe")
    assert inbox.complaint(10.9) is None
    assert inbox.complaint(11.1) == "dropped 2 of what came, last a shoe"
    assert inbox.complaint(20.0) is None
    assert inbox.num_refused == 3


def test_a_source_gives_the_newest_pose_and_its_age() -> None:
    feed, seen = Hand(), []
    with FeedSource(feed, to_pose, record=seen.append) as source:
        assert feed.is_running
        assert source.latest() is None
        for ago in (0.5, 0.25):
            feed.inbox.put(frame(clock() - ago))
        first = source.latest()
        assert first is not None
        # The lower bound is exact; above, a busy machine may be slow between two lines.
        assert 0.25 <= first[1] < 0.5
        assert len(seen) == 2
        time.sleep(0.01)
        again = source.latest()
        assert again is not None
        assert again[0] is first[0]
        assert again[1] > first[1]
    assert not feed.is_running
    assert len(seen) == 2


def test_asking_for_the_latest_does_not_wait() -> None:
    with FeedSource(Hand(), to_pose) as source:
        start = time.perf_counter()
        for _ in range(1000):
            source.latest()
        # A thousand looks at an empty queue take some milliseconds.
        assert time.perf_counter() - start < 0.5


def test_the_end_of_a_feed_comes_after_its_last_frame() -> None:
    feed = Hand()
    with FeedSource(feed, to_pose) as source:
        feed.inbox.put(frame(clock()))
        feed.inbox.close()
        assert not source.has_ended
        assert source.latest() is not None
        assert source.has_ended


def test_a_failure_is_raised_where_motion_is_asked_for() -> None:
    feed = Hand()
    with FeedSource(feed, to_pose) as source:
        feed.inbox.put(frame(clock()))
        feed.inbox.close(DriveError("the cable is out"))
        assert source.latest() is not None
        assert not source.has_ended
        with pytest.raises(DriveError, match="the cable is out"):
            source.latest()


def test_complaints_pass_through() -> None:
    feed = Hand()
    with FeedSource(feed, to_pose) as source:
        feed.inbox.refuse("a stone")
        assert source.complaint() == "dropped 1 of what came, last a stone"
    assert np.isfinite(clock())
