"""Rig files: one npz without pickle, bases stored sparse, optionally as 16-bit integers."""

import json
from pathlib import Path

import numpy as np
import torch

from incarnate.errors import RigError
from incarnate.rigs.packing import pack_columns, unpack_columns
from incarnate.rigs.rig import Rig, SurfacePoints
from incarnate.whole_files import whole

_FORMAT = "incarnate-rig"
_VERSION = 1
_DENSE = ("vertices", "faces", "uv", "uv_faces", "parts", "joints", "joint_shape_basis")
_INTEGER = ("faces", "uv_faces", "parts")


def save_rig(rig: Rig, path: Path, *, step: float | None = None) -> None:
    """Write a rig to an npz; equal rigs give equal bytes.

    Args:
        rig: The rig; float32.
        path: The file, replaced only when the new one is whole.
        step: Metres. Round the bases to multiples of it and store 16-bit integers (the error is
            at most half of it); None stores them exactly.
    """
    arrays = {name: _smallest(getattr(rig, name).numpy()) for name in _DENSE}
    arrays |= pack_columns(rig.shape_basis.numpy(), "shape_basis", step)
    arrays |= pack_columns(rig.expression_basis.numpy(), "expression_basis", step)
    if rig.pose_basis is not None:
        arrays |= pack_columns(rig.pose_basis.numpy(), "pose_basis", step)
    arrays |= pack_columns(rig.skinning_weights.numpy().T[..., None], "skinning_weights", None)
    for name, points in rig.landmarks.items():
        arrays[f"landmarks.{name}.faces"] = _smallest(points.faces.numpy())
        arrays[f"landmarks.{name}.barycentric"] = points.barycentric.numpy()
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "name": rig.name,
        "license": rig.license,
        "part_names": rig.part_names,
        "shape_names": rig.shape_names,
        "expression_names": rig.expression_names,
        "joint_names": rig.joint_names,
        "parents": rig.parents,
        "landmarks": tuple(rig.landmarks),
    }
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with whole(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_rig(path: Path) -> Rig:
    """Read a rig that `save_rig` wrote.

    Raises:
        RigError: The file is missing, not a rig file, of another version, or its parts do not fit.
    """
    arrays = _read_arrays(path)
    header = _read_header(arrays, path)
    try:
        rig = _assemble(arrays, header)
    except (KeyError, IndexError, ValueError, TypeError, MemoryError) as error:
        raise RigError(
            f"{path} is a rig file, but damaged or incomplete ({error}); write it again with"
            " save_rig"
        ) from error
    check_rig(rig, source=str(path))
    return rig


def check_rig(rig: Rig, *, source: str) -> None:
    """See that the parts of a rig fit each other.

    Args:
        rig: What to check.
        source: Where it came from, for the error's text.

    Raises:
        RigError: Lists everything that is wrong.
    """
    vertices, joints = len(rig.vertices), rig.num_joints
    expected = {
        "vertices": (vertices, 3),
        "shape_basis": (len(rig.shape_names), vertices, 3),
        "expression_basis": (rig.num_expressions, vertices, 3),
        "joints": (joints, 3),
        "joint_shape_basis": (len(rig.shape_names), joints, 3),
        "skinning_weights": (vertices, joints),
        "parts": (vertices,),
        "uv_faces": tuple(rig.faces.shape),
    }
    if rig.pose_basis is not None:
        expected["pose_basis"] = (9 * (joints - 1), vertices, 3)
    problems = [
        f"{name} has shape {tuple(getattr(rig, name).shape)}, expected {shape}"
        for name, shape in expected.items()
        if tuple(getattr(rig, name).shape) != shape
    ]
    problems += _problems_of_indices(rig)
    if not problems:
        weights = rig.skinning_weights
        # Written so that a NaN fails both.
        if not bool((weights >= 0).all() and ((weights.sum(-1) - 1).abs() <= 1e-4).all()):
            problems.append("skinning weights must be non-negative and sum to one at each vertex")
    if problems:
        raise RigError(f"the parts of the rig from {source} do not fit: " + "; ".join(problems))


def resolve_rig(reference: str, folder: Path) -> Rig:
    """The rig that a capture or an avatar names.

    Args:
        reference: ``incarnate-head``, ``incarnate-body``, or a rig file relative to `folder`.
        folder: The folder that holds the reference.

    Raises:
        RigError: It is neither.
    """
    # Imported here because the embedded rigs are themselves read with this module.
    from incarnate.rigs.embedded import EMBEDDED_RIGS

    if reference in EMBEDDED_RIGS:
        return EMBEDDED_RIGS[reference]()
    path = folder / reference
    if not path.is_file():
        raise RigError(
            f"no rig {reference!r}: it is neither embedded ({', '.join(EMBEDDED_RIGS)}) nor a file"
            f" in {folder}; put the rig file there or use an embedded rig"
        )
    return load_rig(path)


def _problems_of_indices(rig: Rig) -> list[str]:
    problems = []
    for name, triangles, count in (
        ("faces", rig.faces, len(rig.vertices)),
        ("uv_faces", rig.uv_faces, len(rig.uv)),
    ):
        if len(triangles) and not 0 <= int(triangles.min()) <= int(triangles.max()) < count:
            problems.append(f"{name} points outside its {count} vertices")
    if len(rig.parents) != rig.num_joints:
        problems.append(f"{len(rig.parents)} parents for {rig.num_joints} joints")
    if rig.parents[:1] != (-1,) or any(p >= j or p < 0 for j, p in enumerate(rig.parents) if j):
        problems.append("parents must stand before their children, the root (−1) first")
    for name, points in rig.landmarks.items():
        if bool(((points.faces < 0) | (points.faces >= len(rig.faces))).any()):
            problems.append(f"landmarks {name!r} point outside the {len(rig.faces)} faces")
    return problems


def _smallest(array: np.ndarray) -> np.ndarray:
    """Integers that fit in 16 bits as such; everything else unchanged."""
    if array.dtype == np.int64:
        fits = array.size == 0 or (array.min() >= 0 and array.max() < 1 << 16)
        return array.astype(np.uint16 if fits else np.int32)
    return array


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise RigError(f"no rig file at {path}; check the path")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    # A damaged archive raises whatever zipfile, zlib or NumPy's header parser happen to meet.
    except Exception as error:
        raise RigError(
            f"{path} is not a rig file ({error}); expected an npz written by save_rig"
        ) from error


def _read_header(arrays: dict[str, np.ndarray], path: Path) -> dict:
    try:
        header = json.loads(arrays["header"].tobytes()) if "header" in arrays else {}
    except ValueError:
        header = {}
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise RigError(f"{path} is an npz, but not a rig file; expected one written by save_rig")
    if header.get("version") != _VERSION:
        raise RigError(
            f"{path} is a rig file of version {header.get('version')}; this release reads version"
            f" {_VERSION}: convert it with the release that wrote it, or update incarnate"
        )
    return header


def _assemble(arrays: dict[str, np.ndarray], header: dict) -> Rig:
    def dense(name: str) -> torch.Tensor:
        kind = np.int64 if name in _INTEGER else np.float32
        return torch.from_numpy(arrays[name].astype(kind))

    def columns(name: str) -> torch.Tensor:
        return torch.from_numpy(unpack_columns(arrays, name))

    def landmarks(name: str) -> SurfacePoints:
        barycentric = torch.from_numpy(arrays[f"landmarks.{name}.barycentric"])
        faces = torch.from_numpy(arrays[f"landmarks.{name}.faces"].astype(np.int64))
        return SurfacePoints(faces, barycentric)

    return Rig(
        name=header["name"],
        vertices=dense("vertices"),
        faces=dense("faces"),
        uv=dense("uv"),
        uv_faces=dense("uv_faces"),
        parts=dense("parts"),
        part_names=tuple(header["part_names"]),
        shape_basis=columns("shape_basis"),
        shape_names=tuple(header["shape_names"]),
        expression_basis=columns("expression_basis"),
        expression_names=tuple(header["expression_names"]),
        joints=dense("joints"),
        joint_shape_basis=dense("joint_shape_basis"),
        joint_names=tuple(header["joint_names"]),
        parents=tuple(header["parents"]),
        skinning_weights=columns("skinning_weights")[..., 0].T.contiguous(),
        pose_basis=columns("pose_basis") if "pose_basis.shape" in arrays else None,
        landmarks={name: landmarks(name) for name in header["landmarks"]},
        license=header["license"],
    )
