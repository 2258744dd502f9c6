"""One made doll and one small capture of it, shared by the tests of this folder."""

import numpy as np
import pytest

from incarnate.capture.capture import Capture
from incarnate.capture.synthetic_body.doll import Doll, make_doll
from incarnate.capture.synthetic_body.make import make_body_capture
from incarnate.capture.synthetic_body.settings import BodyCaptureSettings

SMALL = BodyCaptureSettings(
    size=64, num_cameras=3, train_clips=("squat",), test_clips=("dance",), train_clip_frames=8,
    test_clip_frames=2, supersampling=2, light_samples=16, skirt_columns=48, skirt_rows=16,
    settle_steps=150, hair_locks=200,
)  # fmt: skip


@pytest.fixture(scope="session")
def doll() -> Doll:
    return make_doll(SMALL)


@pytest.fixture(scope="session")
def small_capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """Ten poses seen by three cameras in 64×64 pixels."""
    return make_body_capture(tmp_path_factory.mktemp("captures") / "body", SMALL)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
