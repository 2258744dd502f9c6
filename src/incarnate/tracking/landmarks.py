"""MediaPipe's face landmarker: 478 points, 52 expression scores and a head pose for each face."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, UInt8

from incarnate.model_files import find_model
from incarnate.tracking.detectors import load_mediapipe

if TYPE_CHECKING:
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarker

NUM_POINTS = 478
"""MediaPipe's face mesh: 468 points of the skin, then 5 of each iris."""

_SMALL_FACE = 0.22
_WINDOW = 3.2
_SEARCH_PERIOD = 10
_FRAME_MILLISECONDS = 33


@dataclass(frozen=True)
class Face:
    """One face in one picture."""

    points: Float[np.ndarray, "points 3"]
    """Pixels of the whole picture; the third column is MediaPipe's relative depth in the same
    scale, negative towards the camera, zero at the head's centre."""
    scores: Float[np.ndarray, "scores"]
    """Expression scores in [0, 1], in the order of `score_names`."""
    score_names: tuple[str, ...]
    """ARKit names (``browDownLeft`` …, ``jawOpen`` and the eyeLook units among them)."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the skin's points, pixels."""
        low, high = self.points[:468, :2].min(0), self.points[:468, :2].max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def center(self) -> Float[np.ndarray, "2"]:
        """Middle of the box, pixels."""
        left, top, right, bottom = self.box
        return np.array([0.5 * (left + right), 0.5 * (top + bottom)])

    @property
    def size(self) -> float:
        """Longer side of the box, pixels."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


Window = tuple[int, int, int, int]
"""Left, top, width, height in pixels of a picture."""


class FaceFinder:
    """Finds the faces of a clip's pictures, shown in order; small ones in a window around them.

    MediaPipe's detector looks at a picture shrunk to 128 pixels and misses faces under about a
    fifth of it. Where the face is small, the tracker is shown a window around it; where no face is
    seen in the whole picture, overlapping tiles are tried.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._searcher = _landmarker(model, "IMAGE")
        self._follower: FaceLandmarker | None = None
        self._window: Window = (0, 0, 0, 0)
        self._count = 0
        self._failures = 0

    def close(self) -> None:
        """Free the detectors."""
        self._searcher.close()
        self._let_go()

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Face]:
        """The faces of the next picture of the clip, largest first.

        Args:
            image: sRGB, contiguous.

        Returns:
            The faces seen; where a window is followed, one outside of it shows only in every tenth
            picture.
        """
        self._count += 1
        faces = self._followed(image)
        if not faces:
            self._let_go()
            found = self._searched(image)
            if found:
                self._follow(_window_around(max(found, key=lambda face: face.size), image))
                # Seen again by the follower, so that the first frame is measured like the others.
                faces = _merged(self._followed(image), found)
        elif self._window != _whole(image):
            if self._count % _SEARCH_PERIOD == 0:
                faces = _merged(faces, _detect(self._searcher, image, _whole(image)))
            if not _is_inside(faces[0], self._window):
                self._follow(_window_around(faces[0], image))
        self._failures = 0 if faces else self._failures + 1
        return sorted(faces, key=lambda face: -face.size)

    def _followed(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Face]:
        if self._follower is None:
            return []
        return _detect(self._follower, image, self._window, self._count * _FRAME_MILLISECONDS)

    def _searched(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Face]:
        faces = _detect(self._searcher, image, _whole(image))
        # Tiles cost nine detections: in a stretch without a face look at some pictures only.
        if not faces and self._failures % _SEARCH_PERIOD == 0:
            for tile in _tiles(image):
                faces = _merged(faces, _detect(self._searcher, image, tile))
        return faces

    def _follow(self, window: Window) -> None:
        self._let_go()
        self._follower = _landmarker(self._model, "VIDEO")
        self._window = window

    def _let_go(self) -> None:
        if self._follower is not None:
            self._follower.close()
        self._follower = None


@contextmanager
def face_finder() -> Iterator[FaceFinder]:
    """A face finder for one clip, freed at the end.

    Raises:
        ModelFileError: The model file is missing.
    """
    finder = FaceFinder(find_model("face_landmarker"))
    try:
        yield finder
    finally:
        finder.close()


def _landmarker(model: Path, mode: str) -> "FaceLandmarker":
    tasks = load_mediapipe().tasks
    vision = tasks.vision
    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(model)),
        running_mode=vision.RunningMode[mode],
        num_faces=2,
        output_face_blendshapes=True,
    )
    return vision.FaceLandmarker.create_from_options(options)


def _detect(
    detector: "FaceLandmarker",
    image: UInt8[np.ndarray, "height width 3"],
    window: Window,
    milliseconds: int | None = None,
) -> list[Face]:
    mediapipe = load_mediapipe()
    left, top, width, height = window
    part = np.ascontiguousarray(image[top : top + height, left : left + width])
    picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=part)
    if milliseconds is None:
        result = detector.detect(picture)
    else:
        result = detector.detect_for_video(picture, milliseconds)
    scale = np.array([width, height, width])
    shift = np.array([left, top, 0])
    return [
        _face(points, scores, scale, shift)
        for points, scores in zip(result.face_landmarks, result.face_blendshapes, strict=True)
    ]


def _face(points: Any, scores: Any, scale: np.ndarray, shift: np.ndarray) -> Face:
    unit = np.array([(point.x, point.y, point.z) for point in points], np.float64)
    units = [score for score in scores if score.category_name != "_neutral"]
    return Face(
        points=unit * scale + shift,
        scores=np.array([score.score for score in units], np.float64),
        score_names=tuple(score.category_name for score in units),
    )


def _whole(image: UInt8[np.ndarray, "height width 3"]) -> Window:
    return 0, 0, image.shape[1], image.shape[0]


def _tiles(image: UInt8[np.ndarray, "height width 3"]) -> list[Window]:
    """Nine overlapping windows of half the picture's sides."""
    height, width = image.shape[:2]
    return [
        (column * width // 4, row * height // 4, width // 2, height // 2)
        for row in range(3)
        for column in range(3)
    ]


def _window_around(face: Face, image: UInt8[np.ndarray, "height width 3"]) -> Window:
    """The whole picture, or a square window where the face is small in it."""
    height, width = image.shape[:2]
    if face.size > _SMALL_FACE * max(height, width):
        return _whole(image)
    side = int(min(max(_WINDOW * face.size, 64), height, width))
    left = int(np.clip(face.center[0] - 0.5 * side, 0, width - side))
    top = int(np.clip(face.center[1] - 0.5 * side, 0, height - side))
    return left, top, side, side


def _is_inside(face: Face, window: Window) -> bool:
    """Whether a margin of half a face is left on each side (or the face fills the window)."""
    left, top, width, height = window
    offset = np.abs(face.center - [left + 0.5 * width, top + 0.5 * height])
    return bool((offset + face.size < 0.5 * np.array([width, height]) + 1).all())


def _merged(faces: list[Face], more: list[Face]) -> list[Face]:
    """Both lists, without faces of the second that lie on a face of the first."""
    kept = list(faces)
    for face in more:
        if all(np.linalg.norm(face.center - k.center) > 0.5 * k.size for k in kept):
            kept.append(face)
    return kept
