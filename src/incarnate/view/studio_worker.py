"""A thread that does the newest of the things it is asked for, and never more than one at once."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

Wish = TypeVar("Wish")


@dataclass(frozen=True)
class _Due(Generic[Wish]):
    wish: Wish
    time: float
    """When it may be begun, on the monotonic clock, seconds."""


@final
class LatestWorker(Generic[Wish]):
    """Does wishes, of each key only the newest; what came before it is forgotten.

    Whoever drags a slider asks faster than pictures can be drawn. A queue would answer each of
    them, later and later; this answers the last.
    """

    def __init__(
        self,
        work: Callable[[Hashable, Wish], Wish | None],
        *,
        pause: float = 0.02,
        patience: float = 0.25,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Start the thread.

        Args:
            work: Does one wish of one key; what it returns is done next, if for `patience` nothing
                new is asked under that key.
            pause: Seconds of rest after each wish, so that others get their turn.
            patience: Seconds.
            on_error: Told what `work` raised; the thread goes on.
        """
        self._work, self._pause, self._patience = work, pause, patience
        self._on_error = on_error
        self._due: dict[Hashable, _Due[Wish]] = {}
        self._changed = threading.Condition()
        self._open, self._busy = True, False
        self._thread = threading.Thread(target=self._run, name="studio", daemon=True)
        self._thread.start()

    def ask(self, key: Hashable, wish: Wish) -> None:
        """Do this, and none of what was asked under this key before."""
        with self._changed:
            waiting = self._due.get(key)
            # A key keeps its turn, so that nobody who moves all the time starves.
            since = time.monotonic() if waiting is None else min(waiting.time, time.monotonic())
            self._due[key] = _Due(wish, since)
            self._changed.notify_all()

    def forget(self, key: Hashable) -> None:
        """Do nothing more under this key."""
        with self._changed:
            self._due.pop(key, None)

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until nothing is left to do; False when it took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._due or self._busy), timeout)

    def close(self) -> None:
        """Finish what is being done, and end."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            key, wish = taken
            following = self._attempt(key, wish)
            with self._changed:
                if following is not None and key not in self._due:
                    self._due[key] = _Due(following, time.monotonic() + self._patience)
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._open, self._pause)

    def _take(self) -> tuple[Hashable, Wish] | None:
        """The wish that has waited longest, when its time has come; None at the end."""
        with self._changed:
            while self._open:
                if not self._due:
                    self._changed.wait()
                    continue
                key = min(self._due, key=lambda each: self._due[each].time)
                left = self._due[key].time - time.monotonic()
                if left <= 0:
                    self._busy = True
                    return key, self._due.pop(key).wish
                self._changed.wait(left)
            return None

    def _attempt(self, key: Hashable, wish: Wish) -> Wish | None:
        try:
            return self._work(key, wish)
        except Exception as error:  # one picture that fails must not end the studio
            if self._on_error is not None:
                self._on_error(error)
            return None
