"""Cuts: a clip must be one shot, for its camera and its light are fitted once."""

from typing import Literal

import numpy as np
from jaxtyping import Float

from incarnate.errors import TrackingError
from incarnate.tracking.sightings import Sightings

ShotChoice = Literal["whole", "longest"]
"""What to do with a cut: refuse the clip, or keep its longest shot."""

_FACE_JUMP = 0.05
_PICTURE_JUMP = 0.01
_SCENE_JUMP = 0.12
_ISOLATION = 3.5


def find_cuts(sightings: Sightings) -> list[int]:
    """Indices of the frames that begin a new shot.

    A cut is a jump of the face *and* of the picture between two frames that stands out from the
    motion before and after; a flash moves no landmark, a quick turn of the head lasts longer than
    one step. Where the face is missing on one side, the picture alone must change as a whole.
    """
    face, picture = _face_steps(sightings), _picture_steps(sightings)
    seen_both = np.isfinite(face)
    face = np.nan_to_num(face)
    jump = seen_both & (face > _FACE_JUMP) & (picture > _PICTURE_JUMP)
    jump &= (face > _ISOLATION * _around(face)) & (picture > _ISOLATION * _around(picture))
    scene = ~seen_both & (picture > _SCENE_JUMP) & (picture > _ISOLATION * _around(picture))
    return [int(i) + 1 for i in np.flatnonzero(jump | scene)]


def choose_shot(sightings: Sightings, choice: ShotChoice) -> tuple[Sightings, list[str]]:
    """The clip if it is one shot; of several, the longest if that was asked for.

    Args:
        sightings: The whole clip.
        choice: ``whole`` refuses a cut, ``longest`` keeps the longest shot.

    Returns:
        The shot, and warnings about what was left out.

    Raises:
        TrackingError: There is a cut, and ``choice`` is ``whole``.
    """
    cuts = find_cuts(sightings)
    if not cuts:
        return sightings, []
    at = ", ".join(f"{sightings.times[cut]:.2f} s" for cut in cuts[:6])
    if choice == "whole":
        raise TrackingError(
            f"the video has {'a cut' if len(cuts) == 1 else f'{len(cuts)} cuts'} at {at}; an "
            "avatar is made of one shot: choose one with --start and --end, or let "
            "--shot longest take the longest"
        )
    bounds = [0, *cuts, len(sightings)]
    first = int(np.argmax(np.diff(bounds)))
    begin, end = bounds[first], bounds[first + 1]
    kept = sightings[begin:end]
    span = f"{kept.times[0]:.2f}-{kept.times[-1]:.2f} s"
    return kept, [f"cuts at {at}: only the longest shot is used ({span}, {len(kept)} frames)"]


def _face_steps(sightings: Sightings) -> Float[np.ndarray, "steps"]:
    """Median motion of the landmarks between frames over the face's size; NaN where unseen."""
    xy = sightings.points[..., :2]
    extent = (xy.max(1) - xy.min(1)).max(-1)
    moved = np.linalg.norm(xy[1:] - xy[:-1], axis=-1)
    return np.median(moved, axis=1) / extent[:-1]


def _picture_steps(sightings: Sightings) -> Float[np.ndarray, "steps"]:
    """Mean change of the thumbnail between frames, in [0, 1]."""
    values = sightings.thumbnails.astype(np.float64) / 255
    return np.abs(values[1:] - values[:-1]).mean((1, 2, 3))


def _around(steps: Float[np.ndarray, "steps"]) -> Float[np.ndarray, "steps"]:
    """The largest step within two steps before and after, without the step itself."""
    padded = np.pad(steps, 2)
    count = len(steps)
    return np.max([padded[k : k + count] for k in (0, 1, 3, 4)], axis=0)
