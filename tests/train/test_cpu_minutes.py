"""Minutes of the processor: counted on after an interruption, waiting not counted."""

import json
import time
from pathlib import Path

import pytest

from incarnate.train.cpu_minutes import cpu_minutes


def work(seconds: float) -> None:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def test_work_counts_and_waiting_does_not(tmp_path: Path) -> None:
    path = tmp_path / "minutes.json"
    with cpu_minutes(path, None) as tell:
        work(0.06)
        time.sleep(0.3)
        tell(1, 1, "done")
    # A sleep costs next to nothing; writing the file some milliseconds.
    assert 0.06 / 60 <= json.loads(path.read_text()) < 0.2 / 60


def test_an_interrupted_run_is_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incarnate.train.cpu_minutes._WRITE_EVERY", 0.0)
    path, told = tmp_path / "minutes.json", []

    def interrupted() -> None:
        with cpu_minutes(path, lambda *what: told.append(what)) as tell:
            work(0.05)
            tell(1, 9, "training")
            # Had the process been killed here, this is what it would have left.
            assert json.loads(path.read_text()) >= 0.05 / 60
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    first = json.loads(path.read_text())
    with cpu_minutes(path, None):
        work(0.05)
    assert json.loads(path.read_text()) >= first + 0.05 / 60
    assert told == [(1, 9, "training")]
