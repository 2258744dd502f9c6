"""What a detector saw of a head in every frame of a clip, and how far each landmark is trusted."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from incarnate.geometry.cameras import Camera
from incarnate.rigs.landmarks import (
    MEDIAPIPE_BROWS,
    MEDIAPIPE_CONTOUR,
    MEDIAPIPE_EYES,
    MEDIAPIPE_IRISES,
    MEDIAPIPE_LEFT_IRIS,
    MEDIAPIPE_LIPS,
    MEDIAPIPE_RIGHT_IRIS,
)
from incarnate.tracking.evidence import Evidence


@dataclass(frozen=True)
class HeadObservations:
    """What was seen of a head, one entry a frame, in pixels of the crop."""

    times: Float[np.ndarray, "frames"]
    """Seconds."""
    points: Float[np.ndarray, "frames landmarks 3"]
    """Landmarks with relative depth."""
    scores: Float[np.ndarray, "frames scores"]
    """Expression scores in [0, 1]."""
    score_names: tuple[str, ...]
    picture: Camera
    """The crop: its size and principal point (focal length and pose are ignored)."""
    longer_side: float
    """Of the whole video's picture, in pixels of the crop."""


def landmark_evidence(seen: HeadObservations, *, sigma: float, correlation: float) -> Evidence:
    """What was seen of the landmarks as evidence for a fit, each weighed by what it is worth.

    Args:
        seen: Of every frame.
        sigma: Usual error of a landmark, as a share of the face's size in the picture.
        correlation: How many neighbouring landmarks err together: each counts by its inverse.
    """
    points = torch.from_numpy(seen.points[..., :2])
    weights = torch.ones(points.shape[1], dtype=torch.float64)
    weights[list(MEDIAPIPE_BROWS)] = 1.5
    weights[list(MEDIAPIPE_LIPS + MEDIAPIPE_EYES)] = 4.0
    weights[list(MEDIAPIPE_CONTOUR)] = 0.25
    weights[list(MEDIAPIPE_IRISES)] = 4.0
    weights = weights.expand(points.shape[:2]) / correlation
    weights = weights.clone()
    scores = dict(zip(seen.score_names, torch.from_numpy(seen.scores).T, strict=True))
    for side, iris in (("Left", MEDIAPIPE_LEFT_IRIS), ("Right", MEDIAPIPE_RIGHT_IRIS)):
        # Behind a closed lid the detector only guesses the iris.
        closed = scores.get(f"eyeBlink{side}", torch.zeros(len(points)))
        weights[:, list(iris)] *= (1.2 - 2 * closed).clamp(0.02, 1)[:, None]
    extent = (points.amax(1) - points.amin(1)).amax(-1).median()
    return Evidence(points, weights, sigma=sigma * float(extent))
