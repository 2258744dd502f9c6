"""The three files of a report: keys, numbers that JSON can hold, nothing half written."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from incarnate.capture.capture import Consent
from incarnate.evaluate import report as reports
from incarnate.evaluate.report import (
    JSON_NAME,
    MARKDOWN_NAME,
    PAGE_NAME,
    figure_rows,
    report_json,
    report_markdown,
    write_report,
)
from incarnate.evaluate.scores import FrameScores, RelitScores, Report

KEYS = {
    "protocol", "num_frames", "psnr", "ssim", "mae", "lpips_alex", "lpips_vgg", "psnr_matte",
    "psnr_relit", "normal_degrees", "psnr_albedo",
}  # fmt: skip


@pytest.fixture
def report() -> Report:
    frames = (
        FrameScores(8, 24.0, 21.0, 0.91, 1.5, 0.7, lpips_alex=0.2),
        FrameScores(9, 26.0, 22.0, 0.93, 1.3, 0.9, lpips_alex=0.1, normal_degrees=14.0),
    )
    return Report(
        "ada", "clip", {"width": 40, "height": 48, "frames": [8, 9]}, frames,
        relit={"dusk": (RelitScores(8, 21.5, 14.25),)},
        reasons={"lpips_vgg": "not asked for"},
    )  # fmt: skip


def every_number(value: Any) -> list[float]:
    match value:
        case dict():
            return [number for item in value.values() for number in every_number(item)]
        case list() | tuple():
            return [number for item in value for number in every_number(item)]
        case bool() | str() | None:
            return []
    return [value]


def test_the_json_has_every_key_also_where_the_figure_is_absent(report: Report) -> None:
    content = report_json(report)
    assert set(content) >= KEYS
    assert content["num_frames"] == 2
    assert content["psnr"] == 25
    assert content["psnr_matte"] == 21.5
    # A frame that lacks a figure takes no part in its mean.
    assert content["normal_degrees"] == 14
    assert content["psnr_relit"] == 21.5
    assert content["lpips_vgg"] is None
    assert content["reasons"] == {"lpips_vgg": "not asked for"}
    assert [frame["index"] for frame in content["frames"]] == [8, 9]


def test_what_is_written_reads_back(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path / "new" / "report")
    assert page == tmp_path / "new" / "report" / PAGE_NAME
    assert {path.name for path in page.parent.iterdir()} == {JSON_NAME, MARKDOWN_NAME, PAGE_NAME}
    content = json.loads((page.parent / JSON_NAME).read_text(encoding="utf-8"))
    assert content == json.loads(json.dumps(report_json(report)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_written_that_json_does_not_know(
    report: Report, tmp_path: Path, value: float
) -> None:
    spoiled = replace(report.frames[0], mae=value, lpips_alex=value)
    page = write_report(replace(report, frames=(spoiled, report.frames[1])), tmp_path)

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    text = (page.parent / JSON_NAME).read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=refuse)
    assert content["mae"] is None
    assert content["frames"][0]["mae"] is None
    assert content["psnr"] == 25
    assert all(math.isfinite(number) for number in every_number(content))


def test_a_failure_leaves_the_old_report(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(report, tmp_path)
    before = (tmp_path / PAGE_NAME).read_bytes()

    def fail(*_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(reports, "report_page", fail)
    with pytest.raises(RuntimeError):
        write_report(report, tmp_path)
    assert (tmp_path / PAGE_NAME).read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_markdown_has_means_lights_and_what_is_absent(report: Report) -> None:
    text = report_markdown(report)
    assert text.startswith("# ada on clip\n")
    assert "| PSNR, whole picture | 25.00 dB | higher |" in text
    assert "| dusk | 21.50 dB | 14.25 dB |" in text
    assert "- `lpips_vgg`: not asked for" in text
    assert "- frames: 8, 9" in text


def test_who_is_seen_is_kept(report: Report) -> None:
    consent = Consent("Ada", "agreed to be shown", "her own camera")
    kept = replace(report, consent=consent)
    assert report_json(kept)["consent"]["statement"] == "agreed to be shown"
    assert "- source: her own camera" in report_markdown(kept)
    assert report_json(report)["consent"] is None


def test_figures_are_listed_only_where_they_were_measured(report: Report) -> None:
    labels = [label for label, _, _ in figure_rows(report)]
    assert "Normals off by" in labels
    assert "LPIPS (VGG16)" not in labels
    assert ("MAE × 100", "1.400", "lower") in figure_rows(report)
