"""The made person's capture, written once for all journeys."""

from pathlib import Path

import pytest
from tests.journeys.made import write_made_capture


@pytest.fixture(scope="session")
def made_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "capture"
    write_made_capture(folder)
    return folder
