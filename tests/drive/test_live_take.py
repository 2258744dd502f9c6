"""Steady moments, whoever is slow; and how old motion is."""

import pytest
from tests.drive.faces import talking

from incarnate.drive import live_take
from incarnate.drive.live_take import Latency, Pace, samples, wait_for_first
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose


class Clockwork:
    """A source and a clock that both stand in the test's hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ends: float = 1e9) -> None:
        self.now = 50.0
        self.ends = ends
        self.first = 50.0
        self.poses = talking(default_head_rig(), 2)
        self.complaints = ["a stone"]
        monkeypatch.setattr(live_take, "clock", lambda: self.now)
        monkeypatch.setattr(live_take.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    @property
    def has_ended(self) -> bool:
        return self.now >= self.ends

    def __enter__(self) -> "Clockwork":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def latest(self) -> tuple[Pose, float] | None:
        return None if self.now < self.first else (self.poses[0], 0.005)

    def complaint(self) -> str | None:
        return self.complaints.pop() if self.complaints else None


def test_moments_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    source, told = Clockwork(monkeypatch), []
    taken = [
        (sample.index, source.now - 50) for sample in samples(source, Pace(10.0, 0.5), told.append)
    ]
    assert [index for index, _ in taken] == [0, 1, 2, 3, 4]
    assert [when for _, when in taken] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=1e-9)
    assert told == ["a stone"]


def test_who_comes_back_late_gets_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    source, seen = Clockwork(monkeypatch), []
    for sample in samples(source, Pace(10.0, 1.0), lambda _: None):
        seen.append(sample.index)
        source.now += 0.25
    assert seen == [0, 2, 5, 7]


def test_a_take_ends_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Clockwork(monkeypatch, ends=50.25)
    assert len(list(samples(source, Pace(10.0, 1.0), lambda _: None))) == 3


def test_the_first_motion_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    source, told = Clockwork(monkeypatch), []
    source.first = 51.0
    wait_for_first(source, 5.0, told.append, "a phone")
    assert 51.0 <= source.now < 51.01
    assert told == ["a stone"]


def test_silence_is_an_error_that_says_what_came_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Clockwork(monkeypatch)
    source.first = 1e9
    with pytest.raises(DriveError, match="no motion came in 5 s from a phone: a stone"):
        wait_for_first(source, 5.0, lambda _: None, "a phone")
    with pytest.raises(DriveError, match="from a phone: nothing at all"):
        wait_for_first(source, 5.0, lambda _: None, "a phone")
    source.ends = 0.0
    with pytest.raises(DriveError, match="no motion came in 0 s"):
        wait_for_first(source, 5.0, lambda _: None, "a phone")


@pytest.mark.parametrize(("fps", "seconds"), [(0, 1), (-1, 1), (300, 1), (30, 0), (30, 1e9)])
def test_a_pace_makes_sense(fps: float, seconds: float) -> None:
    with pytest.raises(DriveError, match="give up to an hour"):
        Pace(float(fps), float(seconds))


def test_latency_is_a_median_and_a_tail() -> None:
    ages = [0.01] * 90 + [0.2] * 10
    assert Latency.of(ages) == Latency(0.01, 0.2)
