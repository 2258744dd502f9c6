"""A face before a camera, or in a video, as live motion: MediaPipe's scores and the head's turn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.spatial.transform import Rotation

from incarnate.drive.arkit import ARKIT_CHANNELS, ARKIT_EXPRESSIONS
from incarnate.drive.live import Inbox, LiveFrame, clock
from incarnate.errors import IncarnateError
from incarnate.rigs.embedded import default_head_rig
from incarnate.tracking.camera import read_camera
from incarnate.tracking.landmarks import Face, face_finder
from incarnate.tracking.video import read_video

Picture = UInt8[np.ndarray, "height width 3"]
Pictures = Iterator[tuple[float | None, Picture]]
"""Pictures, each with the second at which it is to be shown; None for as soon as it comes."""

_NOSE_TIP = 1


@runtime_checkable
class Finder(Protocol):
    """What finds faces; see `incarnate.tracking.landmarks.FaceFinder`."""

    def find(self, image: Picture) -> list[Face]:
        """The faces of the next picture, largest first."""
        ...


@final
class CameraFeed:
    """A thread that looks at pictures; see `incarnate.drive.live.Feed`.

    Age counts from when a picture was there, so that it includes the time to find the face.
    """

    def __init__(
        self,
        pictures: Callable[[], Pictures],
        finder: Callable[[], AbstractContextManager[Finder]] = face_finder,
    ) -> None:
        """Nothing is opened before `start`.

        Args:
            pictures: Opens the camera or video.
            finder: Opens the face finder.
        """
        self._pictures = pictures
        self._finder = finder
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, inbox: Inbox) -> None:
        """See `Feed`; a camera that can't be opened shows in the inbox."""
        self._thread = threading.Thread(
            target=self._look, args=(inbox,), daemon=True, name="incarnate-camera"
        )
        self._thread.start()

    def stop(self) -> None:
        """See `Feed`."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _look(self, inbox: Inbox) -> None:
        try:
            with self._finder() as finder:
                start = clock()
                for due, picture in self._pictures():
                    wait = 0.0 if due is None else start + due - clock()
                    if self._stop.wait(max(wait, 0.0)):
                        return
                    # Pictures that nobody could look at in time are passed over, as a camera does.
                    if due is None or wait > -0.1:
                        _see(finder, picture, inbox)
        except IncarnateError as error:
            inbox.close(error)
        else:
            inbox.close()


def _see(finder: Finder, picture: Picture, inbox: Inbox) -> None:
    arrived = clock()
    faces = finder.find(picture)
    if faces:
        inbox.put(LiveFrame(arrived, face=channels_of(faces[0])))
    else:
        inbox.refuse("a picture without a face")


def camera_pictures(device: str) -> Pictures:
    """The pictures of a camera, as they come."""
    for picture in read_camera(device):
        yield None, picture


def video_pictures(path: Path) -> Pictures:
    """The pictures of a video at their times."""
    for frame in read_video(path):
        yield frame.time, frame.image


def channels_of(face: Face) -> Float[np.ndarray, "61"]:
    """ARKit's channels of a face that MediaPipe found."""
    channels = np.zeros(len(ARKIT_CHANNELS))
    for name, score in zip(face.score_names, face.scores, strict=True):
        if name in ARKIT_EXPRESSIONS:
            channels[ARKIT_CHANNELS.index(name)] = np.clip(score, 0, 1)
    # Gaze is in the eyeLook scores.
    first = len(ARKIT_EXPRESSIONS)
    channels[first : first + 3] = head_angles(face.points)
    return channels


def head_angles(points: Float[np.ndarray, "478 3"]) -> Float[np.ndarray, "3"]:
    """Yaw, pitch and roll of a head, by where its landmarks are in a picture.

    The turn that best takes the embedded head's landmarks above the tip of the nose, which
    expressions move least, to those of the picture.

    Args:
        points: MediaPipe's, pixels; depth in the same unit, negative towards the camera.

    Returns:
        Radians, as `incarnate.drive.arkit.FaceRecording` has them.
    """
    rest, upper = head_points()
    # The picture has y down and depth away from the camera, which the subject faces.
    seen = points * np.array([1.0, -1.0, -1.0])
    centred = [values[upper] - values[upper].mean(0) for values in (seen, rest)]
    turn = Rotation.align_vectors(*centred)[0]
    return turn.as_euler("YXZ")


def head_points() -> tuple[Float[np.ndarray, "478 3"], Bool[np.ndarray, "478"]]:
    """MediaPipe's landmarks on the embedded head at rest, and which of them tell its turn."""
    rig = default_head_rig()
    rest = rig.landmarks["mediapipe478"].on(rig.vertices, rig.faces).double().numpy()
    return rest, rest[:, 1] > rest[_NOSE_TIP, 1]
