"""How many CPU threads a command uses."""

import os
import sys

# Beyond this, threads wait for memory more than they work.
_MOST = 8


def use_threads(count: int) -> int:
    """Set torch's threads (and with them the kernel's); 0 takes all cores, at most eight.

    Returns:
        The number that is used.
    """
    import torch

    if count <= 0:
        count = min(_num_cores(), _MOST)
    torch.set_num_threads(count)
    return count


def _num_cores() -> int:
    """Cores that this process may use; where the system doesn't tell, all of them."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
