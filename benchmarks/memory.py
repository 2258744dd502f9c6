"""Peak memory of a forward and backward pass, each in a process of its own."""

import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import torch
from benchmarks import gsplat_torch
from benchmarks.rasterizer import Case, draw_natively, step


def peaks(case: Case) -> dict[str, float]:
    """Megabytes that ours and gsplat's torch path take beyond what the scene itself takes."""
    return {f"{who}, MB": _run(who, case) for who in ("ours", "gsplat")}


def _run(who: str, case: Case) -> float:
    arguments = [who, *(str(value) for value in astuple(case))]
    command = [sys.executable, "-m", "benchmarks.memory", *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _peak() -> float:
    """Of this process so far, in megabytes; getrusage would count what its parent held."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


def main() -> None:
    """Print the megabytes for one of the two and a case."""
    who, num_splats, size, num_channels, _ = sys.argv[1:]
    torch.set_num_threads(1)
    splats, camera = Case(int(num_splats), int(size), int(num_channels)).scene()
    if who == "ours":
        before = _peak()
        _, both = step(splats, lambda: draw_natively(splats, camera))
    else:
        meetings = gsplat_torch.find_meetings(splats, camera)
        before = _peak()
        _, both = step(splats, lambda: gsplat_torch.rasterize(splats, camera, meetings))
    both()
    print(_peak() - before)


if __name__ == "__main__":
    main()
