"""The examples of the documentation run as they are written."""

import re
import runpy
import shutil
from pathlib import Path

import pytest
from tests.avatars.people import small_avatar

from incarnate.avatars.files import read_manifest, save_avatar, stage_of
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.light.files import save_environment
from incarnate.light.procedural import procedural_environment
from incarnate.view.package import packed

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


PAGES = ("README.md", *(f"docs/{name}.md" for name in
         ("python", "evaluate", "edit", "export", "light", "package")))  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_examples_run(
    page: str,
    made_capture: Path,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What `incarnate demo` leaves, but small and untrained.
    shutil.copytree(made_capture, tmp_path / "demo" / "capture")
    capture = load_capture(tmp_path / "demo" / "capture")
    stage = stage_of(capture, load_track(capture))
    folder = tmp_path / "demo" / "avatar"
    save_avatar(small_avatar(), stage, folder)
    # And what other commands leave.
    (tmp_path / "me").symlink_to(folder)
    (tmp_path / "me-capture").symlink_to(tmp_path / "demo" / "capture")
    (tmp_path / "me.glb").write_bytes(packed(small_avatar(), stage, read_manifest(folder)))
    save_environment(procedural_environment("sky", height=16), tmp_path / "sunset.hdr")
    blocks = blocks_of(repository / page)
    assert blocks
    # The blocks of a page go on from one another, as a reader types them.
    (tmp_path / "examples.py").write_text("\n".join(blocks), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("examples.py")


def test_every_python_block_of_the_documentation_compiles(repository: Path) -> None:
    pages = [repository / "README.md", *(repository / "docs").glob("*.md")]
    for page in pages:
        for number, block in enumerate(blocks_of(page), 1):
            compile(block, f"{page.name}, block {number}", "exec")
