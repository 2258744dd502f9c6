"""The container of GLB (glTF 2.0): a JSON chunk, a binary chunk, and arrays in it."""

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import check_count

Json = dict[str, Any]

_MAGIC: Final = 0x46546C67
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_MAX_JSON: Final = 64 << 20
_COMPONENTS: Final = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_ARRAY_BUFFER: Final = 34962


class GlbArrays:
    """Collects the arrays of a GLB that is being written."""

    def __init__(self) -> None:
        self.accessors: list[Json] = []
        self.views: list[Json] = []
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, array: np.ndarray, *, normalized: bool = False, bounds: bool = False) -> int:
        """Append an array of N numbers or N vectors.

        Args:
            array: (N,), or (N, 2 to 4); float32, or whole numbers of at most 32 bits.
            normalized: Whole numbers stand for [0, 1], or [−1, 1] if signed.
            bounds: State the least and largest value of each column, as positions have to.

        Returns:
            Index of its accessor.
        """
        columns = array.reshape(len(array), -1)
        code = next(c for c, name in _COMPONENTS.items() if np.dtype(name) == array.dtype)
        width = next(name for name, size in _WIDTHS.items() if size == columns.shape[1])
        data = np.ascontiguousarray(array).tobytes()
        self.views.append({"buffer": 0, "byteOffset": self._length, "byteLength": len(data),
                           "target": _ARRAY_BUFFER})  # fmt: skip
        self._parts.append(data + bytes(-len(data) % 4))
        self._length += len(self._parts[-1])
        accessor: Json = {"bufferView": len(self.views) - 1, "componentType": code,
                          "count": len(array), "type": width}  # fmt: skip
        if normalized:
            accessor["normalized"] = True
        if bounds:
            accessor["min"] = columns.min(0).tolist()
            accessor["max"] = columns.max(0).tolist()
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def encode(self, document: Mapping[str, Any]) -> bytes:
        """The whole file: the given JSON, with the arrays and where they lie."""
        whole = {
            **document,
            "buffers": [{"byteLength": self._length}],
            "bufferViews": self.views,
            "accessors": self.accessors,
        }
        text = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        binary = b"".join(self._parts)
        length = 12 + 8 + len(text) + 8 + len(binary)
        return b"".join([
            struct.pack("<III", _MAGIC, 2, length),
            struct.pack("<II", len(text), _JSON_CHUNK), text,
            struct.pack("<II", len(binary), _BINARY_CHUNK), binary,
        ])  # fmt: skip


def decode_glb(data: bytes, source: str) -> tuple[Json, memoryview]:
    """The JSON and the binary chunk of a GLB.

    Raises:
        SplatFileError: The bytes are no such file, or a damaged one.
    """
    if len(data) < 20 or struct.unpack_from("<I", data)[0] != _MAGIC:
        raise SplatFileError(f"{source} is no GLB file: it does not begin with 'glTF'.")
    _, version, length = struct.unpack_from("<III", data)
    if version != 2 or length > len(data):
        raise SplatFileError(
            f"{source}: glTF version {version} of {length} bytes, but version 2 of {len(data)} was "
            "expected; the file is cut short or of another kind."
        )
    size, kind = struct.unpack_from("<II", data, 12)
    if kind != _JSON_CHUNK or not size <= min(length - 20, _MAX_JSON):
        raise SplatFileError(f"{source}: its first chunk is no JSON of at most {_MAX_JSON} bytes.")
    try:
        document = json.loads(data[20 : 20 + size])
    except (ValueError, RecursionError) as error:
        raise SplatFileError(f"{source}: its JSON can't be read ({error}).") from None
    if not isinstance(document, dict):
        raise SplatFileError(f"{source}: its JSON is no object.")
    start = 20 + size
    if length < start + 8:
        return document, memoryview(b"")
    size, kind = struct.unpack_from("<II", data, start)
    if kind != _BINARY_CHUNK or size > length - start - 8:
        raise SplatFileError(f"{source}: its second chunk is no binary chunk, or is cut short.")
    return document, memoryview(data)[start + 8 : start + 8 + size]


def read_accessor(document: Json, binary: memoryview, index: object, source: str) -> np.ndarray:
    """The array of an accessor: (N,) or (N, width); normalised whole numbers become float32.

    Raises:
        SplatFileError: It reaches outside of the file, or is of a kind that is not read.
    """
    try:
        accessor = document["accessors"][_whole(index)]
        view = document["bufferViews"][_whole(accessor["bufferView"])]
        dtype = np.dtype(_COMPONENTS[accessor["componentType"]])
        width = _WIDTHS[accessor["type"]]
        count = _whole(accessor["count"])
        start = _whole(view.get("byteOffset", 0)) + _whole(accessor.get("byteOffset", 0))
        end = _whole(view.get("byteOffset", 0)) + _whole(view["byteLength"])
        stride = _whole(view.get("byteStride", 0)) or width * dtype.itemsize
        plain = "sparse" not in accessor and _whole(view.get("buffer", 0)) == 0
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise SplatFileError(f"{source}: accessor {index!r} is malformed ({error!r}).") from None
    check_count(source, count)
    size = width * dtype.itemsize
    if not plain or stride < size or start + (count - 1) * stride + size > min(end, len(binary)):
        raise SplatFileError(
            f"{source}: accessor {index} is sparse, lies in another file, or reaches beyond the "
            "binary chunk."
        )
    rows = np.ndarray((count, width), dtype, binary, start, (stride, dtype.itemsize))
    if accessor.get("normalized") and dtype.kind in "iu":
        rows = (rows / np.float32(np.iinfo(dtype).max)).clip(-1, 1)
    return rows[:, 0].copy() if width == 1 else rows.copy()


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no whole number from 0")
    return value
