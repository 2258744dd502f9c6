"""From a video to a capture: whole path on a short clip, and every clip that can't be used."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.tracking.clips import face_frames, noise_frames, turn_on_display, write_clip

from incarnate.capture.capture import Consent
from incarnate.capture.pictures import read_picture
from incarnate.capture.reading import image_path, read_frame
from incarnate.capture.validate import validate
from incarnate.errors import CaptureError, IncarnateError, ModelFileError, TrackingError
from incarnate.rigs.skinning import pose_rig
from incarnate.tracking import track
from incarnate.tracking.track import (
    TrackedVideo,
    TrackSettings,
    look_at_clip,
    num_training,
    track_video,
)
from incarnate.tracking.video import VideoSelection

SIZE = 128
CONSENT = Consent("a test person", "may be used in tests", "footage for tests")


@pytest.fixture(scope="module")
def frames(shared_data: Path) -> list[np.ndarray]:
    """Twenty frames in which the head turns, 256 pixels high."""
    return [shrunk(frame, 256) for frame in face_frames(shared_data, 20, start=5.0)]


@pytest.fixture(scope="module")
def tracked(
    frames: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrackedVideo, list[str]]:
    """A clip of odd width whose frames come at uneven times, and the stages that were told."""
    folder = tmp_path_factory.mktemp("track")
    odd = [frame[:, :251] for frame in frames]
    times = [k / 30 + 0.004 * (k % 3) for k in range(len(odd))]
    video = write_clip(folder / "clip.mkv", odd, times=times)
    stages: list[str] = []
    settings = TrackSettings(size=SIZE, consent=CONSENT)
    result = track_video(
        video, folder / "capture", settings, lambda done, total, text: stages.append(text)
    )
    return result, list(dict.fromkeys(stages))


def shrunk(frame: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.LANCZOS))


def look(video: Path, **part: float | int) -> list[str]:
    """The warnings about a clip; raises what `track_video` would, without fitting."""
    selection = VideoSelection(**part)  # type: ignore[arg-type]
    settings = TrackSettings(SIZE, selection)
    return look_at_clip(video, settings, lambda done, total, text: None)[1]


def test_the_capture_is_sound(tracked: tuple[TrackedVideo, list[str]]) -> None:
    capture = tracked[0].capture
    assert validate(capture) == []
    assert capture.num_frames == 20
    assert capture.indices("test") == [17, 18, 19]  # the last 15 in 100
    assert capture.sources == tuple(range(20))
    assert capture.times[0] == 0
    assert capture.times[1] == pytest.approx(1 / 30 + 0.004, abs=1e-3)
    assert capture.consent == CONSENT
    assert capture.provenance["video"] == "clip.mkv"
    assert (capture.cameras[0].width, capture.cameras[0].height) == (SIZE, SIZE)
    assert not list(capture.folder.parent.glob(".*partial"))


def test_the_rig_lies_on_the_face(tracked: tuple[TrackedVideo, list[str]]) -> None:
    result, camera = tracked[0].track, tracked[0].capture.cameras[0]
    detected = result.observations["landmarks"]
    assert detected.shape == (20, 478, 3)
    assert result.observations["scores"].shape == (20, 51)
    points = result.rig.landmarks["mediapipe478"].on(
        pose_rig(result.rig, result.poses).vertices, result.rig.faces
    )
    errors = (camera.project(points) - detected[..., :2]).norm(dim=-1).mean(-1)
    torch.testing.assert_close(errors, result.residuals, atol=0.02, rtol=0)
    # Four pixels at 512 are one at 128.
    assert float(errors.mean()) < 1
    assert result.origin == "tracked"


def test_the_person_is_cut_out_in_straight_colours(
    tracked: tuple[TrackedVideo, list[str]],
) -> None:
    capture = tracked[0].capture
    frame = read_frame(capture, 3)
    landmarks = tracked[0].track.observations["landmarks"][3]
    column, row = landmarks[1, :2].long().tolist()
    assert frame.matte[row, column] == 1
    assert 0.2 < float(frame.matte.mean()) < 0.9
    assert not frame.image[frame.matte == 0].any()
    assert read_picture(image_path(capture, 3)).shape == (SIZE, SIZE, 4)


def test_every_stage_is_told(tracked: tuple[TrackedVideo, list[str]]) -> None:
    assert tracked[1] == ["finding the face", "cutting the person out", "fitting the head"]


@pytest.mark.parametrize(("count", "expected"), [(12, 10), (20, 17), (354, 301), (2, 1)])
def test_the_last_frames_are_for_testing(count: int, expected: int) -> None:
    assert num_training(count) == expected


def test_a_clip_without_a_face(shared_data: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_frames(14))
    with pytest.raises(TrackingError, match="no face was found in any of 14 frames"):
        look(clip)


def test_a_clip_with_two_faces(frames: list[np.ndarray], tmp_path: Path) -> None:
    both = [np.concatenate([frame, frame[:, ::-1]], 1) for frame in frames[:14]]
    with pytest.raises(TrackingError, match=r"two faces are in the picture .* crop the video"):
        look(write_clip(tmp_path / "clip.mp4", both))


def test_a_clip_with_a_cut(frames: list[np.ndarray], tmp_path: Path) -> None:
    aside = [np.full((256, 256, 3), 90, np.uint8) for _ in range(14)]
    for picture, frame in zip(aside, frames, strict=False):
        picture[90:240, 20:170] = shrunk(frame, 150)
    clip = write_clip(tmp_path / "clip.mp4", [*frames[:15], *aside])
    with pytest.raises(TrackingError, match=r"the video has a cut at 0\.50 s; .*--shot longest"):
        look(clip)
    assert look(clip, end=0.45) == []
    settings = TrackSettings(SIZE, shot="longest")
    sightings, [warning] = look_at_clip(clip, settings, lambda done, total, text: None)
    assert sightings.indices.tolist() == list(range(15))
    assert warning.startswith("cuts at 0.50 s: only the longest shot is used")


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "the video is a single picture"), (7, "the clip is too short: 7 frames")],
)
def test_a_clip_that_is_too_short(
    frames: list[np.ndarray], tmp_path: Path, count: int, text: str
) -> None:
    with pytest.raises(TrackingError, match=text):
        look(write_clip(tmp_path / "clip.mp4", frames[:count]))


def test_a_phones_portrait_clip(frames: list[np.ndarray], tmp_path: Path) -> None:
    lying = [np.rot90(frame, 1) for frame in frames[:13]]
    upright = turn_on_display(write_clip(tmp_path / "phone.mp4", lying))
    assert look(upright) == []


def test_a_face_that_is_away_for_a_while(frames: list[np.ndarray], tmp_path: Path) -> None:
    wall = np.full((256, 256, 3), 60, np.uint8)
    clip = write_clip(tmp_path / "clip.mp4", [*frames[:13], *[wall] * 2])
    settings = TrackSettings(SIZE, shot="longest")
    sightings, warnings = look_at_clip(clip, settings, lambda done, total, text: None)
    assert len(sightings) == 13
    assert warnings


def unreadable(folder: Path) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(b"\0" * 4000)
    return path


@pytest.mark.parametrize("make", [unreadable, lambda folder: folder / "gone.mp4"])
def test_an_unreadable_clip(
    shared_data: Path, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    with pytest.raises(TrackingError, match=r"cannot be read as a video|there is no file"):
        track_video(make(tmp_path), tmp_path / "capture")
    assert not (tmp_path / "capture").exists()


def test_a_size_that_shows_nothing(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="a size of 16 pixels shows no face"):
        track_video(tmp_path / "clip.mp4", tmp_path / "capture", TrackSettings(size=16))


def test_missing_models_are_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelFileError, match="incarnate doctor --fetch"):
        track_video(tmp_path / "gone.mp4", tmp_path / "capture")


def test_missing_mediapipe_is_told_before_any_work(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise TrackingError("tracking needs MediaPipe")

    monkeypatch.setattr(track, "load_mediapipe", missing)
    with pytest.raises(TrackingError, match="needs MediaPipe"):
        track_video(tmp_path / "gone.mp4", tmp_path / "capture")


def test_a_folder_of_other_things_is_left_alone_before_any_work(tmp_path: Path) -> None:
    kept = tmp_path / "photos" / "holiday.txt"
    kept.parent.mkdir()
    kept.write_text("keep me")
    with pytest.raises(CaptureError, match="is not a capture; it is left alone"):
        track_video(tmp_path / "gone.mp4", kept.parent, TrackSettings(SIZE))
    assert kept.read_text() == "keep me"


def test_errors_are_of_the_users_kind() -> None:
    assert issubclass(TrackingError, IncarnateError)
