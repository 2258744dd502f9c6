"""Live motion: what every source offers, and the queue between the sender and the renderer.

A feed (a socket, a camera) puts frames into an inbox from a thread of its own; whoever draws asks
for the latest pose and never waits. Times are those of `clock`, seconds.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float

from incarnate.errors import IncarnateError
from incarnate.rigs.rig import Pose

MAX_WAITING: Final = 1024
"""Frames that an inbox holds: a quarter of a minute of a phone's; then the oldest go."""

_SECONDS_BETWEEN_COMPLAINTS = 1.0


class PacketError(Exception):
    """What is wrong with something that came over the network: it is dropped, and counted."""


def clock() -> float:
    """Seconds on this machine's steady clock."""
    return time.perf_counter()


@dataclass(frozen=True)
class Bone:
    """How a bone stands in its parent, in our axes (docs/conventions.md)."""

    position: tuple[float, float, float]
    """Metres from the parent's joint, in the parent's axes."""
    rotation: tuple[float, float, float, float]
    """Unit quaternion ``wxyz`` since the T-pose."""


@dataclass(frozen=True)
class LiveFrame:
    """What a source said at one moment."""

    arrived: float
    """When it came, by `clock`."""
    face: Float[np.ndarray, "61"] | None = None
    """ARKit's channels in the order of `incarnate.drive.arkit.ARKIT_CHANNELS`."""
    bones: Mapping[str, Bone] | None = None
    """By Unity's names of human bones (``Hips``, ``LeftUpperArm`` …)."""
    sent: float | None = None
    """Seconds by the sender's own clock, where it tells."""


@final
class Inbox:
    """Frames that came and were not yet looked at; bounded, and safe between two threads."""

    def __init__(self, size: int = MAX_WAITING) -> None:
        self._frames: deque[LiveFrame] = deque(maxlen=size)
        self._lock = Lock()
        self._failure: IncarnateError | None = None
        self._reason = ""
        self._unsaid = 0
        self._last_said = -float("inf")
        self.num_refused = 0
        self.num_lost = 0
        self._is_closed = False

    def put(self, frame: LiveFrame) -> None:
        """Add a frame; where nobody looks, the oldest is lost."""
        with self._lock:
            self.num_lost += len(self._frames) == self._frames.maxlen
            self._frames.append(frame)

    def refuse(self, reason: str) -> None:
        """Count something that came and was dropped."""
        with self._lock:
            self._reason = reason
            self._unsaid += 1
            self.num_refused += 1

    def close(self, failure: IncarnateError | None = None) -> None:
        """No more frames come: the feed has ended, or failed."""
        self._failure = failure
        self._is_closed = True

    @property
    def has_ended(self) -> bool:
        """Whether all went well, no more comes, and nothing waits."""
        return self._is_closed and self._failure is None and not self._frames

    def drain(self) -> list[LiveFrame]:
        """The frames that wait, in the order they came; doesn't wait for any.

        Raises:
            IncarnateError: The feed has failed, and no frame is left.
        """
        with self._lock:
            frames = list(self._frames)
            self._frames.clear()
        if not frames and self._failure is not None:
            raise self._failure
        return frames

    def complaint(self, now: float) -> str | None:
        """What was dropped since the last complaint, at most once a second."""
        with self._lock:
            if not self._unsaid or now - self._last_said < _SECONDS_BETWEEN_COMPLAINTS:
                return None
            said = f"dropped {self._unsaid} of what came, last {self._reason}"
            self._unsaid, self._last_said = 0, now
        return said


@runtime_checkable
class Feed(Protocol):
    """Where frames come from."""

    def start(self, inbox: Inbox) -> None:
        """Begin to fill an inbox, from another thread."""
        ...

    def stop(self) -> None:
        """End the thread; what it held is freed."""
        ...


@runtime_checkable
class LiveSource(Protocol):
    """Someone's motion as it happens; used in a ``with`` block."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        ...

    def __enter__(self) -> "LiveSource": ...

    def __exit__(self, *_: object) -> None: ...

    def latest(self) -> tuple[Pose, float] | None:
        """The newest pose and its age in seconds; None before the first. Never waits.

        It is the same object while nothing newer has come.

        Raises:
            IncarnateError: The source has failed: a camera was unplugged, a file is damaged.
        """
        ...

    def complaint(self) -> str | None:
        """What was dropped lately, at most once a second."""
        ...


@final
class FeedSource:
    """The frames of a feed as poses of a rig: only what is asked for is converted."""

    def __init__(
        self,
        feed: Feed,
        to_pose: Callable[[LiveFrame], Pose],
        *,
        record: Callable[[LiveFrame], None] | None = None,
    ) -> None:
        """Nothing comes before the ``with`` block.

        Args:
            feed: Where frames come from.
            to_pose: Converts one; see `incarnate.drive.live_pose`.
            record: Told of every frame that came, also of those that nobody drew.
        """
        self.inbox = Inbox()
        self._feed = feed
        self._to_pose = to_pose
        self._record = record
        self._newest: tuple[Pose, float] | None = None

    def __enter__(self) -> "FeedSource":
        self._feed.start(self.inbox)
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.stop()

    @property
    def has_ended(self) -> bool:
        """See `LiveSource`."""
        return self.inbox.has_ended

    def latest(self) -> tuple[Pose, float] | None:
        """See `LiveSource`."""
        frames = self.inbox.drain()
        if self._record is not None:
            for frame in frames:
                self._record(frame)
        if frames:
            self._newest = self._to_pose(frames[-1]), frames[-1].arrived
        if self._newest is None:
            return None
        pose, arrived = self._newest
        return pose, max(0.0, clock() - arrived)

    def complaint(self) -> str | None:
        """See `LiveSource`."""
        return self.inbox.complaint(clock())
