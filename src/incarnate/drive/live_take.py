"""A take: what a live source shows at a steady rate, and how old it is."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from incarnate.drive.live import LiveSource, clock
from incarnate.errors import DriveError
from incarnate.rigs.rig import Pose

_LISTENING_PERIOD: Final = 0.005


@dataclass(frozen=True)
class Pace:
    """When poses are taken."""

    fps: float
    """A second."""
    seconds: float
    """How long."""

    def __post_init__(self) -> None:
        if not 0 < self.fps <= 240 or not 0 < self.seconds <= 3600:
            raise DriveError(
                f"can't take {self.seconds:g} s at {self.fps:g} pictures a second: give up to an "
                "hour, and up to 240 pictures a second"
            )

    @property
    def num_samples(self) -> int:
        """How many there are in all."""
        return max(1, round(self.fps * self.seconds))


@dataclass(frozen=True)
class Sample:
    """A pose at its moment."""

    index: int
    """Which of the take's moments; some are passed over where the caller takes longer."""
    pose: Pose
    """Not batched."""
    age: float
    """How long before it had come, seconds."""


@dataclass(frozen=True)
class Latency:
    """How old motion was when it was shown, seconds."""

    median: float
    most: float
    """Of 95 in 100."""

    @staticmethod
    def of(ages: list[float]) -> "Latency":
        """Of at least one age."""
        return Latency(float(np.median(ages)), float(np.quantile(ages, 0.95)))


def wait_for_first(
    source: LiveSource, patience: float, tell: Callable[[str], None], what: str
) -> None:
    """Return once something has come.

    Args:
        source: Opened.
        patience: Seconds.
        tell: Told of what was dropped meanwhile.
        what: What is waited for, for the error's text.

    Raises:
        DriveError: Nothing came.
    """
    start, last = clock(), "nothing at all"
    while source.latest() is None:
        complaint = source.complaint()
        if complaint is not None:
            last = complaint
            tell(complaint)
        if source.has_ended or clock() - start > patience:
            raise DriveError(
                f"no motion came in {clock() - start:.0f} s from {what}: {last}; check that it is "
                "sent there, and start it before this, or wait longer"
            )
        time.sleep(_LISTENING_PERIOD)


def samples(source: LiveSource, pace: Pace, tell: Callable[[str], None]) -> Iterator[Sample]:
    """What the source shows at steady moments, from now on, until it ends.

    Args:
        source: Opened; something has come from it.
        pace: When.
        tell: Told of what was dropped, at most once a second.

    Yields:
        The moments in order. Where the caller comes back late, the moment that is due now: those
        before are passed over.
    """
    start, index = clock(), 0
    while index < pace.num_samples:
        wait = start + index / pace.fps - clock()
        if wait > 0:
            time.sleep(wait)
        if source.has_ended:
            return
        shown = source.latest()
        assert shown is not None, "wait_for_first comes before"
        yield Sample(index, *shown)
        complaint = source.complaint()
        if complaint is not None:
            tell(complaint)
        index = max(index + 1, int((clock() - start) * pace.fps))
