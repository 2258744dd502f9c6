"""What lies beside the page for a webcam: what was published, and no more than is asked for."""

import gzip
import json
import re
from pathlib import Path

import pytest

from incarnate.view.web import viewer_page
from incarnate.view.webcam import PART_NAMES, WASM_NAME, WORKER_NAME, page_with_webcam, webcam_parts


def test_the_parts_are_code_for_browsers_and_packed() -> None:
    parts = webcam_parts()
    assert tuple(parts) == PART_NAMES
    assert gzip.decompress(parts[WASM_NAME])[:8] == b"\0asm\1\0\0\0"
    # Said in docs/viewer.md.
    assert sum(map(len, parts.values())) < 3_300_000


def test_the_compiled_code_is_that_of_the_pinned_release(repository: Path) -> None:
    facts = json.loads((repository / "viewer" / "package.json").read_text())
    version = facts["devDependencies"]["@mediapipe/tasks-vision"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert f"tasks-vision {version}," in webcam_parts()[WORKER_NAME].decode()
    published = repository / "viewer/node_modules/@mediapipe/tasks-vision/wasm"
    if not published.is_dir():
        pytest.skip("viewer/node_modules is absent; make viewer fills it")
    content = gzip.decompress(webcam_parts()[WASM_NAME])
    assert content == (published / "vision_wasm_internal.wasm").read_bytes()


def test_the_script_reports_to_nobody() -> None:
    script = webcam_parts()[WORKER_NAME].decode()
    # Releases from 1.0 on report their use to their publisher; this one has no such address.
    addresses = set(re.findall(r"https?://[\w.-]+", script.partition("*/")[2]))
    assert addresses == set(), addresses


@pytest.mark.parametrize(("has_model", "word"), [(True, "model"), (False, "parts")])
def test_the_page_names_what_lies_beside_it(has_model: bool, word: str) -> None:
    page = page_with_webcam(viewer_page(), has_model=has_model)
    assert f'<meta name="webcam" content="{word}">'.encode() in page
    assert len(page) == len(viewer_page()) + len(word)
