"""Means over frames and lights, and what a pair of pictures is worth."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from incarnate.evaluate.scores import (
    FrameScores,
    Pair,
    RelitScores,
    Report,
    encode,
    score_relit,
)


def frame_scores(index: int, value: float) -> FrameScores:
    return FrameScores(index, psnr=value, psnr_matte=value - 3, ssim=0.9, mae=1.0, sharpness=0.8)


def report_of(*frames: FrameScores) -> Report:
    return Report("ada", "clip", {"width": 40, "height": 48}, frames)


def random_pair(generator: torch.Generator, size: int = 24) -> Pair:
    truth = torch.rand(size, size, 3, generator=generator)
    matte = (torch.rand(size, size, generator=generator) > 0.3).float()
    image = (0.3 * truth + 0.05 * torch.rand(size, size, 3, generator=generator)).clamp(0, 1)
    return Pair(image, truth, matte)


def test_means_are_taken_over_the_frames_that_have_a_figure() -> None:
    first, second = frame_scores(3, 20.0), frame_scores(4, 30.0)
    report = report_of(first, replace(second, normal_degrees=12.0))
    assert report.mean("psnr") == 25
    assert report.mean("normal_degrees") == 12
    assert report.mean("psnr_albedo") is None


def test_each_light_counts_alike_however_many_frames_it_has() -> None:
    lights = {
        "sun": tuple(RelitScores(i, 20.0, 10.0) for i in range(5)),
        "night": (RelitScores(0, 30.0, 12.0),),
    }
    report = replace(report_of(frame_scores(0, 20.0)), relit=lights)
    assert report.mean("psnr_relit") == 25
    assert report.relit_mean("sun", "psnr_relit_raw") == 10
    assert report_of(frame_scores(0, 20.0)).mean("psnr_relit") is None


def test_a_wrong_brightness_a_channel_costs_nothing_after_the_gain(
    generator: torch.Generator,
) -> None:
    pair = random_pair(generator)
    tinted = Pair(pair.truth * torch.tensor([0.5, 1.6, 0.8]), pair.truth, pair.matte)
    scores = score_relit(7, tinted)
    assert scores.index == 7
    # The gain is a quotient of float64 sums, rounded to float32: an error of about 1e-7.
    assert scores.psnr_relit > 95
    assert scores.psnr_relit_raw < 20


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(0.05, 20.0)] * 3), st.integers(0, 1000))
def test_the_gained_score_does_not_depend_on_the_scale_a_channel(
    gains: tuple[float, float, float], seed: int
) -> None:
    pair = random_pair(torch.Generator().manual_seed(seed), size=8)
    scaled = replace(pair, image=pair.image * torch.tensor(gains))
    # Equal up to float32 rounding of the scaled pictures, at a PSNR of some 25 dB.
    assert score_relit(0, scaled).psnr_relit == pytest.approx(
        score_relit(0, pair).psnr_relit, abs=1e-3
    )


def test_the_gain_is_fitted_inside_the_matte(generator: torch.Generator) -> None:
    pair = random_pair(generator)
    outside = (1 - pair.matte)[..., None]
    spoiled = replace(pair, image=pair.image * (1 - outside) + 0.9 * outside)
    torch.testing.assert_close(score_relit(0, spoiled).psnr_relit, score_relit(0, pair).psnr_relit)


def test_encoding_clips_to_what_a_screen_shows() -> None:
    shown = encode(torch.tensor([[-1.0, 0.0, 0.0031308, 0.5, 1.0, 30.0]]))[0]
    # sRGB of 0.5 is 0.7354; of the knee 0.04045.
    expected = torch.tensor([0.0, 0.0, 0.04045, 0.7354, 1.0, 1.0])
    torch.testing.assert_close(shown, expected, atol=1e-4, rtol=0)
