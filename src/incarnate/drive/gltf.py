"""glTF 2.0 files (GLB, VRM, VRMA or JSON) as far as motion needs them: the JSON and its numbers."""

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from jaxtyping import Float

from incarnate.errors import AvatarError, DriveError
from incarnate.splats.files.gltf_container import MALFORMED, MAX_BYTES, accessor_rows, parse_glb

_ADVICE = "Export it again as glTF 2.0"


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
            rows = accessor_rows(self.document, self.buffers, index, "fractions").astype(float)
            if not np.isfinite(rows).all():
                raise ValueError("it holds numbers that are not finite")
        except MALFORMED as error:
            raise DriveError(
                f"{self.source}: accessor {index!r} can't be read ({error!r}). {_ADVICE}"
            ) from error
        return rows


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
