"""What is measured of one picture of a body, and of how a clip moves."""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT
from incarnate.evaluate import metrics
from incarnate.evaluate.body_scores import BodyScores, ClipFlicker
from incarnate.evaluate.body_splits import View
from incarnate.evaluate.body_trial import BodyTrial, Drawn
from incarnate.evaluate.fid import PictureSets
from incarnate.evaluate.lpips import MIN_SIZE, Lpips
from incarnate.evaluate.maps import EROSION, eroded
from incarnate.evaluate.scores import Pair

CROP_MARGIN = 12
"""Pixels that a crop shows around the matte."""
# A pixel belongs to the person where more than half of it is covered.
_COVERED = 0.5


def person_box(matte: Float[Tensor, "height width"]) -> tuple[slice, slice]:
    """Rows and columns of the matte with `CROP_MARGIN` around it, as far as the picture reaches.

    A side is at least `MIN_SIZE` where the picture is, so that LPIPS can be had; where nobody is
    seen the box is the picture.
    """
    height, width = matte.shape
    rows, columns = (matte > _COVERED).nonzero().unbind(-1)
    if len(rows) == 0:
        return slice(0, height), slice(0, width)
    return (
        _side(int(rows.min()), int(rows.max()) + 1, height),
        _side(int(columns.min()), int(columns.max()) + 1, width),
    )


def score_view(
    trial: BodyTrial, view: View, networks: Mapping[str, Lpips], *, sets: PictureSets | None = None
) -> BodyScores:
    """All figures of one picture; its crop joins the sets that FID compares."""
    drawn = trial.draw(view)
    pair = drawn.pair
    image, truth = pair.encoded
    box = person_box(pair.matte)
    crop = image[box].contiguous(), truth[box].contiguous()
    sharpness = metrics.sharpness_ratio(image, truth, eroded(pair.matte, EROSION))
    if sets is not None:
        sets.add(*crop)
    fits = min(crop[0].shape[:2]) >= MIN_SIZE
    labels = trial.labels(view)
    return BodyScores(
        index=view.frame,
        camera=view.camera,
        pose_distance=100 * float(trial.pose_distances[view.frame]),
        pose_range=trial.pose_range(view.frame),
        psnr_matte=weighted_psnr(pair, pair.matte),
        psnr_crop=metrics.psnr(*crop),
        psnr=metrics.psnr(image, truth),
        ssim=metrics.ssim(*crop),
        sharpness=sharpness if math.isfinite(sharpness) else None,
        iou=silhouette_iou(drawn),
        psnr_garment=_labelled_psnr(pair, labels, LABEL_GARMENT),
        psnr_skin=_labelled_psnr(pair, labels, LABEL_BODY),
        offset_p95=drawn.offset_p95,
        **{key: network(*crop) for key, network in networks.items() if fits},
    )


def weighted_psnr(pair: Pair, weights: Float[Tensor, "height width"]) -> float | None:
    """PSNR of the encoded pictures with weights, dB; None where all are zero."""
    return metrics.psnr(*pair.encoded, weights=weights) if float(weights.sum()) > 0 else None


def silhouette_iou(drawn: Drawn) -> float | None:
    """Intersection over union of coverage and matte, both cut at one half; None without either."""
    ours, theirs = drawn.alpha > _COVERED, drawn.pair.matte > _COVERED
    union = int((ours | theirs).sum())
    return int((ours & theirs).sum()) / union if union else None


def score_clip(
    trial: BodyTrial, clip: str, pairs: list[tuple[int, int]], *, camera: int, is_trained: bool
) -> ClipFlicker:
    """How a clip's pictures change from frame to frame, beside how they should.

    Args:
        trial: Avatar and capture.
        clip: Name of the clip.
        pairs: Consecutive frames, in time order.
        camera: Who looks.
        is_trained: Whether training reads frames of the clip.
    """
    kept: dict[int, Pair] = {}
    sums = torch.zeros(3, dtype=torch.float64)
    for pair in pairs:
        # Of the last pair, the second frame is most often the first of this one.
        kept = {i: kept.get(i) or trial.draw(View(i, camera)).pair for i in pair}
        sums += frame_changes(kept[pair[0]], kept[pair[1]])
    flicker, motion, true_motion = (100 * sums / len(pairs)).tolist()
    return ClipFlicker(clip, is_trained, camera, len(pairs), flicker, motion, true_motion)


def frame_changes(before: Pair, after: Pair) -> Float[Tensor, "3"]:
    """Mean |Δavatar − Δtruth|, |Δavatar| and |Δtruth| of display values.

    Pixels are weighted by the greater of both mattes: where the person is in either frame.
    """
    weights = torch.maximum(before.matte, after.matte).double()
    ours, theirs = (
        (second - first).double()
        for first, second in zip(before.encoded, after.encoded, strict=True)
    )
    changes = torch.stack([(ours - theirs).abs(), ours.abs(), theirs.abs()]).mean(-1)
    return (changes * weights).sum((1, 2)) / weights.sum().clamp(min=1e-9)


def _labelled_psnr(
    pair: Pair, labels: Float[Tensor, "height width"] | None, label: int
) -> float | None:
    return None if labels is None else weighted_psnr(pair, pair.matte * (labels == label))


def _side(low: int, high: int, size: int) -> slice:
    low, high = low - CROP_MARGIN, high + CROP_MARGIN
    missing = max(MIN_SIZE - (high - low), 0)
    low, high = low - missing // 2, high + (missing + 1) // 2
    # A box that leaves the picture on one side is moved in only as far as it is short.
    if low < 0:
        low, high = 0, max(high, min(MIN_SIZE, size))
    if high > size:
        low, high = min(low, max(size - MIN_SIZE, 0)), size
    return slice(low, high)
