"""The GLB container: arrays come back, chunks are checked."""

import json
import struct

import numpy as np
import pytest

from incarnate.errors import SplatFileError
from incarnate.splats.files.gltf import GlbArrays, decode_glb, read_accessor


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", "<u2", "<u4", "<f4"])
@pytest.mark.parametrize("width", [(), (3,), (4,)])
def test_arrays_come_back(dtype: str, width: tuple[int, ...]) -> None:
    arrays = GlbArrays()
    first = np.arange(5 * int(np.prod(width or (1,)))).reshape(5, *width).astype(dtype)
    second = (first[:3] + 1).astype(dtype)
    for array in (first, second):
        arrays.add(array)
    document, binary = decode_glb(arrays.encode({"asset": {"version": "2.0"}}), "a.glb")
    for index, array in enumerate((first, second)):
        np.testing.assert_array_equal(read_accessor(document, binary, index, "a.glb"), array)
    # glTF wants every array on four bytes.
    assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])


def test_normalised_numbers_are_read_as_fractions() -> None:
    arrays = GlbArrays()
    arrays.add(np.array([0, 128, 255], np.uint8), normalized=True)
    arrays.add(np.array([-128, 0, 127], np.int8), normalized=True)
    document, binary = decode_glb(arrays.encode({}), "a.glb")
    np.testing.assert_allclose(read_accessor(document, binary, 0, "a"), [0, 128 / 255, 1])
    np.testing.assert_allclose(read_accessor(document, binary, 1, "a"), [-1, 0, 1])


def test_positions_state_their_bounds() -> None:
    arrays = GlbArrays()
    arrays.add(np.array([[1, 2, 3], [3, 1, 2]], np.float32), bounds=True)
    assert (arrays.accessors[0]["min"], arrays.accessors[0]["max"]) == ([1, 1, 2], [3, 2, 3])


def good() -> bytes:
    arrays = GlbArrays()
    arrays.add(np.ones((4, 3), np.float32))
    return arrays.encode({"asset": {"version": "2.0"}})


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is no GLB file"),
        (b"glTX" + good()[4:], "is no GLB file"),
        (good()[:-8], "the file is cut short"),
        (good()[:4] + struct.pack("<I", 1) + good()[8:], "glTF version 1"),
        (good()[:12] + struct.pack("<I", 1 << 30) + good()[16:], "its first chunk is no JSON"),
        (good()[:20] + b"[" + good()[21:], "its JSON can't be read"),
    ],
)
def test_broken_containers_are_refused(data: bytes, text: str) -> None:
    with pytest.raises(SplatFileError, match=text):
        decode_glb(data, "a.glb")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"count": 5}, "reaches beyond"),
        ({"count": 1 << 40}, "it holds 1099511627776 splats"),
        ({"count": -1}, "malformed"),
        ({"count": "4"}, "malformed"),
        ({"bufferView": 7}, "malformed"),
        ({"byteOffset": 4}, "reaches beyond"),
        ({"componentType": 5130}, "malformed"),
        ({"sparse": {}}, "is sparse"),
    ],
)
def test_accessors_stay_inside_the_file(change: dict[str, object], text: str) -> None:
    document, binary = decode_glb(good(), "a.glb")
    document = json.loads(json.dumps(document))
    document["accessors"][0].update(change)
    with pytest.raises(SplatFileError, match=text):
        read_accessor(document, binary, 0, "a.glb")
