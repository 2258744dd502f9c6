"""Landmarks of a mesh model from the embedding files that trackers bring for it."""

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path

import numpy as np
import torch

from incarnate.errors import RigError
from incarnate.rigs.readers.pickles import contained, dense, read_open_pickle
from incarnate.rigs.rig import SurfacePoints

# Names of the same two arrays in the files of RingNet, DECA and the trackers after them; of a file
# that has several, the first is taken: all 68 points rather than the 51 of the inner face.
_KEYS = (
    ("full_lmk_faces_idx", "full_lmk_bary_coords"),
    ("lmk_faces_idx", "lmk_bary_coords"),
    ("lmk_face_idx", "lmk_b_coords"),
    ("static_lmk_faces_idx", "static_lmk_bary_coords"),
)
_SET_NAMES = ((68, "ibug68"), (51, "ibug51"), (105, "mediapipe105"))
_ADVICE = (
    "Give the landmark embedding of your tracker: flame_static_embedding.pkl, "
    "landmark_embedding.npy or mediapipe_landmark_embedding.npz"
)


def read_landmarks(path: Path, *, num_faces: int) -> dict[str, SurfacePoints]:
    """The landmark set of an embedding file (``.npz``, ``.npy`` of a dictionary, ``.pkl``).

    Args:
        path: The file; its arrays are found by the names that public trackers give them.
        num_faces: Of the mesh that the landmarks ride on.

    Returns:
        One set: ``ibug68``, ``ibug51`` (without the face's outline) or ``mediapipe105``; any other
        number of points is ``landmarks``.

    Raises:
        RigError: The file is absent, lacks the arrays, names code, or points outside the mesh.
    """
    fields = _read_fields(path)
    for faces_key, weights_key in _KEYS:
        if faces_key in fields and weights_key in fields:
            try:
                faces, weights = dense(fields[faces_key]), dense(fields[weights_key])
            except ValueError as error:
                raise RigError(
                    f"{path}: {faces_key} or {weights_key} {error}. {_ADVICE}"
                ) from error
            return _named(
                faces.reshape(-1), weights.reshape(-1, weights.shape[-1]), num_faces, path
            )
    raise RigError(
        f"{path} has {', '.join(map(str, fields)) or 'nothing'}, but not lmk_faces_idx and "
        f"lmk_bary_coords. {_ADVICE}"
    )


def _named(
    faces: np.ndarray, weights: np.ndarray, num_faces: int, path: Path
) -> dict[str, SurfacePoints]:
    if weights.shape != (len(faces), 3):
        raise RigError(f"{path}: {len(faces)} faces, but weights of shape {weights.shape}")
    if len(faces) and not 0 <= faces.min() <= faces.max() < num_faces:
        raise RigError(f"{path} points outside the {num_faces} triangles: it is of another mesh")
    if not np.allclose(weights.sum(-1), 1, atol=1e-3):
        raise RigError(f"{path}: barycentric weights must sum to one at each landmark. {_ADVICE}")
    name = dict(_SET_NAMES).get(len(faces), "landmarks")
    points = torch.from_numpy(faces.astype(np.int64))
    return {name: SurfacePoints(points, torch.from_numpy(weights.astype(np.float32)))}


def _read_fields(path: Path) -> Mapping[str, object]:
    if not path.is_file():
        raise RigError(f"no file at {path}. {_ADVICE}")
    if path.suffix == ".npz":
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                wanted = {key for pair in _KEYS for key in pair}
                return {key: arrays[key] for key in arrays.files if key in wanted}
        # A damaged archive raises whatever zipfile, zlib or NumPy's header parser happen to meet.
        except Exception as error:
            raise RigError(f"{path} is not an npz of plain arrays ({error}). {_ADVICE}") from error
    with path.open("rb") as file:
        try:
            _skip_header(file, path)
            fields = read_open_pickle(file, str(path), advice=_ADVICE)
            fields = fields if isinstance(fields, dict) else contained(fields)
        except ValueError as error:
            raise RigError(f"{path} {error}. {_ADVICE}") from error
    if not isinstance(fields, dict):
        raise RigError(f"{path} holds a {type(fields).__name__}, not a dictionary. {_ADVICE}")
    return fields


def _skip_header(file: BufferedIOBase, path: Path) -> None:
    """Stand where numpy keeps the pickle of an array of objects."""
    if path.suffix != ".npy":
        return
    version = np.lib.format.read_magic(file)
    if version[0] == 1:
        np.lib.format.read_array_header_1_0(file)
    else:
        np.lib.format.read_array_header_2_0(file)
