"""The protocol by which body avatars are measured (docs/evaluate.md, Bodies)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from incarnate.avatars.body import BodyAvatar
from incarnate.capture.capture import Capture
from incarnate.errors import CaptureError
from incarnate.evaluate import metrics
from incarnate.evaluate.body_gallery import draw_body_pictures
from incarnate.evaluate.body_measures import CROP_MARGIN, score_clip, score_view
from incarnate.evaluate.body_scores import (
    SPLITS,
    BodyReport,
    BodySplit,
    ClipFlicker,
    Projection,
    SplitName,
)
from incarnate.evaluate.body_splits import View, clip_pairs, split_views, why_empty
from incarnate.evaluate.body_trial import BodyTrial, open_body_trial
from incarnate.evaluate.fid import PictureSets, describe_fid, open_inception, why_no_fid
from incarnate.evaluate.maps import EROSION
from incarnate.evaluate.protocol import load_networks, software
from incarnate.evaluate.scores import Options

Progress = Callable[[int, int, str], None]
Facts = dict[str, str | int | list[int]]


@torch.no_grad()
def evaluate_body(
    avatar: BodyAvatar,
    capture: Capture,
    *,
    options: Options | None = None,
    projection: Projection = "off",
    fid_weights: Path | None = None,
    progress: Progress | None = None,
) -> BodyReport:
    """Measure a body on pictures that training never read: three splits, and how clips move.

    Args:
        avatar: Who; driven by the capture's track, history included.
        capture: What is true: the capture that the avatar was trained on.
        options: Size, stride, most frames of each split and metrics.
        projection: Whether the networks see poses projected on the space of training poses.
        fid_weights: The file that FID needs; if None, it is used where the model folders have it.
        progress: Called with steps done, steps in all and what is being done.

    Raises:
        CaptureError: The capture has no picture that training did not read, or no track.
        AvatarError: The track is made for another rig than the avatar's.
        ModelFileError: `fid_weights` is not the published file.
    """
    options = options or Options()
    inception, why_without = open_inception(fid_weights)
    trial = open_body_trial(avatar, capture, options=options, projection=projection)
    views: dict[SplitName, list[View]] = {
        name: split_views(capture, name, options) for name in SPLITS
    }
    pairs = clip_pairs(capture, options)
    tell = _counting(
        progress, sum(map(len, views.values())) + sum(len(found) for found in pairs.values())
    )
    if not any(views.values()):
        raise CaptureError(
            f"capture {capture.name!r} leaves no picture to evaluate: it has no test frames and no "
            "test cameras, or the options leave none; mark some in its capture.json."
        )
    side = min(min(trial.size(camera)) for camera in range(len(capture.cameras)))
    networks, reasons = load_networks(options.lpips, side)
    splits: list[BodySplit] = []
    for name, wanted in views.items():
        scores, sets = [], PictureSets(inception)
        for view in wanted:
            tell(1, f"measuring · {name}")
            scores.append(score_view(trial, view, networks, sets=sets))
        if scores:
            splits.append(BodySplit(name, tuple(scores), sets.distance()))
        else:
            reasons[name] = why_empty(capture, name)
    report = BodyReport(
        avatar=avatar.rig.name,
        capture=capture.name,
        protocol=_describe(trial, views),
        splits=tuple(splits),
        flicker=_score_clips(trial, pairs, tell),
        consent=capture.consent,
    )
    if all(split.fid is None for split in splits):
        reasons["fid"] = why_without or why_no_fid()
    report = replace(report, reasons=reasons | _why_absent(report, trial))
    return replace(report, pictures=draw_body_pictures(trial, report))


def _score_clips(
    trial: BodyTrial, pairs: dict[str, list[tuple[int, int]]], tell: Callable[[int, str], None]
) -> tuple[ClipFlicker, ...]:
    capture = trial.capture
    camera = _watching_camera(capture)
    names = capture.clips or (capture.name,) * capture.num_frames
    trained = {names[index] for index in capture.indices("train")}
    rows: list[ClipFlicker] = []
    for clip, found in pairs.items():
        if found:
            tell(len(found), f"measuring flicker · {clip}")
            row = score_clip(trial, clip, found, camera=camera, is_trained=clip in trained)
            rows.append(row)
    return tuple(rows)


def _watching_camera(capture: Capture) -> int:
    """Whose clips are judged for flicker: a camera that training never reads, if there is one."""
    return capture.test_cameras[0] if capture.test_cameras else 0


def _why_absent(report: BodyReport, trial: BodyTrial) -> dict[str, str]:
    absent = {
        "psnr_garment": "the capture has no true labels of these views, or no garment is seen",
        "psnr_skin": "the capture has no true labels of these views, or no skin is seen",
        "offset_p95": "the avatar is static: no pose moves its splats",
        "sharpness": "the true pictures are flat: they have no gradient to compare with",
        "psnr_far": "no pose that was measured lies outside the space of training poses",
    }
    reasons = {
        key: reason
        for key, reason in absent.items()
        if all(split.mean(key) is None for split in report.splits)
    }
    if not report.flicker:
        reasons["flicker"] = "no clip has two frames"
    return reasons


def _describe(trial: BodyTrial, views: dict[SplitName, list[View]]) -> Facts:
    """What someone needs to make the numbers again."""
    capture = trial.capture
    names, watching = capture.camera_names, _watching_camera(capture)
    sizes = sorted({"{} × {}".format(*trial.size(i)) for i in range(len(names))})
    known: Facts = {"software": software()}
    for split, wanted in views.items():
        if wanted:
            cameras = ", ".join(names[i] for i in sorted({view.camera for view in wanted}))
            known[f"{split}: frames"] = [view.frame for view in wanted]
            known[f"{split}: cameras"] = f"{cameras}, taken in turn from frame to frame"
    return known | {
        "size": ", ".join(sizes),
        "poses": str(capture.provenance.get("refined", "from the track, history included")),
        "projection": f"{trial.projection}: what the network sees is "
        + ("projected on" if trial.projection == "on" else "not projected on")
        + f" {len(trial.space.deviations)} components of the training poses",
        "background": "black: the truth is straight colour × matte",
        "colour": "display-encoded sRGB in [0, 1]",
        "matte": "weighs each pixel's squared error; not thresholded",
        "crop": f"box of the matte above one half, {CROP_MARGIN} pixels of margin",
        "psnr": f"dB, mean over pictures, at most {metrics.MAX_PSNR:g} a picture",
        "ssim": "of the crop; 11 × 11 Gaussian window, sigma 1.5, population statistics",
        "lpips": "v0.1 with linear heads, of the crop; AlexNet and VGG16",
        "fid": describe_fid("crop"),
        "sharpness": f"gradient energy over that of the truth, {EROSION} pixels inside the matte",
        "iou": "coverage and matte, both above one half",
        "pose_distance": "cm: root mean square over the surface to the nearest training pose, of "
        "positions in the root's frame and of their motion within 0.1 s",
        "pose_range": "distance to the principal components of the training poses, over the 95th "
        "percentile of the training poses' own; far poses are those beyond 1",
        "flicker": f"seen by {names[watching]}: 100 × mean |Δavatar − Δtruth| of display values "
        "from one frame of a clip to the next, inside the union of both mattes",
    }


def _counting(progress: Progress | None, total: int) -> Callable[[int, str], None]:
    done = 0

    def tell(steps: int, text: str) -> None:
        nonlocal done
        if progress is not None:
            progress(done, total, text)
        done += steps

    return tell
