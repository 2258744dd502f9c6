"""A second pass of tracking: a small avatar learns how the person looks, and poses follow it.

Landmarks and a generic rig say roughly where a head is; what the person looks like, hair and ears
included, says it to a fraction of that. A training of half a minute on small pictures is enough
for it: aligned by a large avatar, poses are hardly better (docs/track.md).
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from incarnate.capture.capture import Capture, Track
from incarnate.train.fit import train_head
from incarnate.train.loop import Progress
from incarnate.train.pose_alignment import AlignmentSettings, align_track
from incarnate.train.recipes import DEMO, HeadRecipe

SMALL: Final[HeadRecipe] = replace(
    DEMO, preset="second pass", steps=400, size=192, coarse_steps=100, max_frames=150
)
"""Knows a person well enough to tell how the head is turned: half a minute on two cores."""


def second_pass(
    capture: Capture,
    track: Track,
    *,
    recipe: HeadRecipe = SMALL,
    settings: AlignmentSettings | None = None,
    progress: Progress | None = None,
) -> Track:
    """Train a small avatar on the training frames of a capture, and align all poses with it.

    Args:
        capture: The capture; stays as it is.
        track: Its track.
        recipe: How the avatar is trained.
        settings: How poses are aligned.
        progress: Called with what is done, what there is to do, and what is going on.

    Returns:
        The track with the head's pose and the opening of the jaw corrected (see `align_track`).

    Raises:
        AvatarError: No avatar can be trained on the capture.
    """
    with tempfile.TemporaryDirectory() as folder:
        avatar = train_head(capture, recipe, Path(folder), progress=progress)
    return align_track(avatar, capture, track, settings=settings, progress=progress)
