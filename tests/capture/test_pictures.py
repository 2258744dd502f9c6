"""Picture files: exact, whole, and clear when they are not there."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from incarnate.capture.pictures import picture_size, read_picture, write_picture
from incarnate.errors import CaptureError

rgba = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4)))


@given(rgba)
def test_png_keeps_every_bit(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("pictures")
    write_picture(folder / "a.png", pixels)
    assert np.array_equal(read_picture(folder / "a.png"), pixels)
    write_picture(folder / "b.png", pixels[..., 0])
    assert np.array_equal(read_picture(folder / "b.png", "L"), pixels[..., 0])
    assert picture_size(folder / "a.png") == (pixels.shape[1], pixels.shape[0])


def test_jpeg_is_close(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 48).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(120)), -1)
    write_picture(tmp_path / "a.jpg", pixels)
    error = read_picture(tmp_path / "a.jpg").astype(int) - pixels
    # Quality 95 rounds each frequency to a few levels.
    assert np.abs(error).max() <= 6


def test_grey_becomes_rgb_and_transparency_is_kept(tmp_path: Path) -> None:
    Image.new("L", (2, 1), 9).save(tmp_path / "grey.png")
    assert read_picture(tmp_path / "grey.png").shape == (1, 2, 3)
    Image.new("LA", (2, 1), (9, 7)).save(tmp_path / "soft.png")
    assert read_picture(tmp_path / "soft.png")[0, 0].tolist() == [9, 9, 9, 7]


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_picture(tmp_path / "deep" / "a.png", np.zeros((2, 2, 3), np.uint8))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.png"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as caught:
        read_picture(tmp_path / "a.png")
    assert str(caught.value) == (
        f"{tmp_path / 'a.png'} is missing; restore it, or remove its frame from capture.json."
    )


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    write_picture(path, noise)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(CaptureError, match=r"a\.png cannot be decoded .*; write it again\."):
        read_picture(path)


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(CaptureError, match="cannot be decoded as PNG or JPEG"):
        read_picture(tmp_path / "a.png")
    with pytest.raises(CaptureError, match="cannot be opened as PNG or JPEG"):
        picture_size(tmp_path / "a.png")
