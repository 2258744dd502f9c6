"""A tiny capture that the tests of this room share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.capture.tiny import FRAMES, tiny_header, tiny_pixels, tiny_rig, tiny_track

from incarnate.capture.capture import Capture
from incarnate.capture.files import load_capture
from incarnate.capture.writing import CaptureWriter


@pytest.fixture
def make_capture(tmp_path: Path) -> Callable[..., Capture]:
    """Writes a tiny tracked capture; keyword arguments replace fields of its header."""

    def make(**changes: object) -> Capture:
        folder = tmp_path / "capture"
        with CaptureWriter(folder, tiny_header(**changes)) as writer:
            for index in range(FRAMES):
                split = "train" if index < FRAMES - 1 else "test"
                writer.write_image(writer.add_frame(index / 25, split), tiny_pixels(index))
            writer.write_rig(tiny_rig())
            writer.set_track(tiny_track())
        return load_capture(folder)

    return make
