"""The arrays that files of SMPL's family share: FLAME and SMPL-X differ in sizes and names."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from incarnate.errors import RigError
from incarnate.rigs.readers.pickles import dense, read_pickle

_NEEDED = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights")
_OPTIONAL = ("vt", "ft")


@dataclass(frozen=True)
class SmplKind:
    """A model of the family."""

    name: str
    """As its users call it."""
    num_joints: int
    advice: str
    """Last sentence of every error: where the model is to be had."""


@dataclass(frozen=True)
class SmplArrays:
    """The arrays of a file, their shapes checked."""

    vertices: Float[np.ndarray, "vertices 3"]
    faces: np.ndarray
    """(faces, 3), integers."""
    directions: Float[np.ndarray, "vertices 3 columns"]
    """``shapedirs``: identity first, then expression."""
    correctives: Float[np.ndarray, "vertices 3 pose_features"]
    """``posedirs``: a column for each entry of vec(R − I) of joints 1…, row-major."""
    regressor: Float[np.ndarray, "joints vertices"]
    parents: tuple[int, ...]
    weights: Float[np.ndarray, "vertices joints"]
    uv: Float[np.ndarray, "texels 2"] | None
    uv_faces: np.ndarray | None


def read_smpl_arrays(path: Path, kind: SmplKind) -> SmplArrays:
    """The arrays of a ``.pkl`` as released, or of an ``.npz`` with the same keys.

    Raises:
        RigError: The file is absent, is of another kind, or names code; the text names the key.
    """
    fields = _read_fields(path, kind)
    missing = [key for key in _NEEDED if key not in fields]
    if missing:
        raise RigError(
            f"{path} lacks {', '.join(missing)}: it is not a {kind.name} model. {kind.advice}"
        )
    arrays: dict[str, np.ndarray] = {}
    for key in (*_NEEDED, *(key for key in _OPTIONAL if fields.get(key) is not None)):
        try:
            arrays[key] = dense(fields[key])
        except ValueError as error:
            raise RigError(f"{path}: {key} {error}. {kind.advice}") from error
    _check_shapes(arrays, path, kind)
    number = {key: _as_floats(arrays[key]) for key in arrays if key not in ("f", "ft")}
    return SmplArrays(
        vertices=number["v_template"],
        faces=arrays["f"].astype(np.int64),
        directions=number["shapedirs"],
        correctives=number["posedirs"],
        regressor=number["J_regressor"],
        # The root's parent is −1, written without a sign; the others are small.
        parents=(-1, *(int(parent) for parent in arrays["kintree_table"][0, 1:])),
        weights=_normalized(number["weights"]),
        uv=number.get("vt"),
        uv_faces=arrays["ft"].astype(np.int64) if "ft" in arrays else None,
    )


def _read_fields(path: Path, kind: SmplKind) -> dict[str, object]:
    if path.suffix != ".npz":
        fields = read_pickle(path, advice=kind.advice)
        if not isinstance(fields, dict):
            raise RigError(
                f"{path} holds a {type(fields).__name__}, not {kind.name}'s keys. {kind.advice}"
            )
        return fields
    if not path.is_file():
        raise RigError(f"no file at {path}. {kind.advice}")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {key: file[key] for key in (*_NEEDED, *_OPTIONAL) if key in file.files}
    # A damaged archive raises whatever zipfile, zlib or NumPy's header parser happen to meet.
    except Exception as error:
        raise RigError(
            f"{path} is not an npz of plain arrays ({error}). Write J_regressor dense, or give the "
            "released .pkl"
        ) from error


def _check_shapes(arrays: dict[str, np.ndarray], path: Path, kind: SmplKind) -> None:
    vertices, joints = arrays["v_template"].shape[:1], kind.num_joints
    expected = {
        "v_template": (*vertices, 3),
        "f": (*arrays["f"].shape[:1], 3),
        "shapedirs": (*vertices, 3, *arrays["shapedirs"].shape[2:3]),
        "posedirs": (*vertices, 3, 9 * (joints - 1)),
        "J_regressor": (joints, *vertices),
        "kintree_table": (2, joints),
        "weights": (*vertices, joints),
        "vt": (*arrays.get("vt", arrays["f"]).shape[:1], 2),
        "ft": (*arrays["f"].shape[:1], 3),
    }
    problems = [
        f"{key} has shape {array.shape}, expected {expected[key]}"
        for key, array in arrays.items()
        if array.shape != expected[key] or array.dtype.kind not in "fiu"
    ]
    if not problems:
        for key, points in (("f", "v_template"), ("ft", "vt")):
            count = len(arrays.get(points, ()))
            if key in arrays and not ((arrays[key] >= 0) & (arrays[key] < count)).all():
                problems.append(f"{key} points outside the {count} rows of {points}")
    if problems:
        raise RigError(f"{path} is not a {kind.name} model: {'; '.join(problems)}. {kind.advice}")


def _as_floats(array: np.ndarray) -> Float[np.ndarray, "..."]:
    return np.ascontiguousarray(array, dtype=np.float32)


def _normalized(
    weights: Float[np.ndarray, "vertices joints"],
) -> Float[np.ndarray, "vertices joints"]:
    """Rows that sum to one exactly; released weights miss it by rounding."""
    positive = np.maximum(weights, 0)
    return positive / np.maximum(positive.sum(1, keepdims=True), 1e-12)
