"""Writes a body's report: JSON for programs, Markdown for pages, one HTML page to look at."""

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any, Final

from incarnate.evaluate.body_scores import BodyReport, BodyScores, BodySplit, SplitName
from incarnate.evaluate.curve import curve_svg, legend_html
from incarnate.evaluate.page import absent_html, consent_html, page_html, protocol_html, row_html
from incarnate.evaluate.report import Figure, finite, shortened, write_three

BODY_FIGURES: tuple[Figure, ...] = (
    Figure("psnr_matte", "PSNR inside the matte", " dB", 2, "higher"),
    Figure("psnr_garment", "PSNR on the garment", " dB", 2, "higher"),
    Figure("psnr_skin", "PSNR on skin and hair", " dB", 2, "higher"),
    Figure("psnr_crop", "PSNR of the crop", " dB", 2, "higher"),
    Figure("psnr", "PSNR, whole picture", " dB", 2, "higher"),
    Figure("ssim", "SSIM of the crop", "", 4, "higher"),
    Figure("lpips_alex", "LPIPS of the crop (AlexNet)", "", 4, "lower"),
    Figure("lpips_vgg", "LPIPS of the crop (VGG16)", "", 4, "lower"),
    Figure("fid", "FID of the crop", "", 1, "lower"),
    Figure("sharpness", "Sharpness against the truth", "×", 2, "near 1"),
    Figure("iou", "Silhouette IoU", "", 3, "higher"),
    Figure("psnr_far", "PSNR inside the matte, far poses", " dB", 2, "higher"),
    Figure("offset_p95", "Splats moved by the pose, 95th percentile", " mm", 1, "–"),
    Figure("pose_distance", "Distance to the nearest training pose", " cm", 1, "–"),
    Figure("pose_range", "Distance to the space of training poses", "×", 2, "–"),
)
"""In the order of the tables; pose distances say how hard a split is."""

_ASKS: Final[dict[SplitName, str]] = {
    "held-out camera": "Poses that were trained on, from a camera that never was.",
    "held-out poses": "Moments inside the training clips that were never trained on.",
    "other clip": "Motions that were never trained on.",
}


def write_body_report(report: BodyReport, folder: Path) -> Path:
    """Write the three files of a report; each appears only when it is whole.

    Args:
        report: What was measured.
        folder: Where to; made if it does not exist.

    Returns:
        The page's path.
    """
    page = body_report_page(report)
    return write_three(body_report_json(report), body_report_markdown(report), page, folder)


def body_report_json(report: BodyReport) -> dict[str, Any]:
    """The report as plain values: means by split and name, None where absent or not finite."""
    content = {
        "avatar": report.avatar,
        "capture": report.capture,
        "protocol": report.protocol,
        "splits": {
            split.name: {
                "num_pictures": len(split.pictures),
                "num_far": split.num_far,
                **{figure.key: split.mean(figure.key) for figure in BODY_FIGURES},
                "pictures": [asdict(scores) for scores in split.pictures],
            }
            for split in report.splits
        },
        "flicker_trained": report.flicker_of(trained=True),
        "flicker_other": report.flicker_of(trained=False),
        "clips": [asdict(row) for row in report.flicker],
        "reasons": report.reasons,
        "consent": None if report.consent is None else asdict(report.consent),
    }
    return finite(content)


def body_rows(report: BodyReport) -> list[tuple[str, ...]]:
    """A label, a value a split, and what is better, for each figure that some split has."""
    counts = tuple(str(len(split.pictures)) for split in report.splits)
    rows: list[tuple[str, ...]] = [("Pictures", *counts, "–")]
    for figure in BODY_FIGURES:
        means = [split.mean(figure.key) for split in report.splits]
        if any(mean is not None for mean in means):
            rows.append((figure.label, *map(figure.text, means), figure.better))
    return rows


def flicker_rows(report: BodyReport) -> list[tuple[str, ...]]:
    """Clip, whether it is trained on, pairs, flicker and both motions."""
    return [
        (
            row.clip,
            "yes" if row.is_trained else "no",
            str(row.num_pairs),
            f"{row.flicker:.2f}",
            f"{row.motion:.2f}",
            f"{row.true_motion:.2f}",
        )
        for row in report.flicker
    ]


_FLICKER_HEAD = ("clip", "trained on", "pairs", "flicker", "motion", "true motion")


def body_report_markdown(report: BodyReport) -> str:
    """The means of the splits, the clips and the protocol as Markdown."""
    lines = [f"# {report.avatar} on {report.capture}", ""]
    lines += markdown_table(("figure", *(split.name for split in report.splits), "better"),
                            body_rows(report))  # fmt: skip
    if report.flicker:
        lines += ["", "## Flicker", "", *markdown_table(_FLICKER_HEAD, flicker_rows(report))]
    if report.reasons:
        lines += ["", "## Absent", ""]
        lines += [f"- `{key}`: {reason}" for key, reason in report.reasons.items()]
    lines += ["", "## Protocol", ""]
    lines += [f"- {key}: {shortened(value)}" for key, value in report.protocol.items()]
    if report.consent is not None:
        lines += ["", "## Who is seen", ""]
        lines += [f"- {key}: {text}" for key, text in asdict(report.consent).items() if text]
    return "\n".join(lines) + "\n"


def markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """The lines of a table: the first column to the left, the others to the right."""
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def body_report_page(report: BodyReport) -> str:
    """One HTML page with pictures that needs no other file and no network."""
    count = sum(len(split.pictures) for split in report.splits)
    subtitle = (
        f"measured on {count} pictures of <b>{escape(report.capture)}</b> that training never "
        f"read, {escape(str(report.protocol['size']))} pixels"
    )
    head = ("", *(split.name for split in report.splits), "better")
    parts = [f"<section>{_html_table(head, body_rows(report))}</section>"]
    parts += [_split_section(report, split) for split in report.splits]
    if report.flicker:
        text = "Change from frame to frame, in hundredths of white inside both mattes."
        table = _html_table(_FLICKER_HEAD, flicker_rows(report))
        parts.append(f"<section><h2>Flicker</h2><p>{text}</p>{table}</section>")
    parts += [
        absent_html(report.reasons),
        protocol_html(report.protocol),
        consent_html(report.consent),
    ]
    return page_html(report.avatar, report.capture, subtitle, parts)


def _split_section(report: BodyReport, split: BodySplit) -> str:
    rows = "".join(row_html(row) for row in report.pictures if row.group == split.name)
    heading = f"<h2>{escape(split.name.capitalize())}</h2><p>{escape(_ASKS[split.name])}</p>"
    return f"<section>{heading}{_curve(split.pictures)}{rows}</section>"


def _curve(pictures: tuple[BodyScores, ...]) -> str:
    """PSNR frame by frame, of the frames that have every line."""
    lines = {"inside the matte": [s.psnr_matte for s in pictures]}
    if any(s.psnr_garment is not None for s in pictures):
        lines["on the garment"] = [s.psnr_garment for s in pictures]
    whole = [
        (s.index, values)
        for s, values in zip(pictures, zip(*lines.values(), strict=True), strict=True)
        if None not in values
    ]
    if len(whole) < 2:
        return ""
    columns = zip(*(values for _, values in whole), strict=True)
    drawn = {name: [v or 0.0 for v in column] for name, column in zip(lines, columns, strict=True)}
    svg = curve_svg([index for index, _ in whole], drawn, unit="dB")
    return f"<h3>PSNR in dB, frame by frame</h3>{legend_html(drawn)}{svg}"


def _html_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
