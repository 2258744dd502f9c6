"""The newest wish of each key is done, one at a time, and nobody waits for outdated ones."""

import threading
from collections.abc import Hashable

from incarnate.view.studio_worker import LatestWorker

# Long enough for a busy machine; no test waits for it unless it fails.
PATIENT = 20.0


class Bench:
    """Notes what is done; each job waits until it may end."""

    def __init__(self, *, follow: bool = False) -> None:
        self.done: list[tuple[Hashable, str]] = []
        self.started = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self._follow = follow

    def __call__(self, key: Hashable, wish: str) -> str | None:
        self.started.release()
        assert self.may_end.acquire(timeout=PATIENT)
        if wish == "fail":
            raise ValueError("as asked")
        self.done.append((key, wish))
        return f"{wish} again" if self._follow and "again" not in wish else None

    def let_go(self, count: int = 20) -> None:
        self.may_end.release(count)


def test_only_the_newest_of_each_key_is_done() -> None:
    bench = Bench()
    worker = LatestWorker(bench, pause=0.0)
    worker.ask("a", "first")
    assert bench.started.acquire(timeout=PATIENT)
    for wish in ("second", "third"):
        worker.ask("a", wish)
    worker.ask("b", "other")
    bench.let_go()
    assert worker.wait(PATIENT)
    worker.close()
    assert bench.done == [("a", "first"), ("a", "third"), ("b", "other")]


def test_what_follows_is_left_out_when_something_newer_is_asked() -> None:
    bench = Bench(follow=True)
    worker = LatestWorker(bench, pause=0.0, patience=0.05)
    worker.ask("a", "one")
    assert bench.started.acquire(timeout=PATIENT)
    worker.ask("a", "two")
    bench.let_go()
    assert worker.wait(PATIENT)
    worker.close()
    assert bench.done == [("a", "one"), ("a", "two"), ("a", "two again")]


def test_a_failure_is_told_and_the_next_wish_is_done() -> None:
    bench, told = Bench(), []
    worker = LatestWorker(bench, pause=0.0, on_error=told.append)
    bench.let_go()
    worker.ask("a", "fail")
    assert worker.wait(PATIENT)
    worker.ask("a", "fine")
    assert worker.wait(PATIENT)
    worker.close()
    assert bench.done == [("a", "fine")]
    assert [str(error) for error in told] == ["as asked"]


def test_forgotten_wishes_are_not_done() -> None:
    bench = Bench()
    worker = LatestWorker(bench, pause=0.0)
    worker.ask("a", "first")
    assert bench.started.acquire(timeout=PATIENT)
    worker.ask("b", "gone")
    worker.forget("b")
    bench.let_go()
    assert worker.wait(PATIENT)
    worker.close()
    assert bench.done == [("a", "first")]
