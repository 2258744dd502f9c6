"""OpenCV's calibrations: names in natural order, and faults by their place."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.capture.readers.body_sets import calibration, made_body

from incarnate.capture.readers.opencv_calibration import read_opencv_views
from incarnate.errors import CaptureError


def read(folder: Path, content: object) -> tuple:
    (folder / "c.json").write_text(json.dumps(content))
    return read_opencv_views(folder / "c.json", image="{camera}/{frame}.jpg", matte="m/{frame}.jpg")


def test_names_are_in_natural_order(tmp_path: Path) -> None:
    content = json.loads(calibration(made_body(), ["cam10", "cam9", "cam1"]))
    assert [view.name for view in read(tmp_path, content)] == ["cam1", "cam9", "cam10"]


def test_nested_matrices_and_columns_are_read(tmp_path: Path) -> None:
    content = json.loads(calibration(made_body(), ["a", "b", "c"]))
    flat = read(tmp_path, content)[0]
    for key in ("K", "R"):
        content["a"][key] = np.reshape(content["a"][key], (3, 3)).tolist()
    content["a"]["T"] = [[value] for value in content["a"]["T"]]
    nested = read(tmp_path, content)[0]
    assert np.array_equal(nested.camera_from_set.numpy(), flat.camera_from_set.numpy())
    assert np.array_equal(nested.intrinsics.numpy(), flat.intrinsics.numpy())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"R": [2.0, 0, 0, 0, 1, 0, 0, 0, 1]}, "R and T is not rigid"),
        ({"T": None}, 'lacks "T"; it has: '),
        ({"distCoeff": [0.1, 0.2]}, "distCoeff has 2 numbers; expected 4 or 5 or 8"),
    ],
)
def test_faults_are_named(tmp_path: Path, changes: dict, expected: str) -> None:
    content = json.loads(calibration(made_body(), ["a", "b", "c"]))
    content["b"] |= changes
    with pytest.raises(CaptureError, match=expected):
        read(tmp_path, content)
    with pytest.raises(CaptureError, match="holds no camera"):
        read(tmp_path, {})
