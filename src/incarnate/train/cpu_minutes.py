"""What a training costs in time of the processor, however often it was interrupted."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from incarnate.whole_files import write_whole

Progress = Callable[[int, int, str], None]
_NAME = "minutes.json"
_WRITE_EVERY = 5.0


@contextmanager
def cpu_minutes(folder: Path, progress: Progress | None) -> Iterator[Progress]:
    """Count what this process spends, all its threads together, on top of what the folder says.

    Minutes of the processor compare trainings on a machine that does other things meanwhile.

    Args:
        folder: Where the minutes are kept, written now and then and at the end.
        progress: Where to pass on what is told.

    Yields:
        Is told of progress, and writes the minutes meanwhile: a kill loses seconds.
    """
    before = minutes_of(folder) or 0.0
    start = last = time.process_time()

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(json.dumps(before + (time.process_time() - start) / 60), folder / _NAME)

    def tell(done: int, total: int, text: str) -> None:
        nonlocal last
        if time.process_time() - last > _WRITE_EVERY:
            last = time.process_time()
            write()
        if progress is not None:
            progress(done, total, text)

    try:
        yield tell
    finally:
        write()


def minutes_of(folder: Path) -> float | None:
    """The minutes that were counted in a folder; None where none were."""
    path = folder / _NAME
    return float(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None
