"""A ball of splats and an untrained body, and a tiny capture of each that is written once."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.avatars.moving_bodies import SMALL_BODY, small_body, write_body_capture
from tests.evaluate.ball import Ball, tiny_rig, write_ball_capture
from tests.evaluate.inception_layout import as_published, formula_weights

from incarnate.avatars.body import BodyAvatar
from incarnate.capture.capture import Capture
from incarnate.capture.files import load_capture
from incarnate.evaluate import fid, inception_weights


@pytest.fixture(scope="session")
def ball() -> Ball:
    return Ball(tiny_rig())


@pytest.fixture(scope="session")
def ball_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("captures") / "ball"
    write_ball_capture(folder)
    return folder


@pytest.fixture
def ball_capture(ball_folder: Path) -> Capture:
    return load_capture(ball_folder)


@pytest.fixture(scope="session")
def body_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("captures") / "waving"
    write_body_capture(folder, num_frames=8)
    # Cloth fills the upper half of every picture that has labels.
    labels = np.ones((64, 64), np.uint8)
    labels[:32] = 2
    for camera in ("cam00", "cam01", "cam02"):
        for frame in (3, 6, 7):
            path = folder / "truth" / "label" / camera / f"{frame:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(labels).save(path)
    return folder


@pytest.fixture
def body_capture(body_folder: Path) -> Capture:
    """Frame 3 is a held-out pose, frames 6 and 7 are another clip; labels of those three."""
    capture = load_capture(body_folder)
    pattern = "truth/label/{camera}/{frame:06d}.png"
    return replace(
        capture,
        clips=("wave",) * 6 + ("bow",) * 2,
        splits=("train", "train", "train", "test", "train", "train", "test", "test"),
        layout=replace(capture.layout, truth={"label": pattern}),
    )


@pytest.fixture(scope="session")
def body() -> BodyAvatar:
    return small_body().requires_grad_(False).eval()


@pytest.fixture(scope="session")
def static_body() -> BodyAvatar:
    model = replace(SMALL_BODY, dependence="static")
    return small_body(model).requires_grad_(False).eval()


@pytest.fixture(scope="session")
def formula_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "formula.pth"
    path.write_bytes(as_published(formula_weights()))
    return path


@pytest.fixture
def fid_weights(formula_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights by formula that pass for the published ones; two pictures are enough for them."""
    digest = hashlib.sha256(formula_file.read_bytes()).hexdigest()
    monkeypatch.setattr(inception_weights, "_SHA256", digest)
    monkeypatch.setattr(fid, "MIN_PICTURES", 2)
    return formula_file
