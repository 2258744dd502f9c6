"""CPU times that can be compared on a busy machine."""

import time
from collections.abc import Callable, Mapping

import torch


def cpu_time(work: Callable[[], object]) -> float:
    """Seconds of processor time, over all threads, that one call takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_time(work: Callable[[], object]) -> float:
    """Seconds on the clock that one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(
    works: Mapping[str, Callable[[], object]],
    repeats: int,
    measure: Callable[[Callable[[], object]], float] = cpu_time,
) -> dict[str, float]:
    """The least time of each work, taken in turn so that a slow spell meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(repeats):
        for name, work in works.items():
            times[name].append(measure(work))
    return {name: min(taken) for name, taken in times.items()}


class Threads:
    """Sets torch's number of threads for a block."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.before = torch.get_num_threads()

    def __enter__(self) -> None:
        torch.set_num_threads(self.count)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self.before)
