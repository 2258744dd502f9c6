"""The GLB container: a header, one JSON chunk, one binary chunk (glTF 2.0, section 4.4)."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, final

import numpy as np

from incarnate.errors import AvatarError

MAX_BYTES: Final = 1 << 30
"""A file beyond this is refused before any of it is read into memory."""
MALFORMED: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading JSON of another shape than expected raises."""
ARRAY_BUFFER: Final = 34962
"""The target of a view that holds vertex attributes."""

_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_VERSION = 2
# The largest avatars and clouds of splats have far fewer rows, and no longer JSON.
_MAX_COUNT, _MAX_JSON = 10_000_000, 64 << 20
# glTF's component types, and how many components its types have.
_COMPONENTS: Final = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_DTYPES: Final = {code: np.dtype(f"<{name}") for name, code in _COMPONENTS.items()}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class Glb:
    """A GLB file in memory."""

    document: dict[str, Any]
    """The glTF JSON."""
    binary: memoryview
    """The binary chunk; empty where the file has none."""

    def view(self, index: int) -> memoryview:
        """The bytes of a buffer view.

        Raises:
            AvatarError: There is no such view, or it reaches beyond the binary chunk.
        """
        try:
            view = self.document["bufferViews"][whole(index)]
            start, length = whole(view.get("byteOffset", 0)), whole(view["byteLength"])
        except MALFORMED as error:
            raise AvatarError(
                f"GLB: buffer view {index!r} is missing or malformed ({error!r}); export it again"
            ) from error
        if start + length > len(self.binary):
            raise AvatarError(
                f"GLB: buffer view {index} ends at byte {start + length}, the binary chunk at "
                f"{len(self.binary)}; the file is cut off, copy or export it again"
            )
        return self.binary[start : start + length]

    def array(self, index: int, dtype: str, shape: Sequence[int]) -> np.ndarray:
        """A buffer view as an array, little-endian, read-only.

        Raises:
            AvatarError: It does not hold as many numbers as the shape has.
        """
        raw, kind = self.view(index), np.dtype(dtype).newbyteorder("<")
        expected = int(np.prod([int(n) for n in shape])) * kind.itemsize
        if any(n < 0 for n in shape) or expected != len(raw):
            raise AvatarError(
                f"GLB: buffer view {index} holds {len(raw)} bytes; {dtype} of shape "
                f"{tuple(shape)} needs {expected}; export it again"
            )
        return np.frombuffer(raw, kind).reshape(tuple(shape))

    def accessor(
        self, index: object, numbers: Literal["stored", "fractions"] = "stored"
    ) -> np.ndarray:
        """An accessor's numbers, one row an element; `accessor_rows` tells which.

        Raises:
            AvatarError: There is no such accessor, or it is malformed, sparse or cut off.
        """
        try:
            return accessor_rows(self.document, [self.binary], index, numbers)
        except MALFORMED as error:
            raise AvatarError(
                f"GLB: accessor {index!r} can't be read ({error!r}); export it again"
            ) from error


def accessor_rows(
    document: dict[str, Any],
    buffers: Sequence[memoryview],
    index: object,
    numbers: Literal["stored", "fractions"],
) -> np.ndarray:
    """The numbers of an accessor: (count, width), read-only.

    Args:
        document: The glTF JSON.
        buffers: What its buffer views point into.
        index: Which of its accessors.
        numbers: Normalised whole numbers as they are stored, or as float64 in [0, 1] or [−1, 1].

    Raises:
        MALFORMED: One of these: it is malformed, sparse, or reaches beyond its buffer.
    """
    facts = document["accessors"][whole(index)]
    if "sparse" in facts:
        raise ValueError("sparse accessors are not supported")
    view = document["bufferViews"][whole(facts["bufferView"])]
    dtype, width = _DTYPES[facts["componentType"]], _WIDTHS[facts["type"]]
    count, size = whole(facts["count"]), width * dtype.itemsize
    stride = whole(view.get("byteStride", 0)) or size
    offset, length = whole(facts.get("byteOffset", 0)), whole(view["byteLength"])
    start, content = whole(view.get("byteOffset", 0)), buffers[whole(view.get("buffer", 0))]
    if not 0 < count <= _MAX_COUNT or stride < size or start + length > len(content):
        raise ValueError(f"it reaches beyond the buffer, or has not 1 to {_MAX_COUNT} rows")
    if offset + (count - 1) * stride + size > length:
        raise ValueError("it reaches beyond its view")
    rows = np.ndarray((count, width), dtype, content, start + offset, (stride, dtype.itemsize))
    if numbers == "fractions" and facts.get("normalized") and dtype.kind in "iu":
        return np.maximum(rows / np.iinfo(dtype).max, -1)
    return rows


def whole(value: object, below: int | None = None) -> int:
    """A whole number from zero on, as indices and sizes are.

    Raises:
        ValueError: It is none, or not below the limit.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no whole number from 0")
    if below is not None and value >= below:
        raise ValueError(f"{value} is not below {below}")
    return value


@final
class GlbWriter:
    """Collects arrays into the binary chunk while the caller composes the JSON."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add_view(self, array: np.ndarray, target: int | None = None) -> int:
        """Append an array, little-endian and aligned to four bytes; its view's index."""
        raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._length, "byteLength": len(raw)}
        if target is not None:
            view["target"] = target
        padded = raw + b"\0" * (-len(raw) % 4)
        self._parts.append(padded)
        self._length += len(padded)
        self.views.append(view)
        return len(self.views) - 1

    def add_accessor(
        self,
        array: np.ndarray,
        *,
        normalized: bool = False,
        bounds: bool = False,
        target: int | None = None,
    ) -> int:
        """Append an array of elements (rows) as an accessor; its index.

        Args:
            array: (count,) or (count, width), of a component type that glTF has.
            normalized: Whole numbers stand for [0, 1] or [−1, 1].
            bounds: State minimum and maximum, as positions and times must.
            target: What its view is for.
        """
        rows = array.reshape(len(array), -1)
        kinds = {width: kind for kind, width in _WIDTHS.items()}
        assert rows.shape[1] * rows.itemsize % 4 == 0, "glTF aligns vertex attributes to 4 bytes"
        facts: dict[str, Any] = {
            "bufferView": self.add_view(rows, target),
            "componentType": _COMPONENTS[rows.dtype.str[1:]],
            "count": len(rows),
            "type": kinds[rows.shape[1]],
        }
        if normalized:
            facts["normalized"] = True
        if bounds:
            facts["min"], facts["max"] = rows.min(0).tolist(), rows.max(0).tolist()
        self.accessors.append(facts)
        return len(self.accessors) - 1

    def glb(self, document: dict[str, Any]) -> bytes:
        """The whole file; buffers, views and accessors are added to the given JSON."""
        whole = {
            **document,
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": self._length}],
        }
        text = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + self._length
        header = struct.pack("<III", _MAGIC, _VERSION, total)
        chunk = struct.pack("<II", len(text), _JSON) + text
        return b"".join([header, chunk, struct.pack("<II", self._length, _BINARY), *self._parts])


def read_glb(path: Path | str) -> Glb:
    """Read a GLB file.

    Raises:
        AvatarError: There is no such file, it is too large, or it is no GLB 2.0.
    """
    path = Path(path)
    if not path.is_file():
        raise AvatarError(f"{path}: there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise AvatarError(f"{path} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
    try:
        return parse_glb(path.read_bytes())
    except AvatarError as problem:
        raise AvatarError(f"{path}: {problem}") from None


def parse_glb(content: bytes) -> Glb:
    """Take a GLB apart.

    Raises:
        AvatarError: It is no GLB 2.0, or it is damaged.
    """
    if len(content) < 20 or struct.unpack_from("<I", content)[0] != _MAGIC:
        raise AvatarError("it is no GLB: it does not begin with 'glTF'")
    _, version, total = struct.unpack_from("<III", content)
    if version != _VERSION or total > len(content):
        raise AvatarError(
            f"it is GLB version {version} of {total} bytes, expected version {_VERSION} of "
            f"{len(content)}; copy or export it again"
        )
    content = content[:total]
    length, kind = struct.unpack_from("<II", content, 12)
    if kind != _JSON or length > min(len(content) - 20, _MAX_JSON):
        raise AvatarError(
            f"its first chunk is no whole JSON of up to {_MAX_JSON} bytes; copy or export it again"
        )
    try:
        document = json.loads(content[20 : 20 + length])
    except (ValueError, RecursionError) as error:
        raise AvatarError(f"its JSON is damaged ({error}); copy or export it again") from error
    if not isinstance(document, dict):
        raise AvatarError("its JSON is no object; export it again")
    return Glb(document, _binary_chunk(content, 20 + length))


def _binary_chunk(content: bytes, start: int) -> memoryview:
    if start == len(content):
        return memoryview(b"")
    if start + 8 > len(content):
        raise AvatarError("its second chunk is cut off; copy or export it again")
    length, kind = struct.unpack_from("<II", content, start)
    if kind != _BINARY or start + 8 + length > len(content):
        raise AvatarError("its second chunk is no whole binary; copy or export it again")
    return memoryview(content)[start + 8 : start + 8 + length]
