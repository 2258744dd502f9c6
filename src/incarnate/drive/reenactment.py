"""Where a driver's motion comes from, and how an avatar takes it over."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from incarnate.avatars.encoder import ExpressionEncoder
from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.manifest import MANIFEST_NAME
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
from incarnate.drive.encoding import LIVELY, encoded_poses
from incarnate.drive.retargeting import clip_from_arkit
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.tracking.picture_sequence import picture_paths
from incarnate.tracking.sightings import Progress
from incarnate.tracking.track import TrackSettings, track_video
from incarnate.tracking.video import VideoSelection

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


@dataclass(frozen=True)
class Looking:
    """How pictures of a driver are looked at."""

    encoder: ExpressionEncoder | None = None
    """The avatar's, if expressions and jaw are to be read by it; otherwise the tracker's count."""
    picture_rate: float = VideoSelection.picture_rate
    """Frames a second of a folder of pictures."""


def load_driver(
    source: Path, rig: Rig, progress: Progress | None = None, looking: Looking = Looking()
) -> Driver:
    """Read or track a driver's motion.

    Args:
        source: Folder of a tracked capture, a CSV file of the Live Link Face app, a video or a
            folder of pictures, or a motion file (`incarnate.drive.body_motion`).
        rig: The avatar's.
        progress: Told how far tracking a video is.
        looking: How pictures are looked at.

    Raises:
        DriveError: The file is of another kind or damaged, its motion is of another rig, or it has
            no pictures that an encoder could read.
        TrackingError: The video can't be tracked, or MediaPipe is not installed.
        ModelFileError: A model file for tracking is missing.
        CaptureError: The folder is no tracked capture.
        AvatarError: The driver's rig has no landmarks to place an encoder's crops by.
    """
    if has_pictures(source):
        driver = _driver_seen(source, rig, progress, looking)
    elif looking.encoder is not None:
        raise DriveError(
            f"{source} has no pictures from which the avatar's encoder could read expressions: "
            "drive by a video, a folder of pictures or a tracked capture, or take the expressions "
            "of the recording (--expressions tracked)"
        )
    else:
        driver = _driver_recorded(source, rig)
    check_same_rig(driver.clip.poses, rig)
    return driver


def has_pictures(source: Path) -> bool:
    """Whether a driver is someone seen (a video, a folder), not a recording of motion alone."""
    return source.suffix.lower() in VIDEO_ENDINGS or not (
        source.is_file() or source.suffix.lower() in (*RECORDING_ENDINGS, *MOTION_ENDINGS)
    )


def is_tracked_first(source: Path) -> bool:
    """Whether a driver is a video or a folder of pictures that nobody has tracked."""
    if source.suffix.lower() in VIDEO_ENDINGS:
        return True
    return not (source / MANIFEST_NAME).is_file() and bool(picture_paths(source))


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


def _driver_recorded(source: Path, rig: Rig) -> Driver:
    """Motion without pictures."""
    ending = source.suffix.lower()
    if ending in RECORDING_ENDINGS:
        return Driver(clip_from_arkit(read_arkit_csv(source), rig), None)
    if ending in MOTION_ENDINGS:
        return Driver(load_body_motion(source, rig), None)
    raise DriveError(
        f"{source} can't drive an avatar: give the folder of a tracked capture, a .csv of the "
        f"Live Link Face app, a video ({', '.join(VIDEO_ENDINGS)}), a folder of pictures, or a "
        f"motion file ({', '.join(MOTION_ENDINGS)})"
    )


def _driver_seen(source: Path, rig: Rig, progress: Progress | None, looking: Looking) -> Driver:
    """Someone in pictures: tracked before, or tracked now in a folder that does not stay."""
    if not is_tracked_first(source):
        capture = load_capture(source)
        return _driver_of(capture, load_track(capture), rig, looking)
    # Told before minutes of tracking, which fits this rig.
    check_same_rig(rest_pose(default_head_rig()), rig)
    settings = TrackSettings(selection=VideoSelection(picture_rate=looking.picture_rate))
    with tempfile.TemporaryDirectory(prefix="incarnate-driver-") as folder:
        tracked = track_video(source, Path(folder) / "driver", settings, progress)
        driver = _driver_of(tracked.capture, tracked.track, rig, looking)
        return replace(driver, warnings=tracked.warnings)


def _driver_of(capture: Capture, track: Track, rig: Rig, looking: Looking) -> Driver:
    """The tracked motion, with the expressions that the avatar's encoder reads if it has one."""
    poses, encoder = track.poses, looking.encoder
    check_same_rig(poses, rig)
    if encoder is not None:
        frames = list(range(capture.num_frames))
        poses = encoded_poses(encoder, capture, track, frames, smoothing=LIVELY)
    return Driver(Clip(poses, capture.fps, capture.clips), track.rig)
