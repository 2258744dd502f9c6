"""Minutes of the processor: counted on after an interruption, waiting not counted."""

import time
from pathlib import Path

import pytest

from incarnate.train.cpu_minutes import cpu_minutes, minutes_of


def work(seconds: float) -> None:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def test_work_counts_and_waiting_does_not(tmp_path: Path) -> None:
    with cpu_minutes(tmp_path, None) as tell:
        work(0.06)
        time.sleep(0.3)
        tell(1, 1, "done")
    # A sleep costs next to nothing; writing the file some milliseconds.
    assert 0.06 / 60 <= (minutes_of(tmp_path) or 0) < 0.2 / 60


def test_an_interrupted_run_is_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incarnate.train.cpu_minutes._WRITE_EVERY", 0.0)
    told = []
    assert minutes_of(tmp_path) is None

    def interrupted() -> None:
        with cpu_minutes(tmp_path, lambda *what: told.append(what)) as tell:
            work(0.05)
            tell(1, 9, "training")
            # Had the process been killed here, this is what it would have left.
            assert (minutes_of(tmp_path) or 0) >= 0.05 / 60
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    first = minutes_of(tmp_path) or 0
    with cpu_minutes(tmp_path, None):
        work(0.05)
    assert (minutes_of(tmp_path) or 0) >= first + 0.05 / 60
    assert told == [(1, 9, "training")]
