"""A face before a camera; no camera is opened here."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from tests.drive.senders import eventually

from incarnate.drive import live_camera
from incarnate.drive.arkit import ARKIT_CHANNELS, FaceRecording
from incarnate.drive.live import Inbox
from incarnate.drive.live_camera import (
    CameraFeed,
    Picture,
    Pictures,
    camera_pictures,
    channels_of,
    head_angles,
    video_pictures,
)
from incarnate.drive.retargeting import clip_from_arkit
from incarnate.errors import TrackingError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.skinning import pose_rig
from incarnate.tracking.landmarks import Face


def points_of(yaw: float, pitch: float, roll: float, jaw: float = 0.0) -> np.ndarray:
    """Landmarks of the embedded head in a picture of 512 pixels, as MediaPipe has them."""
    rig = default_head_rig()
    values = np.zeros((1, len(ARKIT_CHANNELS)))
    values[0, ARKIT_CHANNELS.index("jawOpen")] = jaw
    values[0, -9:-6] = yaw, pitch, roll
    pose = clip_from_arkit(FaceRecording(np.zeros(1), values, 60.0), rig).poses[0]
    vertices = pose_rig(rig, pose).vertices
    marks = rig.landmarks["mediapipe478"].on(vertices, rig.faces).double().numpy()
    return 1500 * (marks - [0, 1.5, 0]) * [1, -1, -1] + [256, 256, 0]


def face_of(points: np.ndarray) -> Face:
    return Face(points, np.array([0.25, 0.5]), ("jawOpen", "mouthSmileLeft"))


class Finder:
    """Sees a face in bright pictures."""

    def find(self, image: Picture) -> list[Face]:
        return [face_of(points_of(0.2, 0.0, 0.0))] if image.mean() > 100 else []


@contextmanager
def finder() -> Iterator[Finder]:
    yield Finder()


@pytest.mark.parametrize(
    "angles", [(0.0, 0.0, 0.0), (0.4, 0, 0), (0, 0.3, 0), (0, 0, -0.2), (0.3, -0.2, 0.1)]
)
def test_the_heads_turn_is_seen(angles: tuple[float, float, float]) -> None:
    points = points_of(*angles, jaw=0.5)
    # Skin about the neck follows the head only in part: a sixth of the turn at most is lost.
    np.testing.assert_allclose(head_angles(points), angles, atol=0.06)


def test_a_rigid_turn_is_seen_exactly() -> None:
    rest = points_of(0, 0, 0)
    turn = Rotation.from_euler("YXZ", [0.3, -0.2, 0.1])
    flip = np.array([1.0, -1.0, -1.0])
    turned = turn.apply(rest * flip) * flip + [10, 20, 30]
    # Landmarks are float32 metres.
    np.testing.assert_allclose(head_angles(turned), [0.3, -0.2, 0.1], atol=1e-5)


def test_scores_become_channels() -> None:
    channels = channels_of(face_of(points_of(0.2, 0, 0)))
    assert channels[ARKIT_CHANNELS.index("jawOpen")] == 0.25
    assert channels[ARKIT_CHANNELS.index("mouthSmileLeft")] == 0.5
    assert channels[ARKIT_CHANNELS.index("headYaw")] == pytest.approx(0.2, abs=0.05)


def test_pictures_with_a_face_become_frames() -> None:
    bright, dark = np.full((4, 4, 3), 200, np.uint8), np.zeros((4, 4, 3), np.uint8)

    def pictures() -> Pictures:
        for picture in (bright, dark, bright):
            yield None, picture

    feed, inbox = CameraFeed(pictures, finder), Inbox()
    feed.start(inbox)
    eventually(lambda: inbox.num_refused == 1)
    kept = []
    eventually(lambda: bool(kept.extend(inbox.drain())) or len(kept) == 2)
    assert inbox.complaint(0.0) == "dropped 1 of what came, last a picture without a face"
    feed.stop()
    assert inbox.has_ended


def test_a_video_plays_at_its_pace() -> None:
    def pictures() -> Pictures:
        for due in (0.0, 0.1, 0.2):
            yield due, np.full((4, 4, 3), 200, np.uint8)

    feed, inbox = CameraFeed(pictures, finder), Inbox()
    feed.start(inbox)
    kept = []
    eventually(lambda: bool(kept.extend(inbox.drain())) or inbox.has_ended)
    feed.stop()
    arrived = [frame.arrived for frame in kept]
    # Never early; late by what a busy machine makes of it.
    assert np.diff(arrived).min() > 0.05


def test_a_stopped_feed_does_not_wait_for_the_next_picture() -> None:
    def pictures() -> Pictures:
        yield 1000.0, np.zeros((4, 4, 3), np.uint8)

    feed = CameraFeed(pictures, finder)
    feed.start(Inbox())
    start = time.perf_counter()
    feed.stop()
    assert time.perf_counter() - start < 2


def test_what_can_not_be_opened_shows_in_the_inbox(tmp_path: Path) -> None:
    feed, inbox = CameraFeed(lambda: video_pictures(tmp_path / "none.mp4"), finder), Inbox()
    feed.start(inbox)

    def failed() -> bool:
        try:
            inbox.drain()
        except TrackingError as error:
            return "there is no file" in str(error)
        return False

    eventually(failed)
    feed.stop()
    assert not inbox.has_ended


def test_pictures_of_a_camera_come_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((4, 6, 3), np.uint8)
    monkeypatch.setattr(live_camera, "read_camera", lambda device: iter([picture, picture]))
    assert [due for due, _ in camera_pictures("0")] == [None, None]
    assert torch.from_numpy(picture).shape == (4, 6, 3)
