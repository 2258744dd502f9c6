"""Figures of one picture and of a clip, on pictures whose answers are known."""

import pytest
import torch

from incarnate.avatars.body import BodyAvatar
from incarnate.capture.capture import Capture
from incarnate.evaluate.body_measures import (
    CROP_MARGIN,
    frame_changes,
    person_box,
    score_clip,
    score_view,
    silhouette_iou,
    weighted_psnr,
)
from incarnate.evaluate.body_splits import View
from incarnate.evaluate.body_trial import Drawn, open_body_trial
from incarnate.evaluate.scores import Options, Pair
from incarnate.geometry.colors import linear_from_srgb


def matte_of(rows: slice, columns: slice, size: int = 100) -> torch.Tensor:
    matte = torch.zeros(size, size)
    matte[rows, columns] = 1
    return matte


def flat(value: float, size: int = 100) -> torch.Tensor:
    """A grey picture of one display value, as linear colour."""
    return linear_from_srgb(torch.full((size, size, 3), value))


def test_the_box_is_the_matte_and_its_margin() -> None:
    box = person_box(matte_of(slice(30, 70), slice(40, 60)))
    assert box == (
        slice(30 - CROP_MARGIN, 70 + CROP_MARGIN),
        slice(40 - CROP_MARGIN, 60 + CROP_MARGIN),
    )


@pytest.mark.parametrize("rows", [slice(0, 3), slice(97, 100), slice(50, 51)])
def test_a_box_stays_in_the_picture_and_is_large_enough_for_lpips(rows: slice) -> None:
    box = person_box(matte_of(rows, slice(0, 100)))
    assert 0 <= box[0].start <= rows.start
    assert rows.stop <= box[0].stop <= 100
    assert box[0].stop - box[0].start >= 32
    assert box[1] == slice(0, 100)


def test_nobody_has_the_whole_picture_and_no_score() -> None:
    pair = Pair(flat(0.0), flat(0.0), torch.zeros(100, 100))
    assert person_box(pair.matte) == (slice(0, 100), slice(0, 100))
    assert weighted_psnr(pair, pair.matte) is None
    assert silhouette_iou(Drawn(pair, pair.matte, None)) is None


def test_silhouettes_that_overlap_by_half() -> None:
    ours, theirs = matte_of(slice(0, 40), slice(0, 10)), matte_of(slice(20, 60), slice(0, 10))
    pair = Pair(flat(0.0), flat(0.0), theirs)
    # 20 rows in common of 60.
    assert silhouette_iou(Drawn(pair, ours, None)) == pytest.approx(1 / 3)
    assert silhouette_iou(Drawn(pair, theirs, None)) == 1


def test_changes_are_those_of_display_values_inside_either_matte() -> None:
    upper, lower = matte_of(slice(0, 50), slice(0, 100)), matte_of(slice(50, 100), slice(0, 100))
    # The truth brightens by 0.2 in both mattes, the avatar by 0.1; ours was wrong before already.
    before = Pair(flat(0.5), flat(0.3), upper)
    after = Pair(flat(0.6), flat(0.5), lower)
    # Colours are float32 through the transfer function and back.
    assert frame_changes(before, after).tolist() == pytest.approx([0.1, 0.1, 0.2], abs=1e-5)
    # An error that stays does not flicker.
    still = Pair(flat(0.5), flat(0.3), lower)
    assert frame_changes(before, still).tolist() == [0, 0, 0]


def test_a_view_gets_every_figure_that_can_be_had(body: BodyAvatar, body_capture: Capture) -> None:
    trial = open_body_trial(body, body_capture, options=Options())
    scores = score_view(trial, View(3, 0), {})
    assert scores.psnr_garment is not None
    assert scores.psnr_skin is not None
    assert scores.psnr_matte is not None
    # Each part is a weighted share of the whole matte.
    parts = sorted((scores.psnr_garment, scores.psnr_skin))
    assert parts[0] <= scores.psnr_matte <= parts[1]
    # Black on black around the crop is no error.
    assert scores.psnr_crop <= scores.psnr
    # Skinned but not trained: splats reach over the rim, for pixels of 4 cm by a third.
    assert scores.iou is not None
    assert 0.5 < scores.iou <= 1
    assert score_view(trial, View(0, 2), {}).psnr_garment is None


def test_a_clip_counts_its_pairs(body: BodyAvatar, body_capture: Capture) -> None:
    trial = open_body_trial(body, body_capture, options=Options())
    pairs = [(0, 1), (1, 2)]
    row = score_clip(trial, "wave", pairs, camera=2, is_trained=True)
    assert (row.clip, row.num_pairs, row.camera) == ("wave", 2, 2)
    one = [score_clip(trial, "wave", [pair], camera=2, is_trained=True) for pair in pairs]
    assert row.flicker == pytest.approx(sum(part.flicker for part in one) / 2)
    # |a − b| ≤ |a| + |b| in every pixel.
    assert 0 < row.flicker <= row.motion + row.true_motion
