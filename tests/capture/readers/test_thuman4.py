"""THuman4.0: what its files say is where its pictures have it; what is missing is named."""

from pathlib import Path

import numpy as np
import pytest
from tests.capture.readers.body_sets import FRAMES, HALF_PIXEL, HEIGHT, WIDTH, K, write_thuman4

from incarnate.capture.readers.thuman4 import read_thuman4
from incarnate.errors import CaptureError


def test_cameras_and_codes_are_read(tmp_path: Path) -> None:
    body = write_thuman4(tmp_path / "subject00")
    found = read_thuman4(tmp_path / "subject00")
    assert (found.name, found.layout) == ("subject00", "thuman4")
    assert [view.name for view in found.views] == ["cam00", "cam01", "cam02"]
    view = found.views[1]
    assert (view.width, view.height, view.distortion) == (WIDTH, HEIGHT, None)
    # OpenCV's pixels count from the middle of the first one.
    np.testing.assert_allclose(view.intrinsics.numpy(), K + HALF_PIXEL)
    np.testing.assert_allclose(view.camera_from_set[:3, :3].numpy(), body.turns[1])
    assert view.frames() == set(range(FRAMES))
    assert found.codes.num_frames == FRAMES


def test_lost_pictures_are_known(tmp_path: Path) -> None:
    write_thuman4(tmp_path / "s")
    lost = "images/cam01/00000003.jpg\n./subject00/images/cam02/00000004.jpg\n"
    (tmp_path / "s" / "missing_img_files.txt").write_text(lost)
    (tmp_path / "s" / "masks" / "cam00" / "00000002.jpg").unlink()
    found = read_thuman4(tmp_path / "s")
    assert found.missing == {("cam01", 3), ("cam02", 4)}
    assert found.views[0].frames() == {0, 1, 3, 4, 5}


def test_a_folder_of_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"calibration\.json is missing; is this the folder"):
        read_thuman4(tmp_path)
    (tmp_path / "calibration.json").write_text('{"cam00": {"K": [1, 2]}}')
    with pytest.raises(CaptureError, match=r"cam00: K has 2 numbers; expected 9"):
        read_thuman4(tmp_path)
