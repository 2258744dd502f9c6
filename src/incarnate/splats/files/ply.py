"""PLY in the layout of 3D Gaussian splatting: log scale, logit opacity, ``wxyz``.

Most trainers and viewers take such a file's y axis to point down, as COLMAP's cameras have it. So
that is how one is written, half a turn about x from our world; a comment in the header says which.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import (
    NUM_COEFFICIENTS,
    SplatCloud,
    check_count,
    checked_cloud,
    read_bytes,
)
from incarnate.whole_files import write_whole

Axes = Literal["y-down", "y-up"]
"""Which way the y axis of a file points; x is the subject's left either way."""

_MAX_HEADER: Final = 1 << 16
_TYPES: Final = {
    **dict.fromkeys(("float", "float32"), "<f4"),
    **dict.fromkeys(("double", "float64"), "<f8"),
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "<i2"),
    **dict.fromkeys(("ushort", "uint16"), "<u2"),
    **dict.fromkeys(("int", "int32"), "<i4"),
    **dict.fromkeys(("uint", "uint32"), "<u4"),
}
_POSITION: Final = ("x", "y", "z")
_COLOUR: Final = ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALE: Final = ("scale_0", "scale_1", "scale_2")
_ROTATION: Final = ("rot_0", "rot_1", "rot_2", "rot_3")
_NUM_REST: Final = tuple(3 * (count - 1) for count in NUM_COEFFICIENTS)


def write_ply(
    cloud: SplatCloud,
    path: Path,
    *,
    axes: Axes = "y-down",
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write a cloud as binary PLY; only the harmonics that it has are declared.

    Args:
        cloud: The splats, world axes.
        path: Where to.
        axes: Which way the file's y axis points.
        notes: Facts to keep as comments: consent, licences.
    """
    turned = cloud.turned_over() if axes == "y-down" else cloud
    count, rest = len(cloud), turned.harmonics[:, 1:]
    names = (*_POSITION, "nx", "ny", "nz", *_COLOUR, *_rest_names(3 * rest.shape[1]), "opacity",
             *_SCALE, *_ROTATION)  # fmt: skip
    columns = [
        turned.means,
        # Normals are not used, but the first readers of this layout count on them.
        np.zeros((count, 3)),
        turned.harmonics[:, 0],
        # All of red, then green, then blue.
        rest.transpose(0, 2, 1).reshape(count, -1),
        turned.opacity_logits[:, None],
        turned.log_scales,
        turned.quaternions,
    ]
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment axes {axes}",
        *(f"comment {key}: {' '.join(text.split())}" for key, text in (notes or {}).items()),
        f"element vertex {count}",
        *(f"property float {name}" for name in names),
        "end_header\n",
    ]
    header = "\n".join(lines).encode("ascii", "replace")
    write_whole(header + np.concatenate(columns, 1).astype("<f4").tobytes(), path)


def read_ply(path: Path, axes: Axes | None = None) -> SplatCloud:
    """Read a cloud from binary PLY.

    Args:
        path: The file.
        axes: Which way its y axis points; what its header says if left out, else down.

    Raises:
        SplatFileError: It is no such file, or a damaged or too large one.
    """
    data, source = read_bytes(path), str(path)
    lines, start = _header(data, source)
    count, layout = _vertices(lines, source)
    needed, there = count * layout.itemsize, len(data) - start
    if there < needed:
        raise SplatFileError(
            f"{source}: {count} splats need {needed} bytes, and {there} follow the header; the "
            "file is cut short: copy it again."
        )
    rows = np.frombuffer(data, layout, count, start)
    harmonics = np.stack([rows[name] for name in _COLOUR], -1)[:, None]
    rest = _rest_names(sum(name.startswith("f_rest_") for name in layout.names or ()))
    if rest:
        colours = np.stack([rows[name] for name in rest], -1).reshape(count, 3, -1)
        harmonics = np.concatenate([harmonics, colours.transpose(0, 2, 1)], 1)
    fields = {
        "means": np.stack([rows[name] for name in _POSITION], -1),
        "quaternions": np.stack([rows[name] for name in _ROTATION], -1),
        "log_scales": np.stack([rows[name] for name in _SCALE], -1),
        "opacity_logits": rows["opacity"],
        "harmonics": harmonics,
    }
    cloud = checked_cloud(source, fields)
    is_up = "comment axes y-up" in lines if axes is None else axes == "y-up"
    return cloud if is_up else cloud.turned_over()


def _rest_names(count: int) -> tuple[str, ...]:
    return tuple(f"f_rest_{i}" for i in range(count))


def _header(data: bytes, source: str) -> tuple[list[str], int]:
    """The lines of the header, and where the numbers begin."""
    found = re.search(rb"\nend_header[ \t]*\r?\n", data[:_MAX_HEADER])
    if not data.startswith(b"ply") or found is None:
        raise SplatFileError(
            f"{source} is no PLY file: it lacks a header from 'ply' to 'end_header'."
        )
    lines = [line.strip() for line in data[: found.start()].decode("ascii", "replace").split("\n")]
    form = next((line for line in lines if line.startswith("format ")), "format missing")
    if form != "format binary_little_endian 1.0":
        raise SplatFileError(
            f"{source}: its format is {form[7:47]!r}; only 'binary_little_endian 1.0' is read, "
            "which every splat tool writes."
        )
    return lines, found.end()


def _vertices(lines: list[str], source: str) -> tuple[int, np.dtype]:
    """How many splats there are, and the layout of one."""
    first = next((i for i, line in enumerate(lines) if line.startswith("element ")), len(lines))
    element = re.fullmatch(r"element vertex (\d{1,18})", lines[first] if lines[first:] else "")
    if element is None:
        raise SplatFileError(
            f"{source}: its first element is no 'vertex' with a count; a compressed PLY has to be "
            "converted to a plain one first, for example with splat-transform."
        )
    count = int(element[1])
    check_count(source, count)
    properties: list[tuple[str, str]] = []
    for line in lines[first + 1 :]:
        words = line.split()
        if words[:1] == ["element"]:
            break
        if words[:1] != ["property"]:
            continue
        if len(words) != 3 or words[1] not in _TYPES:
            raise SplatFileError(f"{source}: a splat can't have {line[:60]!r}.")
        properties.append((words[2], _TYPES[words[1]]))
    names = [name for name, _ in properties]
    _check_names(names, source)
    return count, np.dtype(properties)


def _check_names(names: list[str], source: str) -> None:
    num_rest = sum(name.startswith("f_rest_") for name in names)
    needed = (*_POSITION, *_COLOUR, "opacity", *_SCALE, *_ROTATION, *_rest_names(num_rest))
    missing = [name for name in needed if name not in names]
    if missing:
        raise SplatFileError(
            f"{source}: it lacks {', '.join(missing[:4])}: it may be a plain point cloud or mesh, "
            "not splats."
        )
    if num_rest not in _NUM_REST:
        raise SplatFileError(
            f"{source}: {num_rest} columns f_rest; spherical harmonics have 0, 9, 24 or 45."
        )
    if len(set(names)) < len(names):
        raise SplatFileError(f"{source}: a property is named twice; the file is damaged.")
