"""How many CPU threads a command uses."""

import os

# Beyond this, threads wait for memory more than they work.
_MOST = 8


def use_threads(count: int) -> int:
    """Set torch's threads (and with them the kernel's); 0 takes all cores, at most eight.

    Returns:
        The number that is used.
    """
    import torch

    if count <= 0:
        count = min(len(os.sched_getaffinity(0)), _MOST)
    torch.set_num_threads(count)
    return count
