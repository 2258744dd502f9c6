"""A body's report on disk: three files that say the same."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.test_page import Balance

from incarnate.capture.capture import Consent
from incarnate.evaluate.body_report import body_report_json, body_report_page, write_body_report
from incarnate.evaluate.body_scores import BodyReport, BodyScores, BodySplit, ClipFlicker
from incarnate.evaluate.scores import PictureRow


@pytest.fixture
def report() -> BodyReport:
    scores = BodyScores(
        index=4, camera=7, pose_distance=0.0, pose_range=0.5, psnr_matte=18.25, psnr_crop=22.0,
        psnr=28.0, ssim=0.8125, sharpness=0.5, iou=0.9375, psnr_garment=17.0,
    )  # fmt: skip
    later = replace(scores, index=5, psnr_matte=16.25)
    grey = np.full((20, 12, 3), 128, np.uint8)
    row = PictureRow("other clip", "Worst: frame 5", "16.2 dB", (("truth", grey),))
    return BodyReport(
        "ada <b>", "clip", {"size": "64 × 64", "other clip: frames": [5]},
        (BodySplit("held-out camera", (scores, later)), BodySplit("other clip", (later,))),
        flicker=(ClipFlicker("walk", True, 7, 3, 7.5, 10.25, 12.5),),
        reasons={"fid": "unavailable"}, pictures=(row,), consent=Consent("nobody", "made", ""),
    )  # fmt: skip


def test_the_three_files_say_the_same(report: BodyReport, tmp_path: Path) -> None:
    page = write_body_report(report, tmp_path / "report")
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    content = json.loads((page.parent / "report.json").read_text())
    assert content["splits"]["held-out camera"]["psnr_matte"] == 17.25
    assert content["splits"]["other clip"]["pictures"][0]["index"] == 5
    assert content["splits"]["other clip"]["lpips_vgg"] is None
    assert (content["flicker_trained"], content["flicker_other"]) == (7.5, None)
    text = (page.parent / "report.md").read_text()
    assert "| figure | held-out camera | other clip | better |" in text
    assert "| PSNR inside the matte | 17.25 dB | 16.25 dB | higher |" in text
    assert "| walk | yes | 3 | 7.50 | 10.25 | 12.50 |" in text
    assert "- `fid`: unavailable" in text
    assert "17.25 dB" in page.read_text()


def test_the_page_is_whole_by_itself(report: BodyReport) -> None:
    page = body_report_page(report)
    parser = Balance()
    parser.feed(page)
    assert not parser.wrong
    assert not parser.open
    assert not re.search(r"https?://|//[a-z]|@import|url\(|<script|<link", page)
    assert "ada &lt;b&gt;" in page
    # Each split has its heading; the curve needs two frames, the pictures their split.
    assert "<h2>Held-out camera</h2>" in page
    assert page.count("<svg") == 1
    assert page.index("<h2>Other clip</h2>") < page.index("Worst: frame 5")


def test_what_is_not_finite_is_null(report: BodyReport) -> None:
    broken = replace(report.splits[1].pictures[0], psnr=math.nan)
    content = body_report_json(replace(report, splits=(BodySplit("other clip", (broken,)),)))
    assert content["splits"]["other clip"]["psnr"] is None
