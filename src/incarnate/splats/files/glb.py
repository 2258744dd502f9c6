"""GLB with KHR_gaussian_splatting: linear scale, opacity in [0, 1], ``xyzw``, y up.

Viewers that don't know the extension show coloured points. Draft texts of the extension had scales
as logarithms; what was ratified, and what its readers take, are standard deviations in metres.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from incarnate.errors import AvatarError, SplatFileError
from incarnate.splats.files.cloud import (
    SplatCloud,
    checked_cloud,
    logits_of,
    opacities,
    read_bytes,
)
from incarnate.splats.files.gltf_container import ARRAY_BUFFER, Glb, GlbWriter, parse_glb
from incarnate.whole_files import write_whole

Json = dict[str, Any]

EXTENSION: Final = "KHR_gaussian_splatting"
_Y0: Final = 0.28209479177387814


def write_glb(cloud: SplatCloud, path: Path, *, notes: Mapping[str, str] | None = None) -> None:
    """Write a cloud as GLB.

    Args:
        cloud: The splats, world axes.
        path: Where to.
        notes: Facts to keep in the asset's extras: consent, licences.
    """
    arrays = GlbWriter()
    document = {
        "asset": {"version": "2.0", "generator": "incarnate", "extras": dict(notes or {})},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "splats"}],
        "meshes": [{"primitives": [splat_primitive(cloud, arrays)]}],
    }
    write_whole(arrays.glb(document), path)


def splat_primitive(cloud: SplatCloud, arrays: GlbWriter) -> Json:
    """The glTF primitive of a cloud; its numbers are appended to the arrays."""
    colour = cloud.harmonics[:, 0] * _Y0 + 0.5
    opacity = opacities(cloud.opacity_logits)
    rgba = np.concatenate([colour, opacity[:, None]], 1).clip(0, 1)
    add = partial(arrays.add_accessor, target=ARRAY_BUFFER)
    attributes = {
        "POSITION": add(cloud.means, bounds=True),
        # What viewers show that don't know splats.
        "COLOR_0": add(np.rint(rgba * 255).astype(np.uint8), normalized=True),
        f"{EXTENSION}:ROTATION": add(np.roll(cloud.quaternions, -1, axis=1)),
        f"{EXTENSION}:SCALE": add(np.exp(cloud.log_scales)),
        f"{EXTENSION}:OPACITY": add(opacity),
    }
    for name, index in _semantics(cloud.degree):
        attributes[name] = add(np.ascontiguousarray(cloud.harmonics[:, index]))
    settings = {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    return {"attributes": attributes, "mode": 0, "extensions": {EXTENSION: settings}}


def read_glb(path: Path) -> SplatCloud:
    """Read the first cloud of a GLB.

    Raises:
        SplatFileError: It is no such file, a damaged or too large one, or holds no splats.
    """
    try:
        return _cloud(parse_glb(read_bytes(path)), str(path))
    except AvatarError as error:
        raise SplatFileError(f"{path}: {error}") from error


def _cloud(glb: Glb, source: str) -> SplatCloud:
    attributes = _splat_attributes(glb.document, source)

    def read(name: str, width: int) -> np.ndarray:
        if name not in attributes:
            raise SplatFileError(f"{source}: its splats lack {name}.")
        rows = glb.accessor(attributes[name], "fractions")
        if rows.shape[1] != width:
            raise SplatFileError(f"{source}: {name} has not {width} numbers a splat.")
        return rows.astype(np.float32)

    present = [f"{EXTENSION}:SH_DEGREE_{degree}_COEF_0" in attributes for degree in range(4)]
    degree = max(sum(present) - 1, 0)
    arrays = {
        "means": read("POSITION", 3),
        "quaternions": np.roll(read(f"{EXTENSION}:ROTATION", 4), 1, axis=1),
        "log_scales": _logs(read(f"{EXTENSION}:SCALE", 3), source),
        "opacity_logits": logits_of(read(f"{EXTENSION}:OPACITY", 1)[:, 0].clip(0, 1)),
    }
    coefficients = [read(name, 3) for name, _ in _semantics(degree)]
    if len({len(array) for array in (*arrays.values(), *coefficients)}) > 1:
        raise SplatFileError(f"{source}: its attributes are of different lengths.")
    return checked_cloud(source, {**arrays, "harmonics": np.stack(coefficients, 1)})


def _semantics(degree: int) -> list[tuple[str, int]]:
    """Attribute of each coefficient up to a degree, and its index."""
    names = [f"{EXTENSION}:SH_DEGREE_{d}_COEF_{m}" for d in range(degree + 1)
             for m in range(2 * d + 1)]  # fmt: skip
    return list(zip(names, range(len(names)), strict=True))


def _logs(scales: np.ndarray, source: str) -> np.ndarray:
    if (scales < 0).any():
        raise SplatFileError(f"{source}: a scale is negative: it may be a draft's, in logarithms.")
    with np.errstate(divide="ignore"):
        return np.log(scales)


def _splat_attributes(document: Json, source: str) -> Mapping[str, Any]:
    """Attributes of the first primitive of splats."""
    try:
        found = [
            (index, primitive["attributes"])
            for index, mesh in enumerate(document.get("meshes", []))
            for primitive in mesh["primitives"]
            if EXTENSION in primitive.get("extensions", {})
        ]
        mesh, attributes = found[0] if found else (-1, {})
        moved = _is_moved(document.get("nodes", []), mesh)
        attributes = dict(attributes)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SplatFileError(f"{source}: its meshes are malformed ({error!r}).") from None
    if not attributes:
        raise SplatFileError(f"{source} holds no splats: no primitive has {EXTENSION}.")
    if moved:
        raise SplatFileError(f"{source}: a node moves its splats; apply its transform first.")
    return attributes


def _is_moved(nodes: list[Json], mesh: int) -> bool:
    """Whether a node that shows the mesh, or one above it, has a transform."""
    shown = {index for index, node in enumerate(nodes) if node.get("mesh") == mesh}
    for _ in nodes:
        above = {i for i, node in enumerate(nodes) if shown & set(node.get("children", []))}
        if above <= shown:
            break
        shown |= above
    keys = {"matrix", "rotation", "translation", "scale"}
    return any(keys & set(nodes[index]) for index in shown)
