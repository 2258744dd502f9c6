"""A ball of splats, and a tiny capture of it that is written once."""

from pathlib import Path

import pytest
from tests.evaluate.ball import Ball, tiny_rig, write_ball_capture

from incarnate.capture.capture import Capture
from incarnate.capture.files import load_capture


@pytest.fixture(scope="session")
def ball() -> Ball:
    return Ball(tiny_rig())


@pytest.fixture(scope="session")
def ball_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("captures") / "ball"
    write_ball_capture(folder)
    return folder


@pytest.fixture
def ball_capture(ball_folder: Path) -> Capture:
    return load_capture(ball_folder)
