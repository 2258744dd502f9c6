"""A tiny capture and an untrained avatar on it, written once, for all commands."""

from pathlib import Path

import pytest
from tests.avatars.people import small_avatar, write_painted_capture

from incarnate.avatars.files import save_avatar
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.train.fit import stage_of


@pytest.fixture(scope="session")
def capture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "painted"
    write_painted_capture(folder, size=48, num_frames=6)
    return folder


@pytest.fixture(scope="session")
def avatar_folder(capture_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-avatar") / "ada"
    capture = load_capture(capture_folder)
    save_avatar(small_avatar(), stage_of(capture, load_track(capture)), folder)
    return folder
