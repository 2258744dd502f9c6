"""Time the rasterizer and a training step; hold the ratios to the committed ones.

    make bench                            the whole run, a few minutes
    python -m benchmarks.run --accept     makes this run's ratios the committed ones

Times differ between machines, ratios hardly: only these are compared. The run ends with an error
if one of them is worse than the committed one by more than a fifth.
"""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import body_rate, frame_rate, memory, page, rasterizer, training_step

from incarnate.splats import native

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.2
# Ratios that are to be large: how many times slower the other is. All others are to be small.
LARGER_IS_BETTER = ("gsplat/ours", "reference/ours", "wall one/two")


def measure() -> dict[str, dict[str, float]]:
    """All figures: a table for each kind, milliseconds unless its name says otherwise."""
    figures: dict[str, dict[str, float]] = {}
    for case in (*rasterizer.GRID, rasterizer.HEAD):
        say(f"ours: {case.name}")
        times = rasterizer.own_times(case)
        figures[case.name] = {"forward": times.forward, "backward": times.backward}
    for case in rasterizer.COMPARED:
        say(f"against gsplat's torch path: {case.name}")
        theirs, ours = rasterizer.against_gsplat(case)
        figures[case.name] |= {"gsplat": theirs, "gsplat/ours": theirs / ours}
    small = rasterizer.Case(10_000, 256, 3)
    say("against the reference, threads, errors, memory")
    theirs, ours = rasterizer.against_reference(small)
    figures[small.name] |= {"reference": theirs, "reference/ours": theirs / ours}
    middle = rasterizer.Case(40_000, 512, 3)
    scaling = rasterizer.two_threads(middle)
    figures["two threads"] = {"cpu two/one": scaling.cpu, "wall one/two": scaling.wall}
    figures["errors"] = asdict(rasterizer.errors(small))
    figures["memory"] = memory.peaks(rasterizer.Case(40_000, 512, 16))
    say("a training step")
    figures["training step"] = training_step.stage_times()
    say("pictures a second")
    figures["picture"] = frame_rate.frame_rates()
    figures["body"] = body_rate.body_rates()
    figures["ratios"] = dict(ratios(figures))
    return figures


def ratios(figures: dict[str, dict[str, float]]) -> Iterator[tuple[str, float]]:
    """What is compared with the committed run."""
    for name, row in figures.items():
        for column in ("gsplat/ours", "reference/ours"):
            if column in row:
                yield f"{column}: {name}", row[column]
    middle, wide = figures["40k, 512², 3 ch"], figures["40k, 512², 16 ch"]
    yield "backward/forward", middle["backward"] / middle["forward"]
    yield "16 channels/3", sum(of(wide)) / sum(of(middle))
    yield "cpu two/one", figures["two threads"]["cpu two/one"]
    step = figures["training step"]
    yield "whole step/rasterize", step["whole step"] / step["rasterize"]
    picture = figures["picture"]
    body = figures["body"]
    full, distilled = (body[name] for name in body_rate.WHOLE.values())
    yield "body: picture/rasterize", full / body["rasterize"]
    yield "body: distilled/full", distilled / full
    yield "picture/rasterize", picture["own light, one thread, CPU"] / step["rasterize"]


def of(row: dict[str, float]) -> tuple[float, float]:
    """Forward and backward."""
    return row["forward"], row["backward"]


def worse(found: dict[str, float], committed: dict[str, float]) -> list[str]:
    """The ratios that got worse by more than the tolerance."""
    faults = []
    for name, before in committed.items():
        now = found.get(name)
        if now is None:
            continue
        loss = before / now if name.startswith(LARGER_IS_BETTER) else now / before
        if loss > 1 + TOLERANCE:
            faults.append(f"{name}: {now:.2f}, was {before:.2f}")
    return faults


def say(text: str) -> None:
    """Progress, on the terminal."""
    print(text, flush=True)


def main() -> int:
    """Run, write the page, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accept", action="store_true", help="commit to this run's ratios")
    arguments = parser.parse_args()
    if not native.is_available():
        sys.exit("there is no kernel to time; make setup")
    figures = measure()
    machine = f"{platform.machine()}, {native.description()}"
    page.write(figures, machine)
    if arguments.accept or not BASELINE.is_file():
        BASELINE.write_text(json.dumps(figures["ratios"], indent=2, ensure_ascii=False) + "\n")
        say(f"wrote {BASELINE.name}")
        return 0
    faults = worse(figures["ratios"], json.loads(BASELINE.read_text()))
    for fault in faults:
        say(f"worse by more than {TOLERANCE:.0%}: {fault}")
    say("ratios hold" if not faults else "if that is meant: python -m benchmarks.run --accept")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
