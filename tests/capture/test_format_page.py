"""What docs/capture-format.md shows is what the package does."""

import re
import runpy
from pathlib import Path

import pytest
from tests.capture.tiny import tiny_pixels

from incarnate.capture.files import load_capture
from incarnate.capture.layout import TRUTH_KINDS
from incarnate.capture.manifest import VERSION, parse_manifest
from incarnate.capture.pictures import write_picture


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "capture-format.md").read_text(encoding="utf-8")


def block(page: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_read(page: str) -> None:
    manifest = parse_manifest(block(page, "json"))
    assert [camera.name for camera in manifest.cameras] == ["front", "side"]
    assert [frame.split for frame in manifest.frames] == ["train", "test"]
    assert manifest.consent is not None


def test_the_page_is_of_this_version_and_names_all_kinds(page: str) -> None:
    assert f"Version {VERSION}." in page
    assert all(f"`{kind}`" in page for kind in TRUTH_KINDS)


def test_the_program_writes_a_capture(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for index in range(8):
        write_picture(tmp_path / "mine" / f"{index:03d}.png", tiny_pixels(index))
    (tmp_path / "program.py").write_text(block(page, "python"), encoding="utf-8")
    runpy.run_path(str(tmp_path / "program.py"))
    capture = load_capture(tmp_path / "me-capture")
    assert capture.indices("test") == [7]
    # It is not tracked yet, and nothing else is wrong with it.
    assert capsys.readouterr().out == ("capture: the capture has no track; run `incarnate track`\n")
