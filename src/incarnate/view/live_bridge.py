"""A bridge from a live source to the pages that `incarnate.view.server` shows.

The source runs while a page listens, and begins anew, calibration included, with the first page
that comes after all have left. Pages get the newest pose only: what nobody took in time is gone.
"""

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Final, final

from incarnate.drive.live import LiveSource, clock
from incarnate.drive.live_beginning import Beginning, begin
from incarnate.drive.live_follow import Follower
from incarnate.drive.live_take import Pace, samples
from incarnate.errors import IncarnateError, RenderError
from incarnate.rigs.rig import Pose, Rig
from incarnate.view.live_board import Board, Reader
from incarnate.view.live_messages import names_event

LIVE_PATH: Final = "/live"
"""Where the page finds the stream."""
MOST_LISTENERS: Final = 4
"""Pages that listen at a time: each holds a connection and a thread."""
LOST_AFTER: Final = 1.0
"""Seconds of silence after which the avatar no longer waits for the source."""

# A source is looked at so often a second: half a period is what a pose waits for it on average.
_RATE = 120.0
_MARK: Final = b'<meta name="live" content="">'


def page_with_live(page: bytes, name: str) -> bytes:
    """The page that offers to follow what is bridged to it, under a name."""
    assert page.count(_MARK) == 1, "the page has one place for this"
    content = html.escape(name, quote=True).encode()
    return page.replace(_MARK, _MARK.replace(b'content=""', b'content="' + content + b'"'))


class _UnwatchedError(Exception):
    """All pages have left."""


@final
class _Watched:
    """A source that ends by `_UnwatchedError` once nobody listens; see `LiveSource`."""

    def __init__(self, source: LiveSource, is_watched: Callable[[], bool]) -> None:
        self._source = source
        self._is_watched = is_watched

    @property
    def has_ended(self) -> bool:
        return self._source.has_ended

    def __enter__(self) -> "_Watched":
        self._source.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._source.__exit__(*error)

    def latest(self) -> tuple[Pose, float] | None:
        if not self._is_watched():
            raise _UnwatchedError
        return self._source.latest()

    def complaint(self) -> str | None:
        return self._source.complaint()


@final
class Bridge:
    """Runs a source while pages listen; used in a ``with`` block."""

    def __init__(
        self,
        open_source: Callable[[], LiveSource],
        rig: Rig,
        stage: Pose,
        beginning: Beginning,
        *,
        name: str,
        tell: Callable[[str], None],
    ) -> None:
        """Nothing is listened to before a page asks.

        Args:
            open_source: Makes the source anew for each time that it runs.
            rig: The package's.
            stage: The avatar's own poses, one a frame, of that rig.
            beginning: How the avatar begins to follow.
            name: What the page calls the source.
            tell: Told of what was dropped, and of failures.

        Raises:
            DriveError: There is no such source.
        """
        self.name = name
        self.board = Board()
        self._open_source = open_source
        self._next: LiveSource | None = open_source()
        self._rig = rig
        self._stage = stage
        self._beginning = beginning
        self._tell = tell
        self._condition = Condition()
        self._num_listeners = 0
        self._visit = self._served = 0
        self._is_closed = False
        self._thread = Thread(target=self._run, daemon=True, name="incarnate-bridge")

    def __enter__(self) -> "Bridge":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
        self.board.close()
        self._thread.join(timeout=10)

    @property
    def where(self) -> str:
        """The source in words: its kind, address and port."""
        return self._beginning.where

    @contextmanager
    def listening(self) -> Iterator[Iterator[bytes]]:
        """Parts of one page's stream: a part is written before the next is asked for.

        Raises:
            RenderError: So many listen that there is no room.
        """
        with self._condition:
            if self._num_listeners >= MOST_LISTENERS:
                raise RenderError(f"{MOST_LISTENERS} pages follow already; close one of them")
            if self._num_listeners == 0:
                self._visit += 1
                self.board.say("waiting")
            self._num_listeners += 1
            self._condition.notify_all()
        try:
            yield self._parts()
        finally:
            with self._condition:
                self._num_listeners -= 1

    def _parts(self) -> Iterator[bytes]:
        yield names_event(self._rig)
        reader = Reader(self.board)
        while (news := reader.news()) is not None:
            yield news

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(self._has_work)
                if self._is_closed:
                    return
                visit = self._served = self._visit
            try:
                self._serve(visit)
            except _UnwatchedError:
                continue
            except IncarnateError as problem:
                self._tell(str(problem))
                self.board.say("failed", str(problem))
            except Exception:
                self.board.say("failed", "this is a fault of incarnate; its window says more")
                raise

    def _has_work(self) -> bool:
        return self._is_closed or (self._num_listeners > 0 and self._visit != self._served)

    def _is_watched(self, visit: int) -> bool:
        return not self._is_closed and self._num_listeners > 0 and self._visit == visit

    def _serve(self, visit: int) -> None:
        """Run the source once."""
        source, self._next = self._next or self._open_source(), None
        with _Watched(source, lambda: self._is_watched(visit)) as live:
            follower = begin(
                live,
                self._rig,
                self._stage,
                self._beginning,
                tell=self._tell,
                announce=self.board.say,
            )
            self._follow(live, follower)

    def _follow(self, live: LiveSource, follower: Follower) -> None:
        last, heard = None, clock()
        while not live.has_ended:
            for sample in samples(live, Pace(_RATE, 3600.0), self._tell):
                now = clock()
                if sample.pose is not last:
                    last, heard = sample.pose, now
                    self.board.show(follower(sample.pose, now), now - sample.age)
                    self.board.say("following", f"following {self.where}")
                elif now - heard > LOST_AFTER:
                    self.board.say("lost", f"nothing comes any more from {self.where}")
        self.board.say("ended", f"{self.where} has ended")
