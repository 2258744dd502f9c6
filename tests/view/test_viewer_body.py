"""A body in the browser, in headless Chromium: the pictures of Python, its clips, its controls."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.view.chromium import Chromium
from tests.view.packages import body_stage, lively_body
from tests.view.viewer_pages import needs_chromium, shown, still, viewer_page

from incarnate.avatars.avatar import render, render_alpha
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.files import load_environment
from incarnate.view.package import Package, read_package, write_package

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def package_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("viewer-body") / "body.glb"
    body = lively_body()
    write_package(body, body_stage(body), path)
    return path


@pytest.fixture(scope="module")
def package(package_file: Path) -> Package:
    return read_package(package_file)


@pytest.fixture(scope="module")
def page(package_file: Path) -> Iterator[Chromium]:
    with viewer_page(package_file.read_bytes(), (360, 420)) as browser:
        yield browser


@pytest.mark.parametrize(
    ("clip", "frame", "light", "degrees"),
    [(0, 2, "capture", 0), (1, 2, "sky", 70)],
)
def test_it_draws_what_python_draws(
    page: Chromium, package: Package, repository: Path, *, clip: int, frame: int, light: str,
    degrees: int,
) -> None:  # fmt: skip
    env = None
    if light != "capture":
        env = load_environment(repository / "viewer" / "data" / f"{light}.hdr")
        env = env.rotated(float(np.radians(degrees)))
    pose, camera = package.stage.poses[4 * clip + frame], package.stage.camera
    with torch.no_grad():
        expected = bytes_from_linear(render(package.avatar, pose, camera, env)).astype(float)
        matte = (render_alpha(package.avatar, pose, camera) > 0.5).numpy()
    assert matte.sum() > 300
    request = {"clip": clip, "frame": frame, "light": light, "rotation": degrees}
    seen = still(page, **request).astype(float)
    error = ((seen - expected) / 255)[matte]
    # As for heads: half floats while blending, and 8 bits in the end.
    assert -10 * np.log10((error**2).mean()) > 48
    assert np.abs(error.mean(0)).max() < 2e-3


def test_a_body_offers_its_clips_and_no_face(page: Chromium) -> None:
    names = page.run("[...document.querySelectorAll('#panel label')].map((l) => l.textContent)")
    assert "Nod" in names
    assert not {"Smile", "Jaw", "change 0"} & {*names}
    chips = page.run(
        "[...document.querySelectorAll('#panel .chips button')].map((b) => b.innerText)"
    )
    assert {"Raise", "Lower", "Rest"} <= {*chips}


def test_its_clips_play_and_the_camera_goes_along(page: Chromium) -> None:
    first = shown(page, motion="clip", clip=0)
    second = shown(page, clip=1)
    assert np.abs(second - first).max() > 20
    body = second.max(-1) > 40
    columns = np.nonzero(body.any(0))[0]
    # It has walked two tenths of a metre, and is in the middle still.
    assert abs(columns.mean() - body.shape[1] / 2) < 0.06 * body.shape[1]
    page.run("incarnate.page.play(true)")
    moved = page.run(
        "new Promise((done) => setTimeout(() =>"
        " done(document.getElementById('moment').textContent), 600))"
    )
    page.run("incarnate.page.play(false)")
    assert moved.endswith(" s")


def test_all_of_the_body_is_in_the_picture(page: Chromium) -> None:
    body = shown(page, motion="clip", clip=0, background="dark").max(-1) > 40
    rows, columns = np.nonzero(body.any(1))[0], np.nonzero(body.any(0))[0]
    height, width = body.shape
    for places, size in ((rows, height), (columns, width)):
        assert places.min() > 0.01 * size
        assert places.max() < 0.99 * size
    # And it is not small.
    assert max((rows.max() - rows.min()) / height, (columns.max() - columns.min()) / width) > 0.5


def test_the_head_turns_and_the_rest_stays(page: Chromium) -> None:
    before = shown(page, values={}, motion="rest")
    assert np.abs(shown(page, values={"turn": 30}) - before).max() > 8
    assert np.abs(shown(page, values={}) - before).max() <= 1


def test_nothing_went_wrong_in_the_page(page: Chromium) -> None:
    assert page.console == []
