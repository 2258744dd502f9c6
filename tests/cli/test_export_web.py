"""``incarnate export --format package`` and ``--format web``."""

from pathlib import Path

import pytest

from incarnate.cli import main
from incarnate.view.package import read_package


def test_a_package_is_asked_for_by_name(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "ada.glb"
    assert main(["export", str(avatar_folder), "-o", str(output), "--format", "package"]) == 0
    assert len(read_package(output).head.splats) == 600
    assert f"incarnate view {output}" in capsys.readouterr().out


def test_a_web_folder_is_a_page_with_the_avatar(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    assert main(["export", str(avatar_folder), "-o", str(folder), "--format", "web"]) == 0
    assert (folder / "index.html").is_file()
    assert len(read_package(folder / "avatar.glb").head.splats) == 600
    assert "visitors download" in capsys.readouterr().out


def test_a_web_folder_has_no_ending(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(avatar_folder), "-o", str(tmp_path / "a.html"), "--format", "web"]
    assert main(words) == 2
    assert "rename it" in capsys.readouterr().err
