"""The viewer in headless Chromium: the pictures of Python, and what a user does."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.view.chromium import Chromium
from tests.view.packages import lively_avatar, lively_stage
from tests.view.viewer_pages import needs_chromium, shown, still, viewer_page

from incarnate.avatars.avatar import render, render_alpha
from incarnate.avatars.head import HeadModel
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.files import load_environment, save_environment
from incarnate.light.procedural import procedural_environment
from incarnate.view.package import Package, read_package, write_package
from incarnate.view.web import write_web_folder

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def package_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("viewer") / "lively.glb"
    avatar = lively_avatar()
    write_package(avatar, lively_stage(avatar), path)
    return path


@pytest.fixture(scope="module")
def package(package_file: Path) -> Package:
    return read_package(package_file)


@pytest.fixture(scope="module")
def page(package_file: Path) -> Iterator[Chromium]:
    """The viewer as `incarnate view` serves it, with its clip paused."""
    with viewer_page(package_file.read_bytes(), (500, 640)) as browser:
        yield browser


@pytest.mark.parametrize(
    ("frame", "light", "degrees"), [(0, "capture", 0), (3, "sky", 70), (5, "studio", -40)]
)
def test_it_draws_what_python_draws(
    page: Chromium, package: Package, repository: Path, *, frame: int, light: str, degrees: int
) -> None:
    env = None
    if light != "capture":
        env = load_environment(repository / "viewer" / "data" / f"{light}.hdr")
        env = env.rotated(float(np.radians(degrees)))
    pose, camera = package.stage.poses[frame], package.stage.camera
    with torch.no_grad():
        expected = bytes_from_linear(render(package.avatar, pose, camera, env))
        matte = (render_alpha(package.avatar, pose, camera) > 0.5).numpy()
    seen = still(page, frame=frame, light=light, rotation=degrees)
    error = ((seen.astype(float) - expected) / 255)[matte]
    # 57 dB and more in fact: half floats while blending, and 8 bits in the end.
    assert -10 * np.log10((error**2).mean()) > 50
    assert np.abs(error.mean(0)).max() < 2e-3


@pytest.mark.parametrize(
    "values", [{"jaw": 18}, {"face:Smile": 1}, {"face:Blink left": 1}, {"turn": 25}, {"nod": 15}]
)
def test_every_slider_moves_the_face(page: Chromium, values: dict[str, float]) -> None:
    before, after = shown(page, values={}), shown(page, values=values)
    # Lids over eyes of the same stripes differ by 13; still pictures by 1.
    assert np.abs(after - before).max() > 8
    assert np.abs(shown(page, values={}) - before).max() <= 1


def test_lights_turn_and_brighten(page: Chromium) -> None:
    studio = shown(page, light="studio")
    assert np.abs(shown(page, rotation=120) - studio).max() > 20
    assert shown(page, rotation=0, exposure=1).mean() > studio.mean()
    shown(page, light="capture", exposure=0)


def test_a_dropped_light_is_used_and_a_bad_file_is_refused(page: Chromium, tmp_path: Path) -> None:
    save_environment(procedural_environment("night_street", 32), tmp_path / "mine.hdr")
    before = shown(page, light="capture")
    raw = base64.b64encode((tmp_path / "mine.hdr").read_bytes()).decode()
    page.run(take("mine.hdr", raw))
    assert page.run("incarnate.page.settings.light") == "mine"
    assert np.abs(shown(page) - before).max() > 20
    page.run(take("bad.hdr", base64.b64encode(b"#?no").decode()))
    assert "no Radiance" in page.run("document.getElementById('notice').textContent")
    page.run(take("bad.glb", base64.b64encode(b"glTF" * 9).decode()))
    assert "cut off" in page.run("document.getElementById('notice').textContent")
    shown(page, light="capture")


def take(name: str, content: str) -> str:
    """JavaScript that hands the page a file, as a drop does."""
    raw = f"Uint8Array.from(atob('{content}'), (c) => c.charCodeAt(0))"
    return f"incarnate.page.take(new File([{raw}], '{name}'))"


def test_keys_and_controls_have_names(page: Chromium) -> None:
    unnamed = page.run(
        "[...document.querySelectorAll('input, button')].filter((c) => !c.labels?.length &&"
        " !c.textContent && !c.ariaLabel).length"
    )
    assert unnamed == 0
    page.run("dispatchEvent(new KeyboardEvent('keydown', { key: 'l' }))")
    assert page.run("incarnate.page.settings.light") == "sky"
    page.run("dispatchEvent(new KeyboardEvent('keydown', { key: '0' }))")
    assert page.run("incarnate.page.settings.light") == "capture"


def test_nothing_went_wrong_in_the_page(page: Chromium) -> None:
    assert page.console == []


def test_a_folder_opens_without_a_server(package_file: Path, tmp_path: Path) -> None:
    write_web_folder(package_file.read_bytes(), tmp_path)
    with Chromium((320, 240)) as browser:
        browser.open((tmp_path / "index.html").as_uri())
        browser.run("incarnate.ready")
        assert browser.run("incarnate.page.avatar.count") == 1500
        assert browser.console == []


@pytest.mark.slow
def test_forty_thousand_splats_are_small_enough_and_load(tmp_path: Path) -> None:
    avatar = lively_avatar(40_000, HeadModel())
    size = write_package(avatar, lively_stage(avatar), tmp_path / "large.glb")
    assert size <= 25_000_000
    with viewer_page((tmp_path / "large.glb").read_bytes(), (500, 360)) as browser:
        pixels = shown(browser)
        assert browser.run("incarnate.page.avatar.count") == avatar.num_splats
        assert pixels.max() > 80
        assert browser.console == []
