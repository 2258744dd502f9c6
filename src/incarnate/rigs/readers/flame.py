"""FLAME, the head model of Li et al. 2017, read from the user's file into a rig.

The models come from https://flame.is.tue.mpg.de after registration; none is part of this package.
"""

import io
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import RigError
from incarnate.rigs.files import check_rig
from incarnate.rigs.readers.landmark_embeddings import read_landmarks
from incarnate.rigs.readers.mouths import find_lips, grow_mouth
from incarnate.rigs.readers.smpl_files import SmplArrays, SmplKind, read_smpl_arrays
from incarnate.rigs.readers.unwrapping import unwrap_spheres
from incarnate.rigs.rig import Rig

FlameVersion = Literal["2020", "2023", "2023-open"]
"""The releases whose terms differ; their files have the same keys."""

FLAME_JOINTS = ("root", "neck", "jaw", "left_eye_smplhf", "right_eye_smplhf")
"""FLAME's joints in its order; `root` turns the whole head about the base of the neck."""

FLAME_PARTS = ("skin", "left_eye", "right_eye")

NUM_FILE_SHAPES = 300
"""How many columns of a whole FLAME's ``shapedirs`` are identity; 100 of expression follow."""

_SITE = "https://flame.is.tue.mpg.de"
_ADVICE = f"Download FLAME 2020, 2023 or 2023 Open from {_SITE} and give the .pkl inside it."
_LICENSES: Final[dict[FlameVersion | None, str]] = {
    "2020": f"FLAME 2020 model licence ({_SITE}/modellicense.html)",
    "2023": f"FLAME 2023 model licence ({_SITE}/modellicense.html)",
    "2023-open": f"FLAME 2023 Open model licence, CC-BY-4.0 ({_SITE})",
    None: f"FLAME model licence ({_SITE}/modellicense.html)",
}
_KIND = SmplKind("FLAME", num_joints=len(FLAME_JOINTS), advice=_ADVICE)


def load_flame(
    path: Path,
    *,
    num_shapes: int = 300,
    num_expressions: int = 100,
    num_file_shapes: int = NUM_FILE_SHAPES,
    version: FlameVersion | None = None,
    eyelids: tuple[Path, Path] | None = None,
    landmarks: Path | None = None,
    mouth: Literal["grow", "leave"] = "grow",
) -> Rig:
    """Read a FLAME model; its own vertices come first and keep their order.

    ``rig.with_identity(betas)`` gives the rig of a person. FLAME's ``transl`` is a pose's
    ``root_translation``. Joints follow identity alone, where FLAME's also follow expression.

    Args:
        path: A ``.pkl`` as released, or a ``.npz`` with the same keys.
        num_shapes: Identity coefficients to keep, at most; ``shape_000`` and so on.
        num_expressions: Expression coefficients to keep, at most; ``expression_000`` and so on.
        num_file_shapes: How many columns of ``shapedirs`` are identity, for files cut before.
        version: The release, for the name and the licence; left out, the file's name tells.
        eyelids: Files ``l_eyelid.npy`` and ``r_eyelid.npy``, metres a vertex of closing each lid;
            they become the expressions ``eyeBlinkLeft`` and ``eyeBlinkRight``.
        landmarks: The landmark embedding of a tracker, see `read_landmarks`; FLAME has none.
        mouth: Whether to add teeth and the inside of the mouth, as parts ``teeth`` and ``mouth``
            behind FLAME's vertices. Where the rest mesh has nothing like lips none are added.

    Raises:
        RigError: The file is absent, is not FLAME, names code, or its parts do not fit.
    """
    arrays = read_smpl_arrays(path, _KIND)
    columns = arrays.directions.shape[2]
    if columns <= num_file_shapes:
        raise RigError(
            f"{path}: shapedirs has {columns} columns, of which {num_file_shapes} would be "
            "identity and none expression; say with num_file_shapes how many are identity"
        )
    release = _version_of(path) if version is None else version
    basis = torch.from_numpy(arrays.directions).permute(2, 0, 1)
    shapes = basis[:num_file_shapes][:num_shapes].contiguous()
    expressions = basis[num_file_shapes:][:num_expressions].contiguous()
    names = [f"expression_{index:03d}" for index in range(len(expressions))]
    if eyelids is not None:
        closing = [_read_eyelid(file, len(arrays.vertices)) for file in eyelids]
        expressions = torch.cat([expressions, torch.stack(closing)])
        names += ["eyeBlinkLeft", "eyeBlinkRight"]
    vertices, faces = torch.from_numpy(arrays.vertices), torch.from_numpy(arrays.faces)
    regressor = torch.from_numpy(arrays.regressor)
    weights = torch.from_numpy(arrays.weights)
    uv, uv_faces = _texture(arrays)
    landmark_sets = {} if landmarks is None else read_landmarks(landmarks, num_faces=len(faces))
    rig = Rig(
        name="flame" if release is None else f"flame-{release}",
        vertices=vertices,
        faces=faces,
        uv=uv,
        uv_faces=uv_faces,
        parts=_parts(weights),
        part_names=FLAME_PARTS,
        shape_basis=shapes,
        shape_names=tuple(f"shape_{index:03d}" for index in range(len(shapes))),
        expression_basis=expressions,
        expression_names=tuple(names),
        joints=regressor @ vertices,
        joint_shape_basis=torch.einsum("jv,svc->sjc", regressor, shapes),
        joint_names=FLAME_JOINTS,
        parents=arrays.parents,
        skinning_weights=weights,
        pose_basis=torch.from_numpy(arrays.correctives).permute(2, 0, 1).contiguous(),
        landmarks=landmark_sets,
        license=_LICENSES[release],
    )
    check_rig(rig, source=str(path))
    lips = find_lips(rig) if mouth == "grow" else None
    if lips is not None:
        rig = grow_mouth(rig, lips)
        if arrays.uv_faces is None:
            uv, uv_faces = unwrap_spheres(rig.vertices, rig.faces, rig.parts)
            rig = replace(rig, uv=uv, uv_faces=uv_faces)
    return rig


def _parts(weights: Float[Tensor, "vertices joints"]) -> Tensor:
    """Eyeballs are what turns with an eye wholly."""
    left = weights[:, FLAME_JOINTS.index("left_eye_smplhf")] > 0.5
    right = weights[:, FLAME_JOINTS.index("right_eye_smplhf")] > 0.5
    return left.long() + 2 * right.long()


def _texture(arrays: SmplArrays) -> tuple[Tensor, Tensor]:
    if arrays.uv is not None and arrays.uv_faces is not None:
        return torch.from_numpy(arrays.uv), torch.from_numpy(arrays.uv_faces)
    weights, faces = torch.from_numpy(arrays.weights), torch.from_numpy(arrays.faces)
    return unwrap_spheres(torch.from_numpy(arrays.vertices), faces, _parts(weights))


def _version_of(path: Path) -> FlameVersion | None:
    name = path.stem.lower()
    if "2023" in name:
        return "2023-open" if "open" in name else "2023"
    return "2020" if "2020" in name else None


def _read_eyelid(path: Path, num_vertices: int) -> Float[Tensor, "vertices 3"]:
    try:
        offsets = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False).squeeze()
    except (OSError, ValueError) as error:
        raise RigError(
            f"{path} is not an array of eyelid offsets ({error}); give the l_eyelid.npy and "
            "r_eyelid.npy that the tracker uses"
        ) from error
    if offsets.shape != (num_vertices, 3):
        raise RigError(
            f"{path} has shape {offsets.shape}, expected ({num_vertices}, 3): metres a vertex"
        )
    return torch.from_numpy(np.ascontiguousarray(offsets, dtype=np.float32))
