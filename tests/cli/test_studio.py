"""The studio as commands open it: on avatars, captures and trainings, on loopback."""

from pathlib import Path

import pytest
from tests.avatars.people import write_painted_capture

pytest.importorskip("viser", reason="the studio's extra is not installed")

from incarnate.cli import main
from incarnate.cli.studio import StudioShow, show_studio, watched
from incarnate.errors import AvatarError
from incarnate.view.server import Door


class DoneError(Exception):
    """Stands in for Ctrl-C."""


def stop() -> None:
    raise DoneError


SHOW = StudioShow(Door(), 0, opens=False, wait=stop)


def test_it_opens_on_an_avatar_with_its_capture(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = write_painted_capture(tmp_path / "capture", num_frames=3)
    with pytest.raises(DoneError):
        show_studio(avatar_folder, SHOW, capture=capture.folder)
    assert "at http://127.0.0.1:" in capsys.readouterr().out


def test_it_opens_on_a_capture_alone(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", num_frames=3)
    with pytest.raises(DoneError):
        show_studio(capture.folder, SHOW)


def test_what_is_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="no avatar"):
        show_studio(tmp_path, SHOW)
    assert main(["view", str(tmp_path), "--capture", str(tmp_path)]) == 2


def test_a_training_is_watched_only_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with watched(tmp_path / "avatar", False):
        pass
    assert capsys.readouterr().err == ""
    with watched(tmp_path / "avatar", True):
        pass
    assert "watch it at http://127.0.0.1:" in capsys.readouterr().err
