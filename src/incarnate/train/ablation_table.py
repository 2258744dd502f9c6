"""The table of an ablation: arms beside the whole method, grouped by what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from incarnate.evaluate.report import FIGURES, Figure
from incarnate.train.ablation_parts import gain_text


@dataclass(frozen=True)
class ArmResult:
    """What one arm of an ablation is worth."""

    name: str
    claim: str
    """What the comparison is to show; empty for the whole method."""
    difference: str
    """What it does otherwise."""
    figures: Mapping[str, float]
    """Means of the evaluation by name, without those that can't be had; ``drift_mm``, ``splats``
    and ``minutes`` (of the processor, for the training)."""


# Labels short enough for a table with a column a figure.
_LABELS: Final = (
    ("psnr", "PSNR"),
    ("psnr_matte", "in the matte"),
    ("ssim", "SSIM"),
    ("lpips_alex", "LPIPS Alex"),
    ("lpips_vgg", "LPIPS VGG"),
    ("fid", "FID"),
    ("psnr_relit", "relit, after gain"),
    ("normal_degrees", "normals off"),
    ("psnr_albedo", "albedo, after gain"),
)
_OWN_FIGURES: Final = (
    Figure("drift_mm", "median drift", " mm", 2, "lower"),
    Figure("minutes", "CPU minutes", "", 1, "lower"),
)


def ablation_markdown(results: Sequence[ArmResult], setting: str) -> str:
    """The results as Markdown: for every claim the arm, the whole method, and the difference.

    Args:
        results: The whole method first.
        setting: A sentence on what all arms share.
    """
    whole, *arms = results
    figures = _figures_of(results)
    lines = [
        "# Ablation",
        "",
        setting,
        "",
        "The last line of a table is the whole method less the arm.",
    ]
    if not arms:
        lines += ["", *_head(figures), _row(whole.difference, whole, figures)]
    for arm in arms:
        lines += ["", f"## {arm.claim}", "", *_head(figures)]
        lines.append(_row(f"`{arm.name}`: {arm.difference}", arm, figures))
        lines.append(_row(whole.difference, whole, figures))
        ours, theirs = whole.figures, arm.figures
        gains = " | ".join(gain_text(f, ours.get(f.key), theirs.get(f.key)) for f in figures)
        lines.append(f"| **difference** | {gains} |")
    lines += [
        "",
        "A figure that can't be had here has no column, or a dash. Relit pictures are judged under "
        "lights that training never saw, after one gain a colour channel; drift is that of splats "
        "from where they started.",
    ]
    return "\n".join(lines) + "\n"


def _figures_of(results: Sequence[ArmResult]) -> tuple[Figure, ...]:
    """The figures that at least one arm has, by their short labels."""
    known = {figure.key: figure for figure in FIGURES}
    shown = [
        Figure(key, label, known[key].unit, known[key].digits, known[key].better)
        for key, label in _LABELS
    ]
    return tuple(
        figure
        for figure in (*shown, *_OWN_FIGURES)
        if any(figure.key in result.figures for result in results)
    )


def _head(figures: Sequence[Figure]) -> list[str]:
    labels = " | ".join(figure.label for figure in figures)
    return [f"| arm | {labels} |", "| --- |" + " ---: |" * len(figures)]


def _row(label: str, result: ArmResult, figures: Sequence[Figure]) -> str:
    cells = " | ".join(figure.text(result.figures.get(figure.key)) for figure in figures)
    return f"| {label} | {cells} |"
