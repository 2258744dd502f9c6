"""A small made person, in seconds."""

from dataclasses import replace
from pathlib import Path

from incarnate.capture.capture import Capture
from incarnate.capture.synthetic import PRESETS, write_synthetic_capture

SETTINGS = replace(
    PRESETS["smoke"], size=64, num_frames=10, supersampling=2, light_samples=32, hair_locks=400
)


def write_made_capture(folder: Path) -> Capture:
    """Ten frames of 64 pixels, the last two for testing, those also under a sky."""
    return write_synthetic_capture(folder, SETTINGS)
