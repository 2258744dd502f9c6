"""ActorsHQ: camera-to-world in a table, lengths as shares of the picture."""

from pathlib import Path

import numpy as np
import pytest
from tests.capture.readers.body_sets import FRAMES, HALF_PIXEL, HEIGHT, WIDTH, K, write_actorshq

from incarnate.capture.readers.actorshq import read_actorshq
from incarnate.errors import CaptureError


@pytest.mark.parametrize("scale", [".", "4x"])
def test_cameras_are_inverted_and_scaled(tmp_path: Path, scale: str) -> None:
    body = write_actorshq(tmp_path / "Sequence1")
    found = read_actorshq(tmp_path / "Sequence1" / scale)
    assert found.name == "Sequence1"
    assert [view.name for view in found.views] == ["Cam001", "Cam002", "Cam003"]
    view = found.views[2]
    assert (view.width, view.height) == (WIDTH, HEIGHT)
    np.testing.assert_allclose(view.intrinsics.numpy(), K + HALF_PIXEL)
    # The table has sixteen digits.
    np.testing.assert_allclose(view.camera_from_set[:3, :3].numpy(), body.turns[2], atol=1e-12)
    np.testing.assert_allclose(view.camera_from_set[:3, 3].numpy(), body.shifts[2], atol=1e-12)
    assert view.frames() == set(range(FRAMES))
    assert view.files(5).image.is_file()


def test_poses_have_to_come_from_elsewhere(tmp_path: Path) -> None:
    write_actorshq(tmp_path / "a")
    (tmp_path / "a" / "smpl_params.npz").unlink()
    with pytest.raises(CaptureError, match="ActorsHQ comes without poses: get SMPL-X"):
        read_actorshq(tmp_path / "a")


def test_one_scale_is_asked_for(tmp_path: Path) -> None:
    write_actorshq(tmp_path / "a")
    (tmp_path / "a" / "2x").mkdir()
    table = (tmp_path / "a" / "4x" / "calibration.csv").read_text()
    (tmp_path / "a" / "2x" / "calibration.csv").write_text(table)
    with pytest.raises(CaptureError, match="has 2x, 4x; give the folder of one scale"):
        read_actorshq(tmp_path / "a")
    with pytest.raises(CaptureError, match=r"has no calibration\.csv"):
        read_actorshq(tmp_path)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    write_actorshq(tmp_path / "a")
    path = tmp_path / "a" / "4x" / "calibration.csv"
    path.write_text(path.read_text().replace(",px,py", ",qx,py"))
    with pytest.raises(CaptureError, match=r'calibration\.csv: row 1 lacks "px"'):
        read_actorshq(tmp_path / "a")
