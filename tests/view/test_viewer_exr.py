"""OpenEXR lights in headless Chromium: the numbers that Python reads, and what is refused."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from tests.view.chromium import Chromium
from tests.view.packages import lively_avatar, lively_stage
from tests.view.viewer_pages import needs_chromium, viewer_page

from incarnate.light.files import load_environment
from incarnate.view.package import write_package

pytestmark = needs_chromium
HEIGHT = 40


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = tmp_path_factory.mktemp("exr") / "a.glb"
    avatar = lively_avatar()
    write_package(avatar, lively_stage(avatar), path)
    with viewer_page(path.read_bytes(), (200, 200)) as browser:
        yield browser


def pixels(kind: type = np.float32, channels: int = 3) -> np.ndarray:
    """Light no two of whose pixels are alike, from dim to bright."""
    generator = np.random.default_rng(0)
    return np.exp(2 * generator.standard_normal((HEIGHT, 2 * HEIGHT, channels))).astype(kind)


def write(path: Path, channels: dict[str, np.ndarray], compression: int) -> None:
    header = {"compression": compression, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


def drop(page: Chromium, name: str, content: bytes) -> str:
    """Hand the page a file, as a drop does; what it says then."""
    raw = base64.b64encode(content).decode()
    array = f"Uint8Array.from(atob('{raw}'), (c) => c.charCodeAt(0))"
    page.run(f"incarnate.page.take(new File([{array}], '{name}'))")
    return page.run("document.getElementById('notice').textContent")


def texels(page: Chromium, name: str) -> np.ndarray:
    light = f"incarnate.page.lights.radiance(incarnate.page.avatar, '{name}').texels"
    found = json.loads(page.run(f"JSON.stringify(Array.from({light}))"))
    return np.array(found, np.float32).reshape(HEIGHT, 2 * HEIGHT, 3)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("compression", ["NO", "RLE", "ZIPS", "ZIP", "PIZ"])
def test_lossless_files_give_the_numbers_that_python_reads(
    page: Chromium, tmp_path: Path, compression: str, kind: type
) -> None:
    path = tmp_path / f"{compression}.EXR"
    write(path, {"RGB": pixels(kind)}, getattr(OpenEXR, f"{compression}_COMPRESSION"))
    drop(page, path.name, path.read_bytes())
    assert page.run("incarnate.page.settings.light") == compression
    expected = load_environment(path).radiance.numpy()
    np.testing.assert_array_equal(texels(page, compression), expected)


def test_alpha_is_left_out_and_grey_is_for_all_three(page: Chromium, tmp_path: Path) -> None:
    write(tmp_path / "four.exr", {"RGBA": pixels(channels=4)}, OpenEXR.ZIP_COMPRESSION)
    write(tmp_path / "one.exr", {"Y": pixels()[..., 0].copy()}, OpenEXR.ZIP_COMPRESSION)
    for path in sorted(tmp_path.iterdir()):
        drop(page, path.name, path.read_bytes())
        expected = load_environment(path).radiance.numpy()
        np.testing.assert_array_equal(texels(page, path.stem), expected)


def test_what_no_light_can_have_is_mended_as_in_python(page: Chromium, tmp_path: Path) -> None:
    light = pixels()
    light[3, 4], light[5, 6], light[7, 8] = np.inf, np.nan, -1
    write(tmp_path / "odd.exr", {"RGB": light}, OpenEXR.ZIP_COMPRESSION)
    drop(page, "odd.exr", (tmp_path / "odd.exr").read_bytes())
    expected = load_environment(tmp_path / "odd.exr").radiance.numpy()
    np.testing.assert_array_equal(texels(page, "odd"), expected)


def test_bad_files_are_refused_in_words(page: Chromium, tmp_path: Path) -> None:
    write(tmp_path / "a.exr", {"RGB": pixels()}, OpenEXR.PIZ_COMPRESSION)
    good = (tmp_path / "a.exr").read_bytes()
    window = good.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    huge = struct.pack("<4i", 0, 0, 2**24 - 1, 2**23 - 1)
    assert "larger than" in drop(page, "a.exr", good[:window] + huge + good[window + 16 :])
    square = struct.pack("<4i", 0, 0, HEIGHT - 1, HEIGHT - 1)
    assert "twice as wide" in drop(page, "a.exr", good[:window] + square + good[window + 16 :])
    assert "cut off" in drop(page, "a.exr", good[:30])
    for end in (window + 2, window + 60, len(good) // 2, len(good) - 7):
        assert "a.exr: The .exr" in drop(page, "a.exr", good[:end])
    assert "no Radiance" in drop(page, "a.exr", b"no light at all\n")
    assert page.console == []
