"""The protocol on a ball whose truth is known: each fault costs the score that is meant for it."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evaluate.ball import Ball

from incarnate.capture.capture import Capture
from incarnate.capture.tracks import load_track
from incarnate.errors import CaptureError
from incarnate.evaluate import fid
from incarnate.evaluate.lpips_weights import PACKAGE
from incarnate.evaluate.protocol import evaluate, mean_psnr
from incarnate.evaluate.report import figure_rows, report_json
from incarnate.evaluate.scores import Options, Report

FAST = Options(lpips="none")


def measured(ball: Ball, capture: Capture, options: Options = FAST) -> Report:
    return evaluate(ball, capture, options=options)


def test_a_true_avatar_scores_what_eight_bits_allow(ball: Ball, ball_capture: Capture) -> None:
    report = measured(ball, ball_capture)
    assert [frame.index for frame in report.frames] == [2, 3, 4, 5]
    content = report_json(report)
    # Straight colour and alpha are rounded to 8 bits each: no lower than 20 log10(255 / 2).
    assert content["psnr"] > 42
    assert content["psnr_matte"] > 42
    assert content["ssim"] > 0.99
    assert content["mae"] < 0.4
    assert content["sharpness"] == pytest.approx(1, abs=0.05)
    assert content["psnr_relit"] > 40
    assert content["normal_degrees"] < 0.5
    assert content["psnr_albedo"] > 50
    assert set(content["lights"]) == {"sunset"}


def test_fid_compares_all_pictures_together(
    ball: Ball, ball_capture: Capture, fid_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = evaluate(ball, ball_capture, options=FAST, fid_weights=fid_weights)
    content = report_json(report)
    assert report.fid is not None
    assert content["fid"] == report.fid >= 0
    assert "fid" not in content["reasons"]
    assert ("FID", f"{report.fid:.1f}", "lower") in figure_rows(report)
    monkeypatch.setattr(fid, "MIN_PICTURES", 5)
    report = evaluate(ball, ball_capture, options=FAST, fid_weights=fid_weights)
    assert report.fid is None
    assert report.reasons["fid"] == "FID needs at least 5 pictures; fewer were measured"


def test_the_psnr_alone_is_that_of_the_report(ball: Ball, ball_capture: Capture) -> None:
    dark = replace(ball, gain=0.5)
    # The same numbers in the same order.
    assert mean_psnr(dark, ball_capture) == measured(dark, ball_capture).mean("psnr")


def test_wrong_brightness_costs_the_raw_scores_only(ball: Ball, ball_capture: Capture) -> None:
    dark = measured(replace(ball, gain=0.5), ball_capture)
    true = measured(ball, ball_capture)
    for name in ("psnr", "psnr_matte", "psnr_relit_raw"):
        assert (dark.mean(name) or 0) < (true.mean(name) or 0) - 10
    # After the gain half the brightness is no fault; the ball never clips.
    assert dark.mean("psnr_relit") == pytest.approx(true.mean("psnr_relit") or 0, abs=0.5)
    assert dark.mean("psnr_albedo") == true.mean("psnr_albedo")


def test_turned_normals_cost_degrees_only(ball: Ball, ball_capture: Capture) -> None:
    turned = measured(replace(ball, normal_turn=0.3), ball_capture)
    true = measured(ball, ball_capture)
    assert (turned.mean("normal_degrees") or 0) > (true.mean("normal_degrees") or 0) + 5
    assert turned.mean("psnr") == true.mean("psnr")


def test_a_shifted_avatar_is_worse_everywhere(ball: Ball, ball_capture: Capture) -> None:
    poses = load_track(ball_capture).poses
    shifted = replace(poses, root_translation=poses.root_translation + 0.01)
    report = evaluate(ball, ball_capture, options=FAST, poses=shifted)
    true = measured(ball, ball_capture)
    for name in ("psnr", "psnr_matte", "ssim", "psnr_relit", "psnr_albedo"):
        assert (report.mean(name) or 0) < (true.mean(name) or 0)
    assert (report.mean("mae") or 0) > (true.mean("mae") or 0)


def test_what_is_absent_is_named_with_the_reason(ball: Ball, ball_capture: Capture) -> None:
    layout = replace(ball_capture.layout, truth={}, relit_images={}, relit_lights={})
    bare = replace(ball_capture, layout=layout, relights={})
    content = report_json(measured(ball, bare))
    for key in ("psnr_relit", "normal_degrees", "psnr_albedo", "lpips_alex", "lpips_vgg"):
        assert content[key] is None
        assert content["reasons"][key]
    assert content["reasons"]["normal_degrees"] == (
        "the capture has no true normal map of these frames"
    )
    assert content["psnr"] is not None


def test_pictures_too_small_for_lpips_say_so(ball: Ball, ball_capture: Capture) -> None:
    report = measured(ball, ball_capture, Options(size=24, max_frames=1))
    assert report.reasons["lpips_alex"] == "needs pictures of 32 pixels; these have 20"


@pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason="needs the LPIPS weights")
def test_lpips_is_near_zero_for_the_truth(ball: Ball, ball_capture: Capture) -> None:
    options = Options(lpips="alex", max_frames=1)
    true = measured(ball, ball_capture, options).mean("lpips_alex")
    wrong = measured(replace(ball, gain=0.4), ball_capture, options).mean("lpips_alex")
    assert true is not None
    assert wrong is not None
    # Rounding to 8 bits is all that differs.
    assert true < 0.02
    assert wrong > 2 * true


def test_the_protocol_tells_how_to_make_the_numbers_again(
    ball: Ball, ball_capture: Capture
) -> None:
    protocol = measured(ball, ball_capture, Options(stride=2, lpips="none")).protocol
    assert protocol["frames"] == [2, 4]
    assert (protocol["width"], protocol["height"]) == (40, 48)
    assert protocol["camera"] == "front"
    assert protocol["poses"] == "from the track"
    assert "torch" in str(protocol["software"])


def test_progress_counts_frames_and_lights(ball: Ball, ball_capture: Capture) -> None:
    told: list[tuple[int, int, str]] = []
    evaluate(ball, ball_capture, options=FAST, progress=lambda *step: told.append(step))
    assert told[0] == (0, 4, "measuring frames")
    assert (4, 4, "measured frames") in told
    assert told[-1] == (4, 4, "relit by sunset")
    assert all(0 <= done <= total for done, total, _ in told)


def test_the_same_avatar_scores_the_same_twice(ball: Ball, ball_capture: Capture) -> None:
    first, second = (report_json(measured(ball, ball_capture)) for _ in range(2))
    assert first == second


def test_a_capture_without_test_frames_is_refused(ball: Ball, ball_capture: Capture) -> None:
    with pytest.raises(CaptureError, match="leaves no frame to evaluate"):
        measured(ball, replace(ball_capture, splits=("train",) * 6))
