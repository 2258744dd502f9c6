"""Writes a capture anew with another track, so that both can be compared."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.writing import save_track
from incarnate.errors import CaptureError
from incarnate.whole_files import whole


def write_retracked(
    capture: Capture, track: Track, folder: Path, provenance: Mapping[str, object]
) -> Capture:
    """Write a capture's files with another track into a new folder.

    Pictures are hard links where the disk allows it, and take no room; the capture stays as it is.

    Args:
        capture: The capture.
        track: One pose for each of its frames.
        folder: Where to; must not exist.
        provenance: Entries to add to the capture's own.

    Raises:
        CaptureError: The folder exists, or the track has another number of frames.
    """
    if folder.exists():
        raise CaptureError(f"{folder} exists; it is left alone. Give a folder that does not.")
    with whole(folder) as partial:
        shutil.copytree(capture.folder, partial, copy_function=_link_or_copy)
        save_track(track, partial, provenance)
    return load_capture(folder)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
