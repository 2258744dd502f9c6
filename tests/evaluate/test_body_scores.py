"""Means over splits and clips."""

import pytest

from incarnate.evaluate.body_scores import BodyReport, BodyScores, BodySplit, ClipFlicker


def scores(psnr_matte: float | None, pose_range: float, garment: float | None = None) -> BodyScores:
    return BodyScores(
        index=0, camera=0, pose_distance=1.0, pose_range=pose_range, psnr_matte=psnr_matte,
        psnr_crop=20.0, psnr=25.0, ssim=0.8, sharpness=0.5, iou=0.9, psnr_garment=garment,
    )  # fmt: skip


def test_means_count_the_pictures_that_have_the_figure() -> None:
    split = BodySplit("other clip", (scores(16.0, 0.5, 12.0), scores(18.0, 2.0), scores(None, 3.0)))
    assert split.mean("psnr_matte") == 17.0
    assert split.mean("psnr_garment") == 12.0
    assert split.mean("lpips_vgg") is None
    assert split.mean("fid") is None
    assert BodySplit("other clip", split.pictures, fid=40.5).mean("fid") == 40.5


def test_far_poses_are_those_outside_the_space_of_training_poses() -> None:
    split = BodySplit("other clip", (scores(16.0, 0.5), scores(18.0, 2.0), scores(None, 3.0)))
    assert split.num_far == 2
    assert split.mean("psnr_far") == 18.0
    assert BodySplit("held-out camera", (scores(16.0, 1.0),)).mean("psnr_far") is None


def test_flicker_weighs_clips_by_their_pairs() -> None:
    rows = (
        ClipFlicker("a", True, 0, 1, 4.0, 5.0, 6.0),
        ClipFlicker("b", True, 0, 3, 8.0, 5.0, 6.0),
    )
    report = BodyReport("ada", "clip", {}, (), flicker=rows)
    assert report.flicker_of(trained=True) == pytest.approx(7.0)
    assert report.flicker_of(trained=False) is None
    assert report.split("other clip") is None
