"""Sightings without a video."""

import numpy as np

from incarnate.tracking.sightings import Sightings


def made_sightings(
    count: int, *, center: tuple[float, float] = (960.0, 540.0), face: float = 300.0,
    width: int = 1920, height: int = 1080, shots: int = 1,
) -> Sightings:  # fmt: skip
    """A face that sways a little in one place; each shot has its own place and background."""
    generator = np.random.default_rng(11)
    cloud = generator.uniform(-0.5, 0.5, (478, 3)) * face
    cloud[0, :2], cloud[1, :2] = -0.5 * face, 0.5 * face  # the box is as large as it is said to be
    shot = np.arange(count) * shots // count
    sway = 0.01 * face * np.sin(np.arange(count) / 5)
    points = np.tile(cloud, (count, 1, 1))
    points[..., 0] += center[0] + sway[:, None] + 0.4 * face * shot[:, None]
    points[..., 1] += center[1]
    backgrounds = generator.integers(0, 255, (shots, 16, 16, 3))
    thumbnails = backgrounds[shot] + generator.integers(-2, 3, (count, 16, 16, 3))
    return Sightings(
        width=width,
        height=height,
        times=np.arange(count) / 30,
        indices=np.arange(count),
        points=points,
        scores=np.zeros((count, 2)),
        score_names=("jawOpen", "eyeBlinkLeft"),
        thumbnails=np.clip(thumbnails, 0, 255).astype(np.uint8),
        second_sizes=np.zeros(count),
    )
