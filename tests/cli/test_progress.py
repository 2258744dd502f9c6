"""Progress: plain lines where nobody watches, a bar on a terminal."""

import io
import sys

import pytest

from incarnate.cli.progress import ConsoleProgress


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_plain_lines_come_every_ten_seconds_with_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    with ConsoleProgress(clock=clock) as progress:
        for step in range(1, 41):
            progress(step, 40, f"step {step}")
            clock.now += 1
    assert capsys.readouterr().err.splitlines() == [
        "step 11: 11/40, 0:26 left",
        "step 21: 21/40, 0:18 left",
        "step 31: 31/40, 0:09 left",
        "step 40: 40/40, took 0:39",
    ]


def test_another_total_begins_a_new_stage(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with ConsoleProgress(clock=clock) as progress:
        progress(0, 2, "first")
        clock.now += 60
        progress(2, 2, "first")
        progress(0, 3, "second")
        clock.now += 75
        progress(3, 3, "second")
    assert capsys.readouterr().err.splitlines() == [
        "first: 2/2, took 1:00",
        "second: 3/3, took 1:15",
    ]


def test_nothing_is_divided_by_zero_before_the_first_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    progress = ConsoleProgress(clock=clock)
    progress(0, 5, "slow start")
    clock.now += 30
    progress(0, 5, "slow start")
    assert capsys.readouterr().err == "slow start: 0/5, 2:30 left\n"


def test_a_terminal_gets_one_bar_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with ConsoleProgress() as progress:
        progress(1, 2, "first")
        progress(2, 2, "first")
        progress(1, 4, "second")
    shown = stream.getvalue()
    assert "first" in shown
    assert "2/2" in shown
    assert "second" in shown
    assert "1/4" in shown
