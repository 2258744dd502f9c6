"""glTF 2.0 files (GLB, VRM, VRMA or JSON) as far as motion needs them: the JSON and its numbers."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
from jaxtyping import Float

from incarnate.errors import AvatarError, DriveError
from incarnate.splats.files.gltf_container import MAX_BYTES, parse_glb

_DTYPES: Final[Mapping[int, str]] = {
    5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"
}  # fmt: skip
_WIDTHS: Final[Mapping[str, int]] = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_MAX_COUNT = 10_000_000
_ADVICE = "Export it again as glTF 2.0"

MALFORMED: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading JSON of another shape than expected raises."""


@dataclass(frozen=True)
class Gltf:
    """A glTF file in memory."""

    source: str
    """The file, for errors."""
    document: dict[str, Any]
    """The JSON."""
    buffers: tuple[memoryview, ...]
    """What its accessors point into."""

    def accessor(self, index: object) -> Float[np.ndarray, "count width"]:
        """The numbers of an accessor; normalised whole numbers become [0, 1] or [−1, 1].

        Raises:
            DriveError: It is malformed, sparse, or reaches beyond its buffer.
        """
        try:
            return self._accessor(index)
        except MALFORMED as error:
            raise DriveError(
                f"{self.source}: accessor {index!r} can't be read ({error!r}). {_ADVICE}"
            ) from error

    def _accessor(self, index: object) -> Float[np.ndarray, "count width"]:
        facts = self.document["accessors"][whole(index)]
        if "sparse" in facts:
            raise ValueError("sparse accessors are not supported")
        view = self.document["bufferViews"][whole(facts["bufferView"])]
        dtype, width = np.dtype(_DTYPES[facts["componentType"]]), _WIDTHS[facts["type"]]
        count, size = whole(facts["count"]), width * dtype.itemsize
        stride = whole(view.get("byteStride", 0)) or size
        offset, length = whole(facts.get("byteOffset", 0)), whole(view["byteLength"])
        start = whole(view.get("byteOffset", 0))
        content = self.buffers[whole(view["buffer"])]
        if not 0 < count <= _MAX_COUNT or stride < size or start + length > len(content):
            raise ValueError("its view reaches beyond the buffer, or it has no elements")
        if offset + (count - 1) * stride + size > length:
            raise ValueError("it reaches beyond its view")
        strides = (stride, dtype.itemsize)
        rows = np.ndarray((count, width), dtype, content, start + offset, strides).astype(float)
        if facts.get("normalized") and dtype.kind in "iu":
            rows = np.maximum(rows / np.iinfo(dtype).max, -1)
        if not np.isfinite(rows).all():
            raise ValueError("it holds numbers that are not finite")
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


def read_gltf(path: Path) -> Gltf:
    """Read a ``.glb``, ``.vrm`` or ``.vrma``, or a ``.gltf`` with its buffers beside or inside.

    Raises:
        DriveError: The file is absent, too large or damaged.
    """
    try:
        content = _content(path)
        if content[:4] != b"glTF":
            return _from_json(path, content)
        glb = parse_glb(content)
        return Gltf(str(path), glb.document, (glb.binary,))
    except AvatarError as error:
        raise DriveError(f"{path}: {error}") from error
    except (*MALFORMED, RecursionError, binascii.Error) as error:
        raise DriveError(f"{path} is no glTF file ({error}). {_ADVICE}") from error


def _from_json(path: Path, content: bytes) -> Gltf:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("its JSON is no object")
    buffers = [_buffer(path, buffer["uri"]) for buffer in document.get("buffers", [])]
    return Gltf(str(path), document, tuple(buffers))


def _buffer(path: Path, uri: str) -> memoryview:
    if uri.startswith("data:"):
        return memoryview(base64.b64decode(uri.partition(",")[2], validate=True))
    name = unquote(uri)
    # A file may name only its neighbours, not whatever else this machine holds.
    if Path(name).name != name or "\\" in name:
        raise ValueError(f"its buffer {uri[:80]!r} is no file beside it")
    return memoryview(_content(path.with_name(name)))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DriveError(f"{path} is longer than {MAX_BYTES >> 20} MiB: keep only the skeleton")
        return path.read_bytes()
    except OSError as error:
        raise DriveError(
            f"{path} can't be read ({error.strerror}): give a .glb, .gltf, .vrm or .vrma file"
        ) from error
