"""glTF files: accessors of every layout, buffers beside and inside, damage refused."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incarnate.drive.gltf import Gltf, read_gltf
from incarnate.errors import DriveError
from incarnate.splats.files.gltf_container import GlbWriter

_NUMBERS = np.arange(12, dtype="<f4").reshape(4, 3)


def _gltf(accessor: dict[str, Any], view: dict[str, Any], content: bytes) -> Gltf:
    document = {
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": 4} | accessor
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(content)} | view],
    }
    return Gltf("some.glb", document, (memoryview(content),))


def test_offsets_and_strides_are_kept_to() -> None:
    padded = np.zeros((4, 4), "<f4")
    padded[:, 1:] = _NUMBERS
    gltf = _gltf({"byteOffset": 4}, {"byteStride": 16}, padded.tobytes())
    np.testing.assert_array_equal(gltf.accessor(0), _NUMBERS)
    behind = _gltf({}, {"byteOffset": 8, "byteLength": 48}, bytes(8) + _NUMBERS.tobytes())
    np.testing.assert_array_equal(behind.accessor(0), _NUMBERS)


@pytest.mark.parametrize(("code", "kind"), [(5120, "i1"), (5121, "u1"), (5122, "i2"), (5123, "u2")])
def test_normalised_numbers_fill_their_range(code: int, kind: str) -> None:
    limits = np.iinfo(kind)
    numbers = np.array([limits.min, 0, limits.max], kind)
    accessor = {"componentType": code, "type": "SCALAR", "count": 3, "normalized": True}
    values = _gltf(accessor, {}, numbers.tobytes()).accessor(0)[:, 0]
    np.testing.assert_allclose(values, [-1.0 if limits.min else 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("accessor", "view", "message"),
    [
        ({"sparse": {}}, {}, "sparse accessors are not supported"),
        ({"count": 5}, {}, "reaches beyond its view"),
        ({"count": 10**12}, {}, "reaches beyond the buffer"),
        ({"count": -1}, {}, "no whole number"),
        ({"componentType": 5130}, {}, "5130"),
        ({"type": "VEC5"}, {}, "VEC5"),
        ({"byteOffset": 1.5}, {}, "no whole number"),
        ({}, {"byteStride": 4}, "reaches beyond the buffer"),
        ({}, {"byteLength": 100}, "reaches beyond the buffer"),
        ({}, {"buffer": 3}, "IndexError"),
    ],
)
def test_what_reaches_beyond_is_refused(
    accessor: dict[str, Any], view: dict[str, Any], message: str
) -> None:
    with pytest.raises(DriveError, match=rf"some.glb: accessor 0 .*{message}.* Export it again"):
        _gltf(accessor, view, _NUMBERS.tobytes()).accessor(0)


def test_numbers_have_to_be_finite() -> None:
    with pytest.raises(DriveError, match="not finite"):
        _gltf({}, {}, np.full((4, 3), np.nan, "<f4").tobytes()).accessor(0)


def test_a_buffer_lies_inside_or_beside(tmp_path: Path) -> None:
    writer = GlbWriter()
    writer.add_accessor(_NUMBERS)
    glb = tmp_path / "some.glb"
    glb.write_bytes(writer.glb({"asset": {"version": "2.0"}}))
    packed = read_gltf(glb)
    (tmp_path / "a b.bin").write_bytes(packed.buffers[0])
    inside = "data:application/octet-stream;base64," + base64.b64encode(packed.buffers[0]).decode()
    for uri in (inside, "a%20b.bin"):
        document = packed.document | {"buffers": [{"uri": uri, "byteLength": 48}]}
        (tmp_path / "some.gltf").write_text(json.dumps(document))
        np.testing.assert_array_equal(read_gltf(tmp_path / "some.gltf").accessor(0), _NUMBERS)


@pytest.mark.parametrize(
    "uri", ["../secret.bin", "/etc/hosts", "..%2Fsecret", "a\\b", "https://x/y"]
)
def test_a_buffer_elsewhere_is_refused(uri: str, tmp_path: Path) -> None:
    (tmp_path / "some.gltf").write_text(json.dumps({"buffers": [{"uri": uri}]}))
    with pytest.raises(DriveError, match="is no file beside it"):
        read_gltf(tmp_path / "some.gltf")


def test_absent_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match=r"absent.glb can't be read .*: give a .glb, .gltf"):
        read_gltf(tmp_path / "absent.glb")
    (tmp_path / "cut.glb").write_bytes(b"glTF\x02\0\0\0")
    with pytest.raises(DriveError, match=r"cut.glb: it is no GLB"):
        read_gltf(tmp_path / "cut.glb")
    (tmp_path / "text.gltf").write_bytes(b"\xff\xfe no json")
    with pytest.raises(DriveError, match=r"text.gltf is no glTF file"):
        read_gltf(tmp_path / "text.gltf")
