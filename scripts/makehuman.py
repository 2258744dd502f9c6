"""Reads MakeHuman's data formats: OBJ with groups, targets, rigs, weights, mirror tables."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

METRES_PER_UNIT = 0.1  # MakeHuman counts in decimetres.


@dataclass(frozen=True)
class BaseMesh:
    """The base mesh with all its helpers; quads, grouped by name."""

    vertices: np.ndarray
    """(vertices, 3), decimetres, y up, facing +z, x to the subject's left."""
    uv: np.ndarray
    """(texels, 2)."""
    quads: dict[str, np.ndarray]
    """(quads, 4) vertex indices of each group."""
    uv_quads: dict[str, np.ndarray]
    """The same quads as indices into `uv`."""

    def group_vertices(self, group: str) -> np.ndarray:
        """Sorted indices of the vertices of a group."""
        return np.unique(self.quads[group])


def read_base_mesh(path: Path) -> BaseMesh:
    """Read ``base.obj``."""
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    quads: dict[str, list[list[int]]] = {}
    uv_quads: dict[str, list[list[int]]] = {}
    group = ""
    for line in path.read_text().splitlines():
        kind, *fields = line.split() or [""]
        if kind == "v":
            vertices.append([float(x) for x in fields[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in fields[:2]])
        elif kind == "g":
            group = fields[0]
        elif kind == "f":
            corners = [corner.split("/") for corner in fields]
            quads.setdefault(group, []).append([int(c[0]) - 1 for c in corners])
            uv_quads.setdefault(group, []).append([int(c[1]) - 1 for c in corners])
    return BaseMesh(
        np.array(vertices),
        np.array(uv),
        {name: np.array(faces) for name, faces in quads.items()},
        {name: np.array(faces) for name, faces in uv_quads.items()},
    )


def read_target(path: Path, num_vertices: int) -> np.ndarray:
    """Read a sparse morph target as dense displacements (vertices, 3), decimetres."""
    opener = gzip.open if path.suffix == ".gz" else open
    displacement = np.zeros((num_vertices, 3))
    with opener(path, "rt") as lines:
        for line in lines:
            fields = line.split()
            if fields and not fields[0].startswith("#"):
                displacement[int(fields[0])] = [float(x) for x in fields[1:4]]
    return displacement


def read_mirror(path: Path) -> np.ndarray:
    """Read the mirror table: for each vertex its counterpart on the other side."""
    pairs = [line.split()[:2] for line in path.read_text().splitlines() if line.strip()]
    table = np.full(len(pairs), -1)
    for vertex, counterpart in pairs:
        table[int(vertex)] = int(counterpart)
    assert (table[table] == np.arange(len(table))).all(), "mirroring twice must be the identity"
    return table


def read_weights(path: Path, num_vertices: int) -> dict[str, np.ndarray]:
    """Read skinning weights: for each bone a dense column (vertices,)."""
    columns = {}
    for bone, entries in json.loads(path.read_text())["weights"].items():
        column = np.zeros(num_vertices)
        for vertex, weight in entries:
            column[int(vertex)] += weight
        columns[bone] = column
    return columns


def read_bone_parents(path: Path) -> dict[str, str]:
    """Read the parent of each bone; the root's is empty."""
    rig = json.loads(path.read_text())
    return {name: bone["parent"] or "" for name, bone in rig.items()}


def sample_mask(path: Path, uv: np.ndarray) -> np.ndarray:
    """Read a grey mask in texture space at texture coordinates; values in [0, 1]."""
    mask = np.asarray(Image.open(path).convert("L"), np.float64) / 255
    height, width = mask.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return mask[row, column]
