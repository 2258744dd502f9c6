"""The one protocol by which every avatar of this project is measured (docs/evaluate.md)."""

import math
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from incarnate.avatars.avatar import Avatar
from incarnate.avatars.head import HeadAvatar
from incarnate.capture.capture import Capture
from incarnate.errors import ModelFileError
from incarnate.evaluate import metrics
from incarnate.evaluate.fid import PictureSets, describe_fid, open_inception, why_no_fid
from incarnate.evaluate.gallery import draw_pictures
from incarnate.evaluate.lpips import MIN_SIZE, Lpips
from incarnate.evaluate.lpips_weights import NETWORKS
from incarnate.evaluate.scores import (
    FrameScores,
    LpipsChoice,
    Options,
    RelitScores,
    Report,
    score_relit,
)
from incarnate.evaluate.trial import Trial, chosen_frames, open_trial
from incarnate.rigs.rig import Pose

Progress = Callable[[int, int, str], None]


@torch.no_grad()
def evaluate(
    avatar: Avatar,
    capture: Capture,
    *,
    options: Options | None = None,
    poses: Pose | None = None,
    fid_weights: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure an avatar on the test frames of a capture.

    Each picture is compared on black: the truth is the straight colour times its matte, encoded to
    sRGB; docs/evaluate.md has the whole protocol.

    Args:
        avatar: Who; driven by the capture's track, and by the expressions that the avatar's encoder
            reads from the frames, if it has one.
        capture: What is true.
        options: Size, frames and metrics; the default is the whole protocol.
        poses: Poses to use instead of the track's, batched over all frames of the capture.
        fid_weights: The file that FID needs; if None, it is used where the model folders have it.
        progress: Called with steps done, steps in all and what is being done.

    Raises:
        CaptureError: The capture has no test frames.
        AvatarError: The poses are made for another rig than the avatar's.
        ModelFileError: `fid_weights` is not the published file.
    """
    inception, why_without = open_inception(fid_weights)
    sets = PictureSets(inception)
    trial = open_trial(avatar, capture, options=options, poses=poses)
    indices = chosen_frames(capture, trial.options)
    tell = progress or _say_nothing
    networks, reasons = load_networks(trial.options.lpips, min(trial.size))
    frames: list[FrameScores] = []
    for done, index in enumerate(indices):
        tell(done, len(indices), "measuring frames")
        frames.append(_score_frame(trial, index, networks, sets))
    tell(len(indices), len(indices), "measured frames")
    report = Report(
        avatar=avatar.rig.name,
        capture=capture.name,
        protocol=_describe(trial, indices),
        frames=tuple(frames),
        relit=_score_lights(trial, indices, tell),
        consent=capture.consent,
        fid=sets.distance(),
    )
    if report.fid is None:
        reasons["fid"] = why_without or why_no_fid()
    report = replace(report, reasons=reasons | _why_absent(report, trial))
    return replace(report, pictures=draw_pictures(trial, report))


@torch.no_grad()
def mean_psnr(avatar: Avatar, capture: Capture, *, options: Options | None = None) -> float:
    """`psnr` of `evaluate` alone, in dB: what an avatar is worth before its training, in seconds.

    Raises:
        CaptureError: The capture has no test frames.
        AvatarError: The poses are made for another rig than the avatar's.
    """
    trial = open_trial(avatar, capture, options=options)
    indices = chosen_frames(capture, trial.options)
    return sum(metrics.psnr(*trial.pair(index).encoded) for index in indices) / len(indices)


def _score_frame(
    trial: Trial, index: int, networks: dict[str, Lpips], sets: PictureSets
) -> FrameScores:
    pair = trial.pair(index)
    image, truth = pair.encoded
    sets.add(image, truth)
    sharpness = metrics.sharpness_ratio(image, truth, pair.matte)
    scores = FrameScores(
        index=index,
        psnr=metrics.psnr(image, truth),
        psnr_matte=pair.psnr_matte,
        ssim=metrics.ssim(image, truth),
        mae=metrics.mae(image, truth),
        sharpness=sharpness if math.isfinite(sharpness) else None,
        **{key: network(image, truth) for key, network in networks.items()},
    )
    if not trial.has_surfaces(index):
        return scores
    surfaces = trial.surfaces(index)
    return replace(scores, normal_degrees=surfaces.normal_degrees, psnr_albedo=surfaces.psnr_albedo)


def _score_lights(
    trial: Trial, indices: list[int], tell: Progress
) -> dict[str, tuple[RelitScores, ...]]:
    scores: dict[str, tuple[RelitScores, ...]] = {}
    for light in trial.capture.relights:
        present = trial.relit_frames(light, indices)
        rows: list[RelitScores] = []
        for done, index in enumerate(present):
            tell(done, len(present), f"relighting by {light}")
            rows.append(score_relit(index, trial.pair(index, light)))
        if rows:
            tell(len(present), len(present), f"relit by {light}")
            scores[light] = tuple(rows)
    return scores


def load_networks(choice: LpipsChoice, side: int) -> tuple[dict[str, Lpips], dict[str, str]]:
    """The LPIPS networks that were asked for and are to be had, and why the others are not.

    Args:
        choice: Which are asked for.
        side: Pixels of the shorter side of the smallest picture.
    """
    networks: dict[str, Lpips] = {}
    reasons: dict[str, str] = {}
    wanted = {"both": NETWORKS, "alex": ("alex",), "none": ()}[choice]
    for name in NETWORKS:
        key = f"lpips_{name}"
        if name not in wanted:
            reasons[key] = "not asked for"
        elif side < MIN_SIZE:
            reasons[key] = f"needs pictures of {MIN_SIZE} pixels; these have {side}"
        else:
            try:
                networks[key] = Lpips(name)
            except ModelFileError as error:
                reasons[key] = str(error)
    return networks, reasons


def _why_absent(report: Report, trial: Trial) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if report.mean("sharpness") is None:
        reasons["sharpness"] = "the true pictures are flat: they have no gradient to compare with"
    if not report.relit:
        reasons["psnr_relit"] = reasons["psnr_relit_raw"] = (
            "the capture has no frames under another light"
        )
    is_known = any(trial.has_surfaces(frame.index) for frame in report.frames)
    for key, channel in (("normal_degrees", "normal"), ("psnr_albedo", "albedo")):
        if report.mean(key) is None:
            reasons[key] = (
                f"the avatar has no channel {channel!r}, or the capture no true {channel} map"
                if is_known
                else f"the capture has no true {channel} map of these frames"
            )
    return reasons


def _describe(trial: Trial, indices: list[int]) -> dict[str, str | int | list[int]]:
    """What someone needs to make the numbers again."""
    width, height = trial.size
    return {
        "software": software(),
        "split": "test",
        "frames": indices,
        "camera": trial.capture.camera_names[trial.options.camera],
        "width": width,
        "height": height,
        # Aligned with test pictures or not: figures on the one and on the other don't compare.
        "poses": str(trial.capture.provenance.get("refined", "from the track")),
        "expressions": _expressions(trial),
        "background": "black: the truth is straight colour × matte",
        "colour": "display-encoded sRGB in [0, 1]; gains are fitted in linear colour",
        "matte": "weighs each pixel's squared error; not thresholded",
        "psnr": f"dB, mean over frames, at most {metrics.MAX_PSNR:g} a frame",
        "ssim": "11 × 11 Gaussian window, sigma 1.5, population statistics, K1 0.01, K2 0.03",
        "mae": "mean absolute error × 100",
        "lpips": "v0.1 with linear heads; AlexNet and VGG16",
        "fid": describe_fid("picture"),
        "psnr_relit": "inside the matte after the least-squares gain a channel; mean over lights",
        "psnr_relit_raw": "the same without a gain",
        "normal_degrees": "mean angle, 2 pixels inside the matte; uncovered pixels count as 90°",
        "psnr_albedo": "2 pixels inside the matte, after the least-squares gain a channel",
    }


def software() -> str:
    """What computed the numbers, with versions."""
    try:
        ours = version("incarnate")
    except PackageNotFoundError:
        ours = "(not installed)"
    return f"incarnate {ours}, torch {torch.__version__}"


def _expressions(trial: Trial) -> str:
    if not isinstance(trial.avatar, HeadAvatar) or trial.avatar.encoder is None:
        return "from the track; the avatar has no encoder"
    if trial.options.expressions == "tracked":
        return "from the track, as asked for"
    return "read from the test pictures by the avatar's encoder; head pose and gaze from the track"


def _say_nothing(_done: int, _total: int, _text: str) -> None:
    pass
