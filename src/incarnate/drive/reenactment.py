"""Where a driver's motion comes from, and how an avatar takes it over."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.drive.arkit import read_arkit_csv
from incarnate.drive.body_motion import MOTION_ENDINGS, load_body_motion
from incarnate.drive.calibration import (
    Neutrals,
    calibrated,
    centred,
    check_same_rig,
    median_pose,
    neutral_of,
)
from incarnate.drive.clips import Clip
from incarnate.drive.retargeting import clip_from_arkit
from incarnate.errors import DriveError
from incarnate.rigs.rig import Pose, Rig
from incarnate.tracking.sightings import Progress
from incarnate.tracking.track import TrackSettings, track_video

RECORDING_ENDINGS = (".csv",)
VIDEO_ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")


@dataclass(frozen=True)
class Driver:
    """Someone's motion on the avatar's kind of rig."""

    clip: Clip
    rig: Rig | None
    """The driver's own, with their identity; None where only motion was recorded."""
    warnings: tuple[str, ...] = ()
    """What tracking a video found that the user should know: one sentence each."""


@dataclass(frozen=True)
class Calibration:
    """How a driver's neutral is found."""

    neutral: slice | None = None
    """Frames in which the driver is at rest; the calmest are looked for if left out."""


def load_driver(source: Path, rig: Rig, progress: Progress | None = None) -> Driver:
    """Read or track a driver's motion.

    Args:
        source: Folder of a tracked capture, a CSV file of the Live Link Face app, a video, or a
            motion file (`incarnate.drive.body_motion`).
        rig: The avatar's.
        progress: Told how far tracking a video is.

    Raises:
        DriveError: The file is of another kind or damaged, or its motion is of another rig.
        TrackingError: The video can't be tracked, or MediaPipe is not installed.
        ModelFileError: A model file for tracking is missing.
        CaptureError: The folder is no tracked capture.
    """
    ending = source.suffix.lower()
    if ending in RECORDING_ENDINGS:
        driver = Driver(clip_from_arkit(read_arkit_csv(source), rig), None)
    elif ending in VIDEO_ENDINGS:
        driver = _driver_from_video(source, progress)
    elif ending in MOTION_ENDINGS:
        driver = Driver(load_body_motion(source, rig), None)
    elif source.is_file():
        raise DriveError(
            f"{source} can't drive an avatar: give the folder of a tracked capture, a .csv of the "
            f"Live Link Face app, a video ({', '.join(VIDEO_ENDINGS)}), or a motion file "
            f"({', '.join(MOTION_ENDINGS)})"
        )
    else:
        driver = _driver_from_capture(source)
    check_same_rig(driver.clip.poses, rig)
    return driver


def reenacted(
    driver: Driver, stage: Pose, rig: Rig, calibration: Calibration | None = Calibration()
) -> Clip:
    """The driver's motion as the avatar's person would make it.

    Args:
        driver: Whose motion.
        stage: The avatar's own poses, one a frame.
        rig: The avatar's.
        calibration: How to find the driver's neutral; None takes the motion as it is, only moved to
            where the avatar stands.
    """
    poses = driver.clip.poses
    if calibration is None:
        return replace(driver.clip, poses=centred(poses, stage))
    at_rest = (
        neutral_of(poses, rig)
        if calibration.neutral is None
        else median_pose(poses[calibration.neutral])
    )
    neutrals = Neutrals(driver=at_rest, avatar=neutral_of(stage, rig))
    scale = 1.0 if driver.rig is None else head_size(rig) / head_size(driver.rig)
    return replace(driver.clip, poses=calibrated(poses, stage, rig, neutrals, scale=scale))


def head_size(rig: Rig) -> float:
    """Root mean square distance of the head's vertices from their middle, metres."""
    if "head" not in rig.joint_names:
        vertices = rig.vertices
    else:
        weights = rig.skinning_weights[:, rig.joint_index("head")]
        vertices = rig.vertices[weights > 0.5 * weights.max()]
    return float((vertices - vertices.mean(0)).square().sum(-1).mean().sqrt())


def _driver_from_capture(folder: Path) -> Driver:
    capture = load_capture(folder)
    track = load_track(capture)
    return Driver(Clip(track.poses, capture.fps), track.rig)


def _driver_from_video(video: Path, progress: Progress | None) -> Driver:
    """Track a video in a folder that does not stay."""
    with tempfile.TemporaryDirectory(prefix="incarnate-driver-") as folder:
        tracked = track_video(video, Path(folder) / "driver", TrackSettings(), progress)
        clip = Clip(tracked.track.poses, tracked.capture.fps)
        return Driver(clip, tracked.track.rig, tracked.warnings)
