"""The protocol of bodies: splits side by side, absent figures with their reasons."""

from dataclasses import replace
from pathlib import Path

import pytest

from incarnate.avatars.body import BodyAvatar
from incarnate.capture.capture import Capture
from incarnate.errors import CaptureError
from incarnate.evaluate import fid
from incarnate.evaluate.body_protocol import evaluate_body
from incarnate.evaluate.body_report import body_report_json, body_rows
from incarnate.evaluate.scores import Options

FAST = Options(lpips="none", max_frames=2)


def test_all_splits_are_measured_and_named(body: BodyAvatar, body_capture: Capture) -> None:
    told: list[tuple[int, int, str]] = []
    report = evaluate_body(
        body, body_capture, options=FAST, progress=lambda *step: told.append(step)
    )
    assert [split.name for split in report.splits] == [
        "held-out camera",
        "held-out poses",
        "other clip",
    ]
    assert [len(split.pictures) for split in report.splits] == [2, 1, 2]
    assert [(row.clip, row.is_trained) for row in report.flicker] == [
        ("wave", True),
        ("bow", False),
    ]
    assert {row.group for row in report.pictures} == {split.name for split in report.splits}
    assert report.protocol["other clip: frames"] == [6, 7]
    assert report.protocol["held-out camera: cameras"] == "cam02, taken in turn from frame to frame"
    total = 5 + 2 + 1
    assert all(done < total == steps for done, steps, _ in told)
    assert told[0] == (0, total, "measuring · held-out camera")


@pytest.mark.usefixtures("no_model_files")
def test_no_figure_stands_under_the_name_of_another(
    static_body: BodyAvatar, body_capture: Capture
) -> None:
    bare = replace(body_capture, layout=replace(body_capture.layout, truth={}))
    reasons = evaluate_body(static_body, bare, options=FAST).reasons
    assert reasons["fid"].startswith("unavailable: supply weights")
    assert reasons["lpips_vgg"] == "not asked for"
    assert "static" in reasons["offset_p95"]
    assert "no true labels" in reasons["psnr_garment"]


def test_fid_is_of_each_split_that_has_pictures_enough(
    body: BodyAvatar, body_capture: Capture, fid_weights: Path
) -> None:
    report = evaluate_body(body, body_capture, options=FAST, fid_weights=fid_weights)
    assert [split.fid is not None for split in report.splits] == [True, False, True]
    assert "fid" not in report.reasons
    rows = {label: values for label, *values, _ in body_rows(report)}
    camera, poses, clip = rows["FID of the crop"]
    assert float(camera) > 0 < float(clip)
    assert poses == "–"
    content = body_report_json(report)["splits"]["other clip"]
    assert f"{content['fid']:.1f}" == clip
    assert "of the crop" in str(report.protocol["fid"])


def test_fid_of_too_few_pictures_says_so(
    body: BodyAvatar, body_capture: Capture, fid_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fid, "MIN_PICTURES", 3)
    report = evaluate_body(body, body_capture, options=FAST, fid_weights=fid_weights)
    assert report.reasons["fid"] == "FID needs at least 3 pictures; fewer were measured"


def test_a_split_that_the_capture_lacks_says_why(body: BodyAvatar, body_capture: Capture) -> None:
    report = evaluate_body(body, replace(body_capture, test_cameras=()), options=FAST)
    assert [split.name for split in report.splits] == ["held-out poses", "other clip"]
    assert "training reads all cameras" in report.reasons["held-out camera"]


def test_the_same_body_scores_the_same_twice(body: BodyAvatar, body_capture: Capture) -> None:
    first, second = (
        body_report_json(evaluate_body(body, body_capture, options=FAST)) for _ in range(2)
    )
    assert first == second


def test_projection_is_told(body: BodyAvatar, body_capture: Capture) -> None:
    report = evaluate_body(body, body_capture, options=FAST, projection="on")
    assert str(report.protocol["projection"]).startswith("on: what the network sees is projected")


def test_a_capture_that_training_reads_whole_is_refused(
    body: BodyAvatar, body_capture: Capture
) -> None:
    whole = replace(body_capture, splits=("train",) * 8, test_cameras=())
    with pytest.raises(CaptureError, match="leaves no picture to evaluate"):
        evaluate_body(body, whole, options=FAST)
