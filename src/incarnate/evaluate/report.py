"""Writes a report: JSON for programs, Markdown for pages, one HTML page to look at."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from incarnate.evaluate.page import report_page
from incarnate.evaluate.scores import Report
from incarnate.whole_files import write_whole

JSON_NAME = "report.json"
MARKDOWN_NAME = "report.md"
PAGE_NAME = "report.html"


@dataclass(frozen=True)
class Figure:
    """How a mean is shown."""

    key: str
    """Its name in report.json and in the records."""
    label: str
    unit: str
    digits: int
    better: str
    """``higher`` or ``lower``, or what value is good."""

    def text(self, value: float | None) -> str:
        """The value as it is printed; a dash where there is none."""
        return "–" if value is None else f"{value:.{self.digits}f}{self.unit}"


FIGURES: tuple[Figure, ...] = (
    Figure("psnr", "PSNR, whole picture", " dB", 2, "higher"),
    Figure("psnr_matte", "PSNR inside the matte", " dB", 2, "higher"),
    Figure("ssim", "SSIM", "", 4, "higher"),
    Figure("mae", "MAE × 100", "", 3, "lower"),
    Figure("lpips_alex", "LPIPS (AlexNet)", "", 4, "lower"),
    Figure("lpips_vgg", "LPIPS (VGG16)", "", 4, "lower"),
    Figure("fid", "FID", "", 1, "lower"),
    Figure("sharpness", "Sharpness against the truth", "×", 2, "near 1"),
    Figure("psnr_relit", "PSNR relit, after gain", " dB", 2, "higher"),
    Figure("psnr_relit_raw", "PSNR relit, raw", " dB", 2, "higher"),
    Figure("normal_degrees", "Normals off by", "°", 1, "lower"),
    Figure("psnr_albedo", "PSNR of albedo, after gain", " dB", 2, "higher"),
)


def write_report(report: Report, folder: Path) -> Path:
    """Write the three files of a report; each appears only when it is whole.

    Args:
        report: What was measured.
        folder: Where to; made if it does not exist.

    Returns:
        The page's path.
    """
    page = report_page(report, figure_rows(report))
    return write_three(report_json(report), report_markdown(report), page, folder)


def write_three(content: dict[str, Any], markdown: str, page: str, folder: Path) -> Path:
    """Write a report as JSON, Markdown and a page, whose path is returned."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(text + "\n", folder / JSON_NAME)
    write_whole(markdown, folder / MARKDOWN_NAME)
    write_whole(page, folder / PAGE_NAME)
    return folder / PAGE_NAME


def report_json(report: Report) -> dict[str, Any]:
    """The report as plain values: means by name, None where absent or not finite."""
    content = {
        "avatar": report.avatar,
        "capture": report.capture,
        "protocol": report.protocol,
        "num_frames": len(report.frames),
        **{figure.key: report.mean(figure.key) for figure in FIGURES},
        "reasons": report.reasons,
        "consent": None if report.consent is None else asdict(report.consent),
        "lights": {
            light: {
                "num_frames": len(scores),
                "psnr_relit": report.relit_mean(light, "psnr_relit"),
                "psnr_relit_raw": report.relit_mean(light, "psnr_relit_raw"),
                "frames": [asdict(row) for row in scores],
            }
            for light, scores in report.relit.items()
        },
        "frames": [asdict(row) for row in report.frames],
    }
    return {key: finite(value) for key, value in content.items()}


def figure_rows(report: Report) -> list[tuple[str, str, str]]:
    """Label, mean and what is better, for each figure that the report has."""
    return [
        (figure.label, figure.text(report.mean(figure.key)), figure.better)
        for figure in FIGURES
        if report.mean(figure.key) is not None
    ]


def report_markdown(report: Report) -> str:
    """The means, the lights and the protocol as Markdown."""
    lines = [f"# {report.avatar} on {report.capture}", ""]
    lines += [
        f"{len(report.frames)} test frames.",
        "",
        "| figure | mean | better |",
        "| --- | ---: | --- |",
    ]
    lines += [f"| {label} | {value} | {better} |" for label, value, better in figure_rows(report)]
    if report.relit:
        lines += ["", "| light | PSNR relit, after gain | raw |", "| --- | ---: | ---: |"]
    for light in report.relit:
        gained, raw = (report.relit_mean(light, f"psnr_relit{end}") for end in ("", "_raw"))
        lines.append(f"| {light} | {gained:.2f} dB | {raw:.2f} dB |")
    if report.reasons:
        lines += ["", "## Absent", ""]
        lines += [f"- `{key}`: {reason}" for key, reason in report.reasons.items()]
    lines += ["", "## Protocol", ""]
    lines += [f"- {key}: {shortened(value)}" for key, value in report.protocol.items()]
    if report.consent is not None:
        lines += ["", "## Who is seen", ""]
        lines += [f"- {key}: {text}" for key, text in asdict(report.consent).items() if text]
    return "\n".join(lines) + "\n"


def finite(value: Any) -> Any:
    """The value with None for every number that JSON has no name for."""
    match value:
        case dict():
            return {key: finite(item) for key, item in value.items()}
        case list():
            return [finite(item) for item in value]
        case float() if not math.isfinite(value):
            return None
    return value


def shortened(value: str | int | list[int]) -> str:
    """A value of a protocol as one line of text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
