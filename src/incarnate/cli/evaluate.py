"""``incarnate evaluate``: measure an avatar on the test frames of a capture."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.evaluate.scores import Report


@dataclass(frozen=True)
class Protocol:
    """Departures from the protocol, to save time; the report names them."""

    size: int | None = None
    """Height in pixels at which pictures are compared; the capture's own if left out."""
    stride: int = 1
    """Use every n-th test frame."""
    max_frames: int | None = None
    """Use at most so many test frames, spread over the split."""
    camera: int = 0
    """Which camera of a capture that has several, counted from 0."""
    lpips: Literal["both", "alex", "none"] = "both"
    """Which perceptual distances: with VGG a frame takes seconds, with AlexNet half of one."""
    expressions: Literal["encoder", "tracked"] = "encoder"
    """Whether an avatar that has an encoder reads expressions from the test pictures, or is driven
    by the track as one without is."""


def evaluate(
    avatar: tyro.conf.Positional[Path],
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    protocol: tyro.conf.OmitArgPrefixes[Protocol] = Protocol(),
    threads: int = 0,
) -> None:
    """Measure an avatar on the test frames of a capture, and write a report with pictures.

    Args:
        avatar: Folder of the avatar.
        capture: Folder of the capture.
        output: Folder of the report; the folder report inside the avatar if left out.
        protocol: Size, frames and metrics.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.avatars.opening import open_avatar
    from incarnate.capture.files import load_capture
    from incarnate.cli.threads import use_threads
    from incarnate.evaluate.protocol import evaluate as measure
    from incarnate.evaluate.report import write_report
    from incarnate.evaluate.scores import Options

    use_threads(threads)
    loaded, truth = open_avatar(avatar), load_capture(capture)
    with ConsoleProgress() as progress:
        report = measure(loaded, truth, options=Options(**vars(protocol)), progress=progress)
    report = replace(report, avatar=avatar.resolve().name)
    page = write_report(report, avatar / "report" if output is None else output)
    print(table(report))
    print(f"wrote {page} (open it in a browser), report.md and report.json beside it")
    print(f"next: incarnate render {avatar} --light sky -o {avatar.resolve().name}-sky.mp4")


def table(report: "Report") -> str:
    """The means as aligned lines of text, and what is absent with the reason."""
    from incarnate.evaluate.report import figure_rows

    rows = figure_rows(report)
    width = max(len(label) for label, _, _ in rows)
    lines = [f"{report.avatar} on {len(report.frames)} test frames of {report.capture}:"]
    lines += [f"  {label:<{width}}  {value:>9}  ({better})" for label, value, better in rows]
    lines += [f"  no {key}: {reason}" for key, reason in report.reasons.items()]
    return "\n".join(lines)
