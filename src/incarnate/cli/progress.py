"""Progress on the terminal, with the time left; the library below knows only a callable."""

import sys
import time
from collections.abc import Callable
from typing import Protocol, final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

_SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """What library functions call while they work (their parameter is a plain callable)."""

    def __call__(self, done: int, total: int, text: str) -> None:
        """Tell how far the work is.

        Args:
            done: Steps that are finished.
            total: Steps in all; another total, or fewer done than before, begins a new stage.
            text: What is being done, a few words; may change with each step.
        """
        ...


@final
class ConsoleProgress:
    """A progress bar on a terminal, now and then a plain line elsewhere; both to stderr."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bar = _new_bar() if sys.stderr.isatty() else None
        self._task: TaskID | None = None
        self._done = 0
        self._total = 0
        self._stage_start = 0.0
        self._last_line = 0.0

    def __enter__(self) -> "ConsoleProgress":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int, text: str) -> None:
        """See `Progress`."""
        is_new_stage = total != self._total or done < self._done
        if is_new_stage:
            self._stage_start = self._last_line = self._clock()
            self._task = None
        self._done, self._total = done, total
        if self._bar is None:
            self._print_line(text)
            return
        if self._task is None:
            self._task = self._bar.add_task(text, total=total)
        self._bar.update(self._task, completed=done, description=text)

    def _print_line(self, text: str) -> None:
        """One line every ten seconds, and one when the stage is done."""
        now = self._clock()
        finished = self._done >= self._total
        if not finished and now - self._last_line < _SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        elapsed = now - self._stage_start
        if finished:
            left = f"took {_minutes(elapsed)}"
        else:
            left = f"{_minutes(elapsed / max(self._done, 1) * (self._total - self._done))} left"
        print(f"{text}: {self._done}/{self._total}, {left}", file=sys.stderr, flush=True)


def _new_bar() -> RichProgress:
    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _minutes(seconds: float) -> str:
    """Seconds as ``m:ss``."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
