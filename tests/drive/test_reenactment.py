"""Drivers of every kind, and how an avatar takes their motion over."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from tests.avatars.people import talking_poses, write_painted_capture
from tests.drive.faces import assert_same_motion, recording_of, talking

from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.drive import reenactment
from incarnate.drive.arkit import write_arkit_csv
from incarnate.drive.calibration import neutral_of
from incarnate.drive.clips import Clip
from incarnate.drive.encoding import LIVELY, encoded_poses
from incarnate.drive.reenactment import (
    Calibration,
    Driver,
    Looking,
    head_size,
    is_tracked_first,
    load_driver,
    reenacted,
)
from incarnate.errors import CaptureError, DriveError, ModelFileError, TrackingError
from incarnate.rigs.embedded import default_body_rig, default_head_rig
from incarnate.tracking.track import TrackedVideo, TrackSettings

RIG = default_head_rig()


def test_a_capture_drives_with_its_own_rig_and_rate(tmp_path: Path) -> None:
    write_painted_capture(tmp_path / "driver", size=32, num_frames=4)
    driver = load_driver(tmp_path / "driver", RIG)
    assert driver.clip.fps == 25
    assert driver.rig is not None
    assert_same_motion(driver.clip.poses, talking_poses(RIG, 4))


def test_a_recording_drives(tmp_path: Path) -> None:
    write_arkit_csv(recording_of(5, 30.0, mouthSmileLeft=0.5), tmp_path / "take.csv")
    driver = load_driver(tmp_path / "take.csv", RIG)
    assert driver.rig is None
    smile = driver.clip.poses.expression[:, RIG.expression_names.index("mouthSmileLeft")]
    torch.testing.assert_close(smile, torch.full((len(driver.clip),), 0.5))


def test_a_video_is_tracked_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "you.mp4").write_bytes(b"video")
    folders: list[Path] = []

    def tracked(video: Path, output: Path, *_: object) -> TrackedVideo:
        assert video.name == "you.mp4"
        folders.append(output)
        capture = write_painted_capture(output, size=32, num_frames=3)
        return TrackedVideo(capture, load_track(load_capture(output)), ("It is dark.",))

    monkeypatch.setattr(reenactment, "track_video", tracked)
    driver = load_driver(tmp_path / "you.mp4", RIG)
    assert len(driver.clip) == 3
    assert driver.warnings == ("It is dark.",)
    assert not folders[0].exists()


def encoder_that_varies() -> ExpressionEncoder:
    encoder = ExpressionEncoder(EncoderModel(width=0.35, size=32), RIG)
    # So that crops differ in their codes.
    encoder.head.weight.data *= 30
    return encoder.requires_grad_(False)


def test_an_encoder_reads_a_captures_pictures(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "driver", size=32, num_frames=4)
    encoder, track = encoder_that_varies(), load_track(capture)
    read = load_driver(tmp_path / "driver", RIG, looking=Looking(encoder)).clip.poses
    expected = encoded_poses(encoder, capture, track, [0, 1, 2, 3], smoothing=LIVELY)
    assert_same_motion(read, expected)
    assert not torch.equal(read.expression, track.poses.expression)
    neck = RIG.joint_index("neck") - 1
    assert torch.equal(read.joint_rotations[:, neck], track.poses.joint_rotations[:, neck])


def test_a_folder_of_pictures_is_tracked_at_its_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stills").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "stills" / "1.png")
    encoder = encoder_that_varies()
    assert is_tracked_first(tmp_path / "stills")

    def tracked(folder: Path, output: Path, settings: TrackSettings, *_: object) -> TrackedVideo:
        assert folder == tmp_path / "stills"
        assert settings.selection.picture_rate == 12.5
        capture = write_painted_capture(output, size=32, num_frames=3)
        return TrackedVideo(capture, load_track(capture), ())

    monkeypatch.setattr(reenactment, "track_video", tracked)
    plain = load_driver(tmp_path / "stills", RIG, looking=Looking(picture_rate=12.5)).clip.poses
    read = load_driver(tmp_path / "stills", RIG, looking=Looking(encoder, 12.5)).clip.poses
    assert_same_motion(plain, talking_poses(RIG, 3))
    assert not torch.equal(read.expression, plain.expression)
    assert torch.equal(read.root_rotation, plain.root_rotation)


def test_a_recording_shows_an_encoder_nothing(tmp_path: Path) -> None:
    write_arkit_csv(recording_of(5), tmp_path / "take.csv")
    with pytest.raises(DriveError, match=r"no pictures .* \(--expressions tracked\)"):
        load_driver(tmp_path / "take.csv", RIG, looking=Looking(encoder_that_varies()))


@pytest.mark.usefixtures("no_model_files")
def test_a_video_without_models_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "you.mp4").write_bytes(b"video")
    with pytest.raises(ModelFileError, match=r"face_landmarker\.task"):
        load_driver(tmp_path / "you.mp4", RIG)


def test_a_video_without_mediapipe_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> None:
        raise TrackingError("pip install 'incarnate[track]'")

    monkeypatch.setattr("incarnate.tracking.track.find_model", lambda name: name)
    monkeypatch.setattr("incarnate.tracking.track.load_mediapipe", absent)
    with pytest.raises(TrackingError, match=r"incarnate\[track\]"):
        load_driver(tmp_path / "you.mp4", RIG)


def test_what_is_no_driver_is_refused(tmp_path: Path) -> None:
    (tmp_path / "motion.fbx").write_text("Kaydara")
    with pytest.raises(DriveError, match=r"give the folder of a tracked capture, a \.csv"):
        load_driver(tmp_path / "motion.fbx", RIG)
    with pytest.raises(CaptureError, match="nobody is not a folder"):
        load_driver(tmp_path / "nobody", RIG)


def test_a_driver_on_another_rig_is_refused(tmp_path: Path) -> None:
    write_painted_capture(tmp_path / "driver", size=32, num_frames=4)
    other = replace(RIG, expression_names=RIG.expression_names[::-1])
    with pytest.raises(DriveError, match="Track the driver with the rig"):
        load_driver(tmp_path / "driver", other)


def test_a_video_is_not_tracked_for_an_avatar_on_another_rig(tmp_path: Path) -> None:
    (tmp_path / "you.mp4").write_bytes(b"video")  # not even looked at
    with pytest.raises(DriveError, match="Track the driver with the rig"):
        load_driver(tmp_path / "you.mp4", default_body_rig())


def test_oneself_drives_oneself() -> None:
    own = talking(RIG)
    driven = reenacted(Driver(Clip(own, 30.0), RIG), own, RIG)
    assert driven.fps == 30
    assert_same_motion(driven.poses, own)


def test_a_driver_who_smiles_at_rest_does_not_make_the_avatar_smile() -> None:
    own, motion = talking(RIG, seed=1), talking(RIG, seed=2)
    smiling = replace(motion, expression=motion.expression.clone())
    smile = RIG.expression_names.index("mouthSmileLeft")
    smiling.expression[:, smile] += 0.2
    plain, calibrated = (
        reenacted(Driver(Clip(poses, 30.0), RIG), own, RIG) for poses in (motion, smiling)
    )
    assert_same_motion(calibrated.poses, plain.poses)
    raw = reenacted(Driver(Clip(smiling, 30.0), RIG), own, RIG, None)
    torch.testing.assert_close(raw.poses.expression, smiling.expression)


def test_chosen_frames_are_the_neutral() -> None:
    own, motion = talking(RIG, seed=1), talking(RIG, seed=2)
    driver = Driver(Clip(motion, 30.0), RIG)
    driven = reenacted(driver, own, RIG, Calibration(slice(20, 21)))
    neutral = neutral_of(own, RIG)
    torch.testing.assert_close(driven.poses.expression[20], neutral.expression)
    # Composed in double precision, kept in single.
    torch.testing.assert_close(
        driven.poses.joint_rotations[20], neutral.joint_rotations, atol=1e-6, rtol=0
    )


def test_a_larger_drivers_shifts_are_scaled_down() -> None:
    large = replace(RIG, vertices=2 * RIG.vertices)
    assert head_size(large) == pytest.approx(2 * head_size(RIG))
    own, motion = talking(RIG, seed=1), talking(RIG, seed=2)
    driven = reenacted(Driver(Clip(motion, 30.0), large), own, RIG).poses.root_translation
    shifts = motion.root_translation - motion.root_translation[0]
    torch.testing.assert_close(driven - driven[0], 0.5 * shifts)
