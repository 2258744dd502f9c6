"""The GLB container: a header, one JSON chunk, one binary chunk (glTF 2.0, section 4.4)."""

import json
import os
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np

from incarnate.errors import AvatarError

MAX_BYTES: Final = 1 << 30
"""A file beyond this is refused before any of it is read into memory."""

_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_VERSION = 2
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
            view = self.document["bufferViews"][index]
            start, length = view.get("byteOffset", 0), view["byteLength"]
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise AvatarError(f"GLB: buffer view {index!r} is missing; export it again") from error
        if not isinstance(start, int) or not isinstance(length, int):
            raise AvatarError(f"GLB: buffer view {index} has no whole numbers; export it again")
        if start < 0 or length < 0 or start + length > len(self.binary):
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

    def accessor(self, index: int) -> np.ndarray:
        """An accessor's numbers (not normalised), one row an element.

        Raises:
            AvatarError: There is no such accessor, or it is sparse, strided or of unknown type.
        """
        try:
            facts = self.document["accessors"][index]
            dtype, width = _DTYPES[facts["componentType"]], _WIDTHS[facts["type"]]
            count, view = facts["count"], facts["bufferView"]
            stride = self.document["bufferViews"][view].get("byteStride", width * dtype.itemsize)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise AvatarError(f"GLB: accessor {index!r} can't be read ({error!r})") from error
        if "sparse" in facts or facts.get("byteOffset", 0) or stride != width * dtype.itemsize:
            raise AvatarError(f"GLB: accessor {index} is sparse, strided or offset; not supported")
        return self.array(view, dtype.str[1:], (count, width))


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
        self, array: np.ndarray, *, normalized: bool = False, bounds: bool = False
    ) -> int:
        """Append an array of elements (rows) as an accessor; its index.

        Args:
            array: (count,) or (count, width), of a component type that glTF has.
            normalized: Whole numbers stand for [0, 1] or [−1, 1].
            bounds: State minimum and maximum, as positions and times must.
        """
        rows = array.reshape(len(array), -1)
        kinds = {width: kind for kind, width in _WIDTHS.items()}
        assert rows.shape[1] * rows.itemsize % 4 == 0, "glTF aligns vertex attributes to 4 bytes"
        facts: dict[str, Any] = {
            "bufferView": self.add_view(rows),
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


def write_whole(content: bytes, path: Path) -> None:
    """Write a file that has another name until it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(path.suffix, ".unfinished-", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


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
    if version != _VERSION or total != len(content):
        raise AvatarError(
            f"it is GLB version {version} of {total} bytes, expected version {_VERSION} of "
            f"{len(content)}; copy or export it again"
        )
    length, kind = struct.unpack_from("<II", content, 12)
    if kind != _JSON or 20 + length > len(content):
        raise AvatarError("its first chunk is no whole JSON; copy or export it again")
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
