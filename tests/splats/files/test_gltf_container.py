"""The GLB container: round trips, alignment, refusals."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incarnate.errors import AvatarError
from incarnate.splats.files.gltf_container import GlbWriter, parse_glb, read_glb, write_whole


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


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    content, _, _ = made()
    write_whole(content, tmp_path / "new" / "a.glb")
    assert read_glb(tmp_path / "new" / "a.glb").document["asset"] == {"version": "2.0"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.glb"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"no glb at all, not at all", "does not begin with 'glTF'"),
        (struct.pack("<III", 0x46546C67, 1, 24) + b"\0" * 12, "GLB version 1"),
        (struct.pack("<IIIII", 0x46546C67, 2, 24, 900, 0x4E4F534A) + b"{}  ", "no whole JSON"),
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
        glb.accessor(0)
    with pytest.raises(AvatarError, match="is missing"):
        glb.view(99)
    with pytest.raises(AvatarError, match="needs 28"):
        glb.array(1, "f4", (7,))
    glb.document["accessors"][0]["sparse"] = {}
    with pytest.raises(AvatarError, match="sparse"):
        glb.accessor(0)


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
