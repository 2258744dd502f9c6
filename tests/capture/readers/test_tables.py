"""Numbers from foreign files, and what is said when they are not there."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.readers.flame import rodrigues

from incarnate.capture.readers.tables import (
    axis_angles,
    entry,
    frames_of,
    matrix,
    numbers,
    read_json,
    read_npz,
    read_text_numbers,
    text,
)
from incarnate.errors import CaptureError


def test_either_encoding_of_a_rotation_gives_the_same() -> None:
    turns = np.random.default_rng(0).normal(size=(4, 2, 3))
    rows = np.stack([[rodrigues(turn)[:2].ravel() for turn in pair] for pair in turns])
    found = axis_angles(rows.reshape(4, 12), 2)
    # Rounding of float64 through a quaternion and back.
    torch.testing.assert_close(found, torch.from_numpy(turns), atol=1e-9, rtol=0)
    torch.testing.assert_close(axis_angles(turns.reshape(4, 6), 2), torch.from_numpy(turns))


def test_the_first_name_that_is_there_counts() -> None:
    assert entry({"b": 2, "c": 3}, ("a", "b", "c"), "t") == 2
    with pytest.raises(CaptureError, match=r't lacks "a" or "d"; it has: b, c\. Is it of the'):
        entry({"c": 3, "b": 2}, ("a", "d"), "t")


def test_numbers_are_counted_and_finite() -> None:
    assert numbers({"x": [[1, 2], [3, 4]]}, "x", "t", (4,)).tolist() == [1, 2, 3, 4]
    faults = (
        ([1], "t: x has 1 numbers; expected 3 or 6"),
        (["a"] * 3, "t: x does not hold numbers"),
        ([[1], [1, 2]], "t: x does not hold numbers"),
        ([1, 2, float("nan")], "t: x holds a number that is not finite"),
    )
    for value, message in faults:
        with pytest.raises(CaptureError, match=message):
            numbers({"x": value}, "x", "t", (3, 6))


def test_a_matrix_has_three_or_four_rows_and_is_rigid() -> None:
    rows = np.eye(4)
    rows[:3, 3] = 1, 2, 3
    for given in (rows, rows[:3]):
        np.testing.assert_array_equal(matrix({"m": given.tolist()}, "m", "t"), rows)
    for wrong in (2 * rows[:3], np.diag([1.0, 1, -1, 1])):
        with pytest.raises(CaptureError, match="t: m is not rigid"):
            matrix({"m": wrong.tolist()}, "m", "t")


def test_texts_and_frames_are_of_their_kind() -> None:
    assert text({"a": "b"}, "a", "t") == "b"
    with pytest.raises(CaptureError, match="expected a text"):
        text({"a": 3}, "a", "t")
    for wrong in ([], {"a": 1}, [1]):
        with pytest.raises(CaptureError, match="not a list of at least one object"):
            frames_of({"frames": wrong}, "t")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for read in (read_json, read_npz, read_text_numbers):
        with pytest.raises(CaptureError, match="file is missing"):
            read(path)
    path.write_text("{nothing")
    for read, message in ((read_json, "file is not JSON"), (read_npz, "cannot be read as an npz"),
                          (read_text_numbers, "does not hold numbers")):  # fmt: skip
        with pytest.raises(CaptureError, match=message):
            read(path)
    path.write_text("[1]")
    with pytest.raises(CaptureError, match="holds a list; expected an object"):
        read_json(path)


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{}], dtype=object))
    with pytest.raises(CaptureError, match="cannot be read as an npz"):
        read_npz(tmp_path / "a.npz")
