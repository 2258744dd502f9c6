"""The GLB container: round trips, alignment, refusals."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incarnate.errors import AvatarError
from incarnate.splats.files.gltf_container import (
    Glb,
    GlbWriter,
    parse_glb,
    read_glb,
    whole,
)


def made() -> tuple[bytes, np.ndarray, np.ndarray]:
    writer = GlbWriter()
    points = np.arange(15, dtype=np.float32).reshape(5, 3)
    halves = np.linspace(-1, 1, 7).astype(np.float16)
    index = writer.add_accessor(points, bounds=True)
    view = writer.add_view(halves)
    return writer.glb({"asset": {"version": "2.0"}, "mine": [index, view]}), points, halves


def test_arrays_come_back_as_they_went() -> None:
    content, points, halves = made()
    glb = parse_glb(content)
    index, view = glb.document["mine"]
    np.testing.assert_array_equal(glb.accessor(index), points)
    np.testing.assert_array_equal(glb.array(view, "f2", (7,)), halves)
    assert glb.document["accessors"][index]["max"] == [12.0, 13.0, 14.0]
    assert all(part["byteOffset"] % 4 == 0 for part in glb.document["bufferViews"])


@pytest.mark.parametrize(
    ("dtype", "width"), [("i1", 4), ("u1", 4), ("<i2", 2), ("<u2", 4), ("<u4", 1), ("<f4", 3)]
)
def test_every_component_type_comes_back(dtype: str, width: int) -> None:
    writer = GlbWriter()
    first = np.arange(5 * width).reshape(5, width).astype(dtype)
    indices = [writer.add_accessor(array) for array in (first, first[:3] + first[1:2])]
    glb = parse_glb(writer.glb({}))
    np.testing.assert_array_equal(glb.accessor(indices[0]), first)
    np.testing.assert_array_equal(glb.accessor(indices[1]), first[:3] + first[1:2])


def test_normalised_numbers_are_read_as_fractions_where_asked() -> None:
    writer = GlbWriter()
    index = writer.add_accessor(np.array([[0, 128, 255, 255]], np.uint8), normalized=True)
    signed = writer.add_accessor(np.array([[-32768, 32767]], np.int16), normalized=True)
    glb = parse_glb(writer.glb({}))
    np.testing.assert_array_equal(glb.accessor(index), [[0, 128, 255, 255]])
    np.testing.assert_allclose(glb.accessor(index, "fractions"), [[0, 128 / 255, 1, 1]])
    np.testing.assert_array_equal(glb.accessor(signed, "fractions"), [[-1, 1]])


def test_offsets_and_strides_are_kept_to() -> None:
    rows = np.arange(16, dtype=np.float32).reshape(4, 4)
    writer = GlbWriter()
    glb = parse_glb(writer.glb({"at": writer.add_accessor(rows)}))
    glb.document["bufferViews"][0]["byteStride"] = 16
    glb.document["accessors"][0].update(byteOffset=4, type="VEC3")
    np.testing.assert_array_equal(glb.accessor(0), rows[:, 1:])


def test_what_follows_the_stated_length_is_passed_over() -> None:
    content, points, _ = made()
    np.testing.assert_array_equal(parse_glb(content + b"more").accessor(0), points)
    with pytest.raises(AvatarError, match="copy or export it again"):
        parse_glb(content[:-8])


def test_a_file_is_read(tmp_path: Path) -> None:
    content, _, _ = made()
    (tmp_path / "a.glb").write_bytes(content)
    assert read_glb(tmp_path / "a.glb").document["asset"] == {"version": "2.0"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"no glb at all, not at all", "does not begin with 'glTF'"),
        (struct.pack("<III", 0x46546C67, 1, 24) + b"\0" * 12, "GLB version 1"),
        (struct.pack("<IIIII", 0x46546C67, 2, 24, 900, 0x4E4F534A) + b"{}  ", "no whole JSON"),
        (struct.pack("<IIIII", 0x46546C67, 2, 24, 1 << 30, 0x4E4F534A) + b"{}  ", "no whole JSON"),
        (struct.pack("<IIIII", 0x46546C67, 2, 24, 4, 0x4E4F534A) + b"{]  ", "JSON is damaged"),
        (struct.pack("<IIIII", 0x46546C67, 2, 24, 4, 0x4E4F534A) + b"[]  ", "no object"),
    ],
)
def test_what_is_no_glb_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(AvatarError, match=text):
        parse_glb(content)


def test_views_beyond_the_file_are_refused() -> None:
    glb = parse_glb(made()[0])
    glb.document["bufferViews"][0]["byteLength"] = 1 << 40
    with pytest.raises(AvatarError, match="cut off"):
        glb.view(0)
    with pytest.raises(AvatarError, match="reaches beyond the buffer"):
        glb.accessor(0)
    with pytest.raises(AvatarError, match="is missing"):
        glb.view(99)
    with pytest.raises(AvatarError, match="needs 28"):
        glb.array(1, "f4", (7,))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"count": 6}, "reaches beyond its view"),
        ({"count": 1 << 40}, "has not 1 to 10000000 rows"),
        ({"count": -1}, "no whole number"),
        ({"count": "4"}, "no whole number"),
        ({"bufferView": 7}, "IndexError"),
        ({"byteOffset": 4}, "reaches beyond its view"),
        ({"componentType": 5130}, "5130"),
        ({"sparse": {}}, "sparse"),
    ],
)
def test_accessors_stay_inside_the_file(change: dict[str, object], text: str) -> None:
    glb: Glb = parse_glb(made()[0])
    glb.document["accessors"][0].update(change)
    with pytest.raises(AvatarError, match=rf"accessor 0 can't be read .*{text}"):
        glb.accessor(0)


def test_whole_numbers() -> None:
    assert whole(3, 4) == 3
    for value in (-1, 1.0, True, "1", None):
        with pytest.raises(ValueError, match="is no whole number from 0"):
            whole(value)
    with pytest.raises(ValueError, match="4 is not below 4"):
        whole(4, 4)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read_but_never_breaks(position: int, value: int) -> None:
    content = bytearray(made()[0])
    content[position % len(content)] = value
    try:
        glb = parse_glb(bytes(content))
        glb.accessor(0)
    except AvatarError:
        pass


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="no such file"):
        read_glb(tmp_path / "none.glb")
