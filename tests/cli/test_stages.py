from pathlib import Path

import pytest

from incarnate.cli.demo_notes import open_notes
from incarnate.cli.stages import Stage, is_newer, is_trained, run_stage


def test_a_stage_that_is_done_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = open_notes(tmp_path / "demo", "smoke", None)
    ran: list[str] = []
    run_stage(Stage("train", lambda: False, lambda _: ran.append("once")), notes)
    run_stage(Stage("train", lambda: True, lambda _: ran.append("twice")), notes)
    assert ran == ["once"]
    assert list(notes.seconds) == ["train"]
    assert "train: done before" in capsys.readouterr().out


def test_an_empty_folder_is_not_trained(tmp_path: Path) -> None:
    assert not is_trained(tmp_path, 100)


def test_a_missing_file_is_not_newer(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert is_newer(tmp_path / "a", tmp_path / "a")
    assert not is_newer(tmp_path / "b", tmp_path / "a")
