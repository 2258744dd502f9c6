"""From a talking-head video to a capture: frames cut out, landmarks, and the head rig fitted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from incarnate.capture.capture import Capture, Consent, Split, Track
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.capture.writing import CaptureHeader, CaptureWriter, check_target
from incarnate.errors import TrackingError
from incarnate.geometry.cameras import Camera
from incarnate.model_files import MODEL_NAMES, find_model
from incarnate.rigs.embedded import default_head_rig
from incarnate.tracking.detectors import load_mediapipe
from incarnate.tracking.fit_head import FitSettings, HeadFit, fit_head
from incarnate.tracking.foreground import straight_colors
from incarnate.tracking.framing import Crop, frame_head
from incarnate.tracking.head_observations import HeadObservations
from incarnate.tracking.landmarks import face_finder
from incarnate.tracking.matte import matted, segmenter
from incarnate.tracking.photometric import ClipPictures, shrinking, shrunk
from incarnate.tracking.shots import ShotChoice, choose_shot
from incarnate.tracking.sightings import (
    Progress,
    Sightings,
    check_one_face,
    drop_unseen,
    sight_clip,
)
from incarnate.tracking.video import VideoFrame, VideoSelection, count_frames, read_video

TEST_SHARE = 0.15
"""The last part of a clip is kept for testing: frames between training frames would be too easy."""

_CAMERA = "front"
_MIN_SIZE = 64


@dataclass(frozen=True)
class TrackSettings:
    """How a video becomes a capture."""

    size: int = 512
    """Side of the square pictures, pixels."""
    selection: VideoSelection = field(default_factory=VideoSelection)
    shot: ShotChoice = "whole"
    consent: Consent | None = None
    fit: FitSettings = field(default_factory=FitSettings)


@dataclass(frozen=True)
class TrackedVideo:
    """What tracking a video gave."""

    capture: Capture
    track: Track
    warnings: tuple[str, ...]
    """What the user should know: one sentence each."""


def track_video(
    video: Path,
    output: Path,
    settings: TrackSettings | None = None,
    progress: Progress | None = None,
) -> TrackedVideo:
    """Turn a talking-head video into a tracked capture.

    The video is decoded twice: once to find the face and one crop for the whole clip, once to cut
    the person out. What is found wrong with the clip is told before the long work begins.

    Args:
        video: Any file that FFmpeg reads.
        output: Folder of the capture; an older capture there is replaced when the new one is whole.
        settings: Size, part of the video, consent.
        progress: Told after each step of each stage.

    Raises:
        TrackingError: The clip can't be tracked; the text says why and what to do.
        ModelFileError: A model file is missing.
        CaptureError: The folder holds something that is no capture.
    """
    settings = settings or TrackSettings()
    progress = progress or _silence
    if settings.size < _MIN_SIZE:
        raise TrackingError(
            f"a size of {settings.size} pixels shows no face; give at least --size {_MIN_SIZE}, "
            "512 is usual"
        )
    check_target(output)
    _check_detectors()
    sightings, warnings = look_at_clip(video, settings, progress)
    crop, framing_warnings = frame_head(sightings, settings.size)
    seen = observe(sightings, crop)
    header = CaptureHeader(
        name=video.stem,
        cameras={_CAMERA: seen.picture},
        fps=_frame_rate(sightings),
        consent=settings.consent,
        provenance=_provenance(video, crop, sightings),
    )
    factor, small = shrinking(settings.size, len(sightings)), []
    with CaptureWriter(output, header) as writer:
        for index, rgba in enumerate(_cut_out(video, settings, sightings, crop)):
            split: Split = "test" if index >= num_training(len(sightings)) else "train"
            time = float(sightings.times[index] - sightings.times[0])
            frame = writer.add_frame(time, split, int(sightings.indices[index]))
            writer.write_image(frame, rgba)
            small.append(shrunk(torch.from_numpy(rgba), factor))
            progress(index + 1, len(sightings), "cutting the person out")
        fit = fit_head(
            default_head_rig(),
            seen,
            settings.fit,
            lambda done, total: progress(done, total, "fitting the head"),
            pictures=ClipPictures(torch.stack(small), 1 / factor),
        )
        writer.set_camera(0, fit.camera)
        writer.set_track(_track(fit, seen))
    capture = load_capture(output)
    return TrackedVideo(capture, load_track(capture), (*warnings, *framing_warnings))


def look_at_clip(
    video: Path, settings: TrackSettings, progress: Progress
) -> tuple[Sightings, list[str]]:
    """The subject in every frame that will be used, and warnings.

    Raises:
        TrackingError: The clip can't be tracked.
    """
    frames = read_video(video, settings.selection)
    expected = num_selected(video, settings.selection)
    with face_finder() as finder:
        sightings = sight_clip(frames, finder, num_expected=expected, progress=progress)
    sightings, cut_warnings = choose_shot(sightings, settings.shot)
    face_warnings = check_one_face(sightings)
    sightings, unseen_warnings = drop_unseen(sightings)
    return sightings, [*cut_warnings, *face_warnings, *unseen_warnings]


def _check_detectors() -> None:
    """Everything that tracking needs is looked for first: no one should wait to learn of it."""
    for name in MODEL_NAMES:
        find_model(name)
    load_mediapipe()


def num_selected(video: Path, selection: VideoSelection) -> int:
    """About how many frames will be read, for the progress bar alone."""
    total = count_frames(video)
    return min(total, selection.max_frames or total)


def observe(sightings: Sightings, crop: Crop) -> HeadObservations:
    """What was seen, in pixels of the crop."""
    center = 0.5 * crop.size
    intrinsics = [[1.0, 0.0, center], [0.0, 1.0, center], [0.0, 0.0, 1.0]]
    # Lenses are straight about the middle of the whole picture, not of the crop.
    middle = np.array([0.5 * sightings.width, 0.5 * sightings.height, 0.0])
    intrinsics[0][2], intrinsics[1][2] = (float(value) for value in crop.points(middle)[:2])
    return HeadObservations(
        times=sightings.times,
        points=crop.points(sightings.points),
        scores=sightings.scores,
        score_names=sightings.score_names,
        picture=Camera(torch.tensor(intrinsics), torch.eye(4), crop.size, crop.size),
        longer_side=max(sightings.width, sightings.height) * crop.scale,
    )


def num_training(num_frames: int) -> int:
    """How many frames of a clip, from its beginning, are trained on."""
    return num_frames - max(1, round(TEST_SHARE * num_frames))


def _cut_out(
    video: Path, settings: TrackSettings, sightings: Sightings, crop: Crop
) -> Iterator[UInt8[np.ndarray, "size size 4"]]:
    """The frames of the sightings with straight alpha."""
    wanted = frozenset(sightings.indices.tolist())
    last = int(sightings.indices[-1])
    pictures = (
        crop.picture(frame.image)
        for frame in _until(read_video(video, settings.selection), last)
        if frame.index in wanted
    )
    with segmenter() as network:
        for picture, matte in matted(pictures, network):
            alpha = (matte * 255 + 0.5).astype(np.uint8)
            # The stored alpha is what compositing will use, so colours are made for it.
            colors = straight_colors(picture, alpha.astype(np.float32) / 255)
            yield np.dstack([colors, alpha])


def _until(frames: Iterator[VideoFrame], last: int) -> Iterator[VideoFrame]:
    """The frames up to an index; those behind it are not decoded."""
    for frame in frames:
        yield frame
        if frame.index >= last:
            return


def _track(fit: HeadFit, seen: HeadObservations) -> Track:
    return Track(
        rig=fit.rig,
        poses=fit.poses,
        residuals=fit.errors,
        shape=fit.shape,
        offset=fit.offset,
        observations={
            "landmarks": torch.from_numpy(seen.points).float(),
            "scores": torch.from_numpy(seen.scores).float(),
        },
    )


def _frame_rate(sightings: Sightings) -> float:
    # The median: frames that were left out must not slow the clip down.
    return float(1 / np.median(np.diff(sightings.times)))


def _provenance(video: Path, crop: Crop, sightings: Sightings) -> dict[str, object]:
    return {
        "tool": "incarnate track",
        "video": video.name,
        "video_size": [sightings.width, sightings.height],
        "crop": {"left": crop.left, "top": crop.top, "side": crop.side},
        "score_names": list(sightings.score_names),
    }


def _silence(done: int, total: int, text: str) -> None:
    pass
