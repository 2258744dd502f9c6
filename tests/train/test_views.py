from pathlib import Path

import pytest
import torch
from tests.avatars.moving_bodies import write_body_capture

from incarnate.capture.capture import Capture
from incarnate.capture.reading import read_frame
from incarnate.errors import CaptureError
from incarnate.train.views import TrainingViews, View


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_body_capture(tmp_path_factory.mktemp("views") / "capture", size=96)


def test_a_crop_is_a_window_of_the_picture(capture: Capture) -> None:
    views = TrainingViews(capture, longest_side=96, most_bytes=10**8)
    cut = views.read(View(2, 1))
    whole = read_frame(capture, 2, 1)
    shift = whole.camera.intrinsics[:2, 2] - cut.camera.intrinsics[:2, 2]
    left, top = (int(value) for value in shift)
    height, width = cut.matte.shape
    assert (cut.camera.width, cut.camera.height) == (width, height)
    torch.testing.assert_close(
        cut.matte, whole.matte[top : top + height, left : left + width], atol=2e-3, rtol=0
    )
    # All of the person is inside.
    assert float(cut.matte.sum()) == pytest.approx(float(whole.matte.sum()), rel=1e-3)
    assert width < 96
    views.close()


def test_old_pictures_make_room_and_come_again(capture: Capture) -> None:
    views = TrainingViews(capture, longest_side=96, most_bytes=1)
    first = views.read(View(0, 0))
    views.read(View(1, 0))
    torch.testing.assert_close(views.read(View(0, 0)).target, first.target, atol=0, rtol=0)
    views.close()


def test_expected_pictures_are_the_same(capture: Capture) -> None:
    views = TrainingViews(capture, longest_side=48, most_bytes=10**8)
    views.expect([View(0, 0), View(0, 1)])
    ahead = views.read(View(0, 1))
    views.close()
    plain = TrainingViews(capture, longest_side=48, most_bytes=10**8)
    torch.testing.assert_close(plain.read(View(0, 1)).target, ahead.target, atol=0, rtol=0)
    assert plain.read(View(0, 1), halved=True).matte.shape[0] == ahead.matte.shape[0] // 2
    plain.close()


def test_a_missing_picture_says_which(tmp_path: Path) -> None:
    capture = write_body_capture(tmp_path / "capture")
    (capture.folder / "images" / "cam01" / "000002.png").unlink()
    views = TrainingViews(capture, longest_side=64, most_bytes=10**8)
    with pytest.raises(CaptureError, match="000002"):
        views.read(View(2, 1))
    views.close()
