"""The report as one HTML page that needs no other file and no network."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from incarnate.capture.capture import Consent
from incarnate.evaluate.curve import curve_svg, legend_html
from incarnate.evaluate.scores import PictureRow, Report

# Wide enough for a phone's full width at twice its pixels; larger pictures only make files large.
_MAX_SIZE = 640
_HEADINGS: Final = {
    "frames": ("Likeness", "Test frames, which training never saw."),
    "relit": ("Relighting", "The same frames under light that training never saw."),
    "maps": ("Surface", "What the avatar believes about the surface, beside the truth."),
}


def report_page(report: Report, figures: list[tuple[str, str, str]]) -> str:
    """The whole page.

    Args:
        report: What was measured.
        figures: Label, value and what is better, of each mean.
    """
    subtitle = (
        f"measured on {len(report.frames)} test frames of <b>{escape(report.capture)}</b>, "
        f"{report.protocol['width']} × {report.protocol['height']} pixels"
    )
    parts = [
        _cards(figures),
        _curve(report),
        *(_section(report, group) for group in _HEADINGS),
        absent_html(report.reasons),
        protocol_html(report.protocol),
        consent_html(report.consent),
    ]
    return page_html(report.avatar, report.capture, subtitle, parts)


def page_html(avatar: str, capture: str, subtitle: str, parts: Sequence[str]) -> str:
    """A page around its parts.

    Args:
        avatar: What the avatar is called.
        capture: What the capture is called.
        subtitle: HTML beneath the avatar's name.
        parts: HTML; empty ones are left out.
    """
    style = files("incarnate.evaluate").joinpath("page.css").read_text(encoding="utf-8")
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(f'{avatar} on {capture}')}</title><style>{style}</style></head>"
        "<body><main>",
        f"<header><h1>{escape(avatar)}</h1><p>{subtitle}</p></header>",
        *parts,
        "</main></body></html>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _cards(figures: list[tuple[str, str, str]]) -> str:
    cards = (
        f'<div class="card"><span class="value">{escape(value)}</span>'
        f'<span class="label">{escape(label)}</span>'
        f'<span class="better">{escape(better)} is better</span></div>'
        for label, value, better in figures
    )
    return f'<section class="cards">{"".join(cards)}</section>'


def _curve(report: Report) -> str:
    if len(report.frames) < 2:
        return ""
    lines = {
        "inside the matte": [frame.psnr_matte for frame in report.frames],
        "whole picture": [frame.psnr for frame in report.frames],
    }
    svg = curve_svg([frame.index for frame in report.frames], lines, unit="dB")
    return f"<section><h2>PSNR in dB, frame by frame</h2>{legend_html(lines)}{svg}</section>"


def _section(report: Report, group: str) -> str:
    rows = [row for row in report.pictures if row.group == group]
    if not rows:
        return ""
    heading, text = _HEADINGS[group]
    body = "".join(row_html(row) for row in rows)
    table = _lights(report) if group == "relit" else ""
    return f"<section><h2>{heading}</h2><p>{text}</p>{table}{body}</section>"


def row_html(row: PictureRow) -> str:
    """Pictures side by side, with their title and caption."""
    panels = "".join(
        f'<figure><img src="{_data_uri(picture)}" alt="{escape(row.title)}, {escape(label)}" '
        f'width="{picture.shape[1]}" height="{picture.shape[0]}">'
        f"<figcaption>{escape(label)}</figcaption></figure>"
        for label, picture in row.panels
    )
    return (
        f"<article><h3>{escape(row.title)}</h3><p>{escape(row.caption)}</p>"
        f'<div class="panels">{panels}</div></article>'
    )


def _lights(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(light)}</td>"
        f"<td>{report.relit_mean(light, 'psnr_relit'):.2f} dB</td>"
        f"<td>{report.relit_mean(light, 'psnr_relit_raw'):.2f} dB</td></tr>"
        for light in report.relit
    )
    return (
        "<table><thead><tr><th>light</th><th>PSNR after gain</th><th>raw</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def absent_html(reasons: Mapping[str, str]) -> str:
    """What could not be measured, and why."""
    if not reasons:
        return ""
    items = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(reason)}</dd>" for key, reason in reasons.items()
    )
    return f"<section><h2>Not measured</h2><dl>{items}</dl></section>"


def protocol_html(protocol: Mapping[str, str | int | list[int]]) -> str:
    """How the numbers were made, folded away."""
    items = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(_text(value))}</dd>" for key, value in protocol.items()
    )
    return f"<details><summary>How these numbers were made</summary><dl>{items}</dl></details>"


def consent_html(consent: Consent | None) -> str:
    """Who is seen, by what right, and whose work the pictures are."""
    if consent is None:
        return ""
    words = (consent.subject, consent.statement, consent.source)
    lines = "".join(f"<p>{escape(line)}</p>" for line in words if line)
    return f"<footer><h2>Who is seen</h2>{lines}</footer>"


def _text(value: str | int | list[int]) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _data_uri(picture: UInt8[np.ndarray, "height width 3"]) -> str:
    image = Image.fromarray(picture)
    image.thumbnail((_MAX_SIZE, _MAX_SIZE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
