"""The tables of a body's ablation: all arms at a glance, then each beside what it is held to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from incarnate.evaluate.body_report import BODY_FIGURES, markdown_table
from incarnate.evaluate.body_scores import SPLITS
from incarnate.evaluate.report import Figure
from incarnate.train.ablation_parts import gain_text


@dataclass(frozen=True)
class BodyArmResult:
    """What one arm is worth."""

    name: str
    claim: str
    """What the comparison is to show; empty where the arm is only compared with."""
    difference: str
    """What it does otherwise."""
    against: str
    """Name of the arm that it is compared with."""
    splits: Mapping[str, Mapping[str, float]]
    """Means by split and figure (`BODY_FIGURES`), without those that can't be had."""
    own: Mapping[str, float]
    """``splats``, ``minutes`` (of the processor, for the training), ``flicker_trained``,
    ``flicker_other``."""
    skipped: str = ""
    """Why it was not run; empty where it was."""


# Labels short enough for a table with a column a figure.
_LABELS: Final = (
    ("psnr_matte", "in the matte"),
    ("psnr_garment", "garment"),
    ("psnr_skin", "skin"),
    ("psnr_crop", "crop"),
    ("ssim", "SSIM"),
    ("lpips_alex", "LPIPS Alex"),
    ("lpips_vgg", "LPIPS VGG"),
    ("fid", "FID"),
    ("sharpness", "sharpness"),
    ("iou", "IoU"),
    ("psnr_far", "far poses"),
    ("offset_p95", "offsets p95"),
)
_OWN_FIGURES: Final = (
    Figure("flicker_trained", "flicker, trained clips", "", 2, "lower"),
    Figure("flicker_other", "flicker, others", "", 2, "lower"),
    Figure("splats", "splats", "", 0, "–"),
    Figure("minutes", "CPU minutes", "", 1, "lower"),
)


def body_ablation_markdown(results: Sequence[BodyArmResult], setting: str) -> str:
    """The results as Markdown.

    Args:
        results: Arms in the order of the table, the whole method first.
        setting: A sentence on what all arms share.
    """
    done = [result for result in results if not result.skipped]
    lines = ["# Ablation", "", setting, "", *_overview(done)]
    by_name = {result.name: result for result in done}
    claims = dict.fromkeys(result.claim for result in results if result.claim)
    for claim in claims:
        lines += ["", f"## {claim}"]
        for arm in (result for result in results if result.claim == claim):
            if arm.skipped:
                lines += ["", f"`{arm.name}` was skipped: {arm.skipped}."]
            elif arm.against in by_name:
                lines += ["", *_comparison(arm, by_name[arm.against])]
    lines += [
        "",
        "A difference is the second line less the first. PSNR in dB: inside the matte, where the "
        "true label is garment or skin, of the crop, and inside the matte over poses outside the "
        "space of training poses. A figure that can't be had has no column, or a dash. Minutes are "
        "those of the processor in training, without fitting the template.",
    ]
    return "\n".join(lines) + "\n"


def _overview(results: Sequence[BodyArmResult]) -> list[str]:
    """One line an arm: matte and garment in each split, and what it costs."""
    splits = [name for name in SPLITS if any(name in result.splits for result in results)]
    shown = [
        (split, figure)
        for key in ("psnr_matte", "psnr_garment")
        for split in splits
        for figure in _figures_of(results)
        if figure.key == key
    ]
    own = [figure for figure in _OWN_FIGURES if any(figure.key in r.own for r in results)]
    head = ("arm", *(f"{split}, {figure.label}" for split, figure in shown))
    rows = [
        (
            f"`{result.name}`: {result.difference}",
            *(_text(figure, result, split) for split, figure in shown),
            *(figure.text(result.own.get(figure.key)) for figure in own),
        )
        for result in results
    ]
    return markdown_table((*head, *(figure.label for figure in own)), rows)


def _comparison(arm: BodyArmResult, other: BodyArmResult) -> list[str]:
    """An arm and what it is compared with, split by split, with the differences."""
    figures = _figures_of([arm, other])
    rows: list[tuple[str, ...]] = []
    for split in (name for name in SPLITS if name in arm.splits and name in other.splits):
        for result in (arm, other):
            cells = (_text(figure, result, split) for figure in figures)
            rows.append((f"{split}, `{result.name}`", *cells))
        ours, theirs = other.splits[split], arm.splits[split]
        gains = (gain_text(f, ours.get(f.key), theirs.get(f.key)) for f in figures)
        rows.append(("**difference**", *gains))
    text = f"`{arm.name}`: {arm.difference}. Held to `{other.name}`: {other.difference}."
    return [text, "", *markdown_table(("", *(figure.label for figure in figures)), rows)]


def _figures_of(results: Sequence[BodyArmResult]) -> list[Figure]:
    """The figures that at least one of the arms has, by their short labels."""
    known = {figure.key: figure for figure in BODY_FIGURES}
    return [
        Figure(key, label, "", known[key].digits, known[key].better)
        for key, label in _LABELS
        if any(key in figures for result in results for figures in result.splits.values())
    ]


def _text(figure: Figure, result: BodyArmResult, split: str) -> str:
    return figure.text(result.splits.get(split, {}).get(figure.key))
