"""The first look at a clip: the subject's face in every frame, and what speaks against the clip."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from incarnate.errors import TrackingError
from incarnate.tracking.landmarks import NUM_POINTS, Face, FaceFinder
from incarnate.tracking.video import MIN_FRAMES, VideoFrame

Progress = Callable[[int, int, str], None]
"""Called with what is done, how much there is (0 if unknown), and what is being done."""

_THUMBNAIL = 16
_SECOND_FACE_SIZE = 0.4
_SECOND_FACE_SECONDS = 1.0


@dataclass(frozen=True)
class Sightings:
    """What the detectors saw of one person over a clip; every array has one entry a frame."""

    width: int
    """Pixels of the upright video."""
    height: int
    times: Float[np.ndarray, "frames"]
    """Seconds."""
    indices: Int[np.ndarray, "frames"]
    """Which frames of the video these are."""
    points: Float[np.ndarray, "frames points 3"]
    """Landmarks in pixels of the video with relative depth; NaN where no face was seen."""
    scores: Float[np.ndarray, "frames scores"]
    """Expression scores in [0, 1]; NaN where no face was seen."""
    score_names: tuple[str, ...]
    thumbnails: UInt8[np.ndarray, "frames 16 16 3"]
    """Tiny pictures, by which cuts are found."""
    second_sizes: Float[np.ndarray, "frames"]
    """Size of the next largest face over the subject's; 0 where there is none."""

    @property
    def seen(self) -> Bool[np.ndarray, "frames"]:
        """Which frames show the face."""
        return np.isfinite(self.points[:, 0, 0])

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, chosen: "slice | np.ndarray") -> "Sightings":
        """Some of the frames."""
        return replace(
            self,
            times=self.times[chosen],
            indices=self.indices[chosen],
            points=self.points[chosen],
            scores=self.scores[chosen],
            thumbnails=self.thumbnails[chosen],
            second_sizes=self.second_sizes[chosen],
        )


def sight_clip(
    frames: Iterable[VideoFrame],
    finder: FaceFinder,
    *,
    num_expected: int = 0,
    progress: Progress | None = None,
) -> Sightings:
    """Find the subject's face in every frame of a clip.

    Args:
        frames: The clip, in order.
        finder: Freshly made for this clip.
        num_expected: How many frames to announce to ``progress``.
        progress: Told after each frame.

    Raises:
        TrackingError: The clip is a single picture or too short, or no frame shows a face.
    """
    times: list[float] = []
    indices: list[int] = []
    subject: list[Face | None] = []
    seconds: list[float] = []
    thumbnails: list[np.ndarray] = []
    width = height = 0
    last: Face | None = None
    for frame in frames:
        height, width = frame.image.shape[:2]
        faces = finder.find(frame.image)
        face = _subject(faces, last)
        last = face or last
        times.append(frame.time)
        indices.append(frame.index)
        subject.append(face)
        seconds.append(_second_size(faces, face))
        thumbnails.append(_thumbnail(frame.image))
        if progress is not None:
            progress(len(times), max(num_expected, len(times)), "finding the face")
    _check_length(len(times), subject)
    names = next(face.score_names for face in subject if face is not None)
    no_points, no_scores = np.full((NUM_POINTS, 3), np.nan), np.full(len(names), np.nan)
    return Sightings(
        width=width,
        height=height,
        times=np.array(times),
        indices=np.array(indices),
        points=np.stack([no_points if f is None else f.points for f in subject]),
        scores=np.stack([no_scores if f is None else f.scores for f in subject]),
        score_names=names,
        thumbnails=np.stack(thumbnails),
        second_sizes=np.array(seconds),
    )


def check_one_face(sightings: Sightings) -> list[str]:
    """Warnings about a second face that is small or soon gone.

    Raises:
        TrackingError: A second face is there to stay.
    """
    beside = sightings.second_sizes > _SECOND_FACE_SIZE
    period = float(np.median(np.diff(sightings.times)))
    if beside.sum() * period > min(_SECOND_FACE_SECONDS, 0.2 * len(sightings) * period):
        raise TrackingError(
            f"two faces are in the picture in {beside.sum()} of {len(sightings)} frames "
            f"({spans(sightings.times, beside)}); an avatar is made of one person: crop the video "
            "to them, or choose a part where they are alone with --start and --end"
        )
    other = sightings.second_sizes > 0
    if not other.any():
        return []
    return [
        f"another face, small or soon gone, was ignored in {other.sum()} frames "
        f"({spans(sightings.times, other)})"
    ]


def drop_unseen(sightings: Sightings) -> tuple[Sightings, list[str]]:
    """The frames that show the face, and a warning that names the others.

    Raises:
        TrackingError: Too few frames are left.
    """
    seen = sightings.seen
    if seen.sum() < MIN_FRAMES:
        raise TrackingError(
            f"the face was found in only {seen.sum()} of {len(seen)} frames; at least {MIN_FRAMES} "
            "are needed: take a clip in which the face is lit, in the picture and unhidden"
        )
    if seen.all():
        return sightings, []
    missing = f"no face in {(~seen).sum()} of {len(seen)} frames, which are left out "
    return sightings[seen], [missing + f"({spans(sightings.times, ~seen)})"]


def spans(times: Float[np.ndarray, "frames"], chosen: Bool[np.ndarray, "frames"]) -> str:
    """The chosen frames in words: ``frames 3-9 (0.10-0.30 s), frame 20 (0.67 s)``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
    runs = [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]
    words = [
        f"frame {a} ({times[a]:.2f} s)"
        if a == b
        else f"frames {a}-{b} ({times[a]:.2f}-{times[b]:.2f} s)"
        for a, b in runs[:4]
    ]
    return ", ".join(words) + (f" and {len(runs) - 4} more stretches" if len(runs) > 4 else "")


def _subject(faces: list[Face], last: Face | None) -> Face | None:
    """The face that goes on from the last one, else the largest."""
    if last is None:
        return faces[0] if faces else None
    near = [f for f in faces if np.linalg.norm(f.center - last.center) < last.size]
    return min(
        near or faces, key=lambda f: float(np.linalg.norm(f.center - last.center)), default=None
    )


def _second_size(faces: list[Face], subject: Face | None) -> float:
    if subject is None:
        return 0.0
    return max((face.size / subject.size for face in faces if face is not subject), default=0.0)


def _thumbnail(image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "16 16 3"]:
    small = Image.fromarray(image).resize(
        (_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX, reducing_gap=2.0
    )
    return np.asarray(small)


def _check_length(count: int, subject: list[Face | None]) -> None:
    if count == 1:
        raise TrackingError(
            "the video is a single picture; an avatar needs a clip in which the head moves and "
            "speaks, ten seconds or more"
        )
    if count < MIN_FRAMES:
        raise TrackingError(
            f"the clip is too short: {count} frames, at least {MIN_FRAMES} are needed, and ten "
            "seconds or more are advised; check --start, --end, --fps and --max-frames"
        )
    if not any(subject):
        raise TrackingError(
            f"no face was found in any of {count} frames; check that the video is upright, lit, "
            "and that the face is at least 50 pixels large"
        )
