"""``incarnate evaluate``: measure an avatar on the test frames of a capture."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.avatars.body import BodyAvatar
    from incarnate.avatars.head import HeadAvatar
    from incarnate.capture.capture import Capture
    from incarnate.evaluate.body_scores import BodyReport
    from incarnate.evaluate.scores import Options, Report


@dataclass(frozen=True)
class Protocol:
    """Departures from the protocol, to save time; the report names them."""

    size: int | None = None
    """Height in pixels at which pictures are compared; the capture's own if left out."""
    stride: int = 1
    """Use every n-th test frame."""
    max_frames: int | None = None
    """Use at most so many test frames, spread over the split; of a body, of each split."""
    camera: int = 0
    """Which camera of a capture that has several, counted from 0; not for bodies."""
    lpips: Literal["both", "alex", "none"] = "both"
    """Which perceptual distances: with VGG a frame takes seconds, with AlexNet half of one."""
    expressions: Literal["encoder", "tracked"] = "encoder"
    """Whether an avatar that has an encoder reads expressions from the test pictures, or is driven
    by the track as one without is."""
    projection: Literal["off", "on"] = "off"
    """Whether a body's network sees poses projected on the space of its training poses."""
    fid: Path | None = None
    """File of the weights that FID is defined by; if left out, FID is measured where a folder of
    model files has it."""


def evaluate(
    avatar: tyro.conf.Positional[Path],
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    protocol: tyro.conf.OmitArgPrefixes[Protocol] = Protocol(),
    threads: int = 0,
) -> None:
    """Measure an avatar on the test frames of a capture, and write a report with pictures.

    A body is measured on what training never read: its camera, its poses, its clips.

    Args:
        avatar: Folder of the avatar.
        capture: Folder of the capture.
        output: Folder of the report; the folder report inside the avatar if left out.
        protocol: Size, frames and metrics.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.avatars.body import BodyAvatar
    from incarnate.avatars.opening import load_avatar
    from incarnate.capture.files import load_capture
    from incarnate.cli.threads import use_threads
    from incarnate.whole_files import try_folder

    use_threads(threads)
    loaded, truth = load_avatar(avatar), load_capture(capture)
    folder = avatar / "report" if output is None else output
    try_folder(folder)
    name = avatar.resolve().name
    with ConsoleProgress() as progress:
        if isinstance(loaded, BodyAvatar):
            page, text = _measure_body((loaded, name), truth, protocol, folder, progress)
        else:
            page, text = _measure_head((loaded, name), truth, protocol, folder, progress)
    print(text)
    print(f"wrote {page} (open it in a browser), report.md and report.json beside it")
    print(f"next: incarnate render {avatar} --light sky -o {name}-sky.mp4")


def options_of(protocol: Protocol) -> "Options":
    """The options that heads and bodies share."""
    from incarnate.evaluate.scores import Options

    own = ("projection", "fid")
    return Options(**{key: v for key, v in vars(protocol).items() if key not in own})


def _measure_head(
    avatar: "tuple[HeadAvatar, str]",
    capture: "Capture",
    protocol: Protocol,
    folder: Path,
    progress: ConsoleProgress,
) -> tuple[Path, str]:
    from incarnate.evaluate.protocol import evaluate as measure
    from incarnate.evaluate.report import write_report

    loaded, name = avatar
    report = measure(
        loaded,
        capture,
        options=options_of(protocol),
        fid_weights=protocol.fid,
        progress=progress,
    )
    report = replace(report, avatar=name)
    return write_report(report, folder), table(report)


def _measure_body(
    avatar: "tuple[BodyAvatar, str]",
    capture: "Capture",
    protocol: Protocol,
    folder: Path,
    progress: ConsoleProgress,
) -> tuple[Path, str]:
    from incarnate.evaluate.body_protocol import evaluate_body
    from incarnate.evaluate.body_report import write_body_report

    loaded, name = avatar
    report = evaluate_body(
        loaded,
        capture,
        options=options_of(protocol),
        projection=protocol.projection,
        fid_weights=protocol.fid,
        progress=progress,
    )
    report = replace(report, avatar=name)
    return write_body_report(report, folder), body_table(report)


def table(report: "Report") -> str:
    """The means as aligned lines of text, and what is absent with the reason."""
    from incarnate.evaluate.report import figure_rows

    rows = figure_rows(report)
    width = max(len(label) for label, _, _ in rows)
    lines = [f"{report.avatar} on {len(report.frames)} test frames of {report.capture}:"]
    lines += [f"  {label:<{width}}  {value:>9}  ({better})" for label, value, better in rows]
    lines += [f"  no {key}: {reason}" for key, reason in report.reasons.items()]
    return "\n".join(lines)


def body_table(report: "BodyReport") -> str:
    """The means of each split as aligned lines of text, and what is absent with the reason."""
    from incarnate.evaluate.body_report import body_rows

    rows = [("", *(split.name for split in report.splits), ""), *body_rows(report)]
    width = max(len(label) for label, *_ in rows)
    lines = [f"{report.avatar} on {report.capture}:"]
    for label, *values, better in rows:
        note = f"  ({better})" if better not in ("", "–") else ""
        cells = "".join(f"  {value:>15}" for value in values)
        lines.append(f"  {label:<{width}}{cells}{note}".rstrip())
    lines += [
        f"  flicker of {row.clip}: {row.flicker:.2f} % of white a frame; it moves "
        f"{row.motion:.2f}, and should {row.true_motion:.2f}"
        for row in report.flicker
    ]
    lines += [f"  no {key}: {reason}" for key, reason in report.reasons.items()]
    return "\n".join(lines)
