"""Tiny captures and untrained avatars on them, written once, for all commands."""

from pathlib import Path

import pytest
from tests.avatars.moving_bodies import small_body, write_body_capture
from tests.avatars.people import small_avatar, write_painted_capture

from incarnate.avatars.body_files import save_body
from incarnate.avatars.files import save_avatar, stage_of
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track


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


@pytest.fixture(scope="session")
def body_capture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-body") / "waving"
    write_body_capture(folder)
    return folder


@pytest.fixture(scope="session")
def body_folder(body_capture_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-body") / "eve"
    capture = load_capture(body_capture_folder)
    save_body(small_body(), stage_of(capture, load_track(capture)), folder)
    return folder
