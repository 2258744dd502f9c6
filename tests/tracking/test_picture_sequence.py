"""A folder of pictures: in the order of its numbers, upright, over black; clear words if not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from incarnate.errors import TrackingError
from incarnate.tracking.picture_sequence import check_same_size, picture_paths, upright_picture


def test_pictures_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["frame_2.png", "frame_10.png", "frame_1.JPG", ".frame_0.png", "notes.txt"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "frame_3.png").touch()
    assert [path.name for path in picture_paths(tmp_path)] == [
        "frame_1.JPG", "frame_2.png", "frame_10.png",
    ]  # fmt: skip
    assert picture_paths(tmp_path / "nowhere") == ()


def test_a_picture_is_turned_as_its_metadata_say(tmp_path: Path) -> None:
    stored = np.zeros((6, 8, 3), np.uint8)
    stored[:3, :4] = 255
    exif = Image.Exif()
    # Orientation 6: a camera held upright, whose rows are columns of the scene.
    exif[0x0112] = 6
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    upright = upright_picture(tmp_path / "a.png")
    assert upright.flags.c_contiguous
    np.testing.assert_array_equal(upright, np.rot90(stored, -1))


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    rgba = np.full((2, 2, 4), 200, np.uint8)
    rgba[0, :, 3] = [0, 255]
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert upright_picture(tmp_path / "a.png")[0].tolist() == [[0, 0, 0], [200, 200, 200]]


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"text")
    with pytest.raises(TrackingError, match=r"a\.png cannot be decoded .* take it out"):
        upright_picture(tmp_path / "a.png")


def test_pictures_of_several_sizes_are_refused(tmp_path: Path) -> None:
    for name, width in (("1.png", 8), ("2.png", 8), ("3.png", 9)):
        Image.new("RGB", (width, 6)).save(tmp_path / name)
    paths = picture_paths(tmp_path)
    check_same_size(paths[:2])
    with pytest.raises(TrackingError, match=r"3\.png has 9 × 6 pixels, 1\.png has 8 × 6"):
        check_same_size(paths)
