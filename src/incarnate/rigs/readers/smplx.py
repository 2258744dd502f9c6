"""SMPL-X, the body model of Pavlakos et al. 2019, read from the user's file into a rig.

The models come from https://smpl-x.is.tue.mpg.de after registration; none is part of this package.
"""

from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from incarnate.errors import RigError
from incarnate.rigs.files import check_rig
from incarnate.rigs.joint_names import SMPLX_JOINTS
from incarnate.rigs.readers.smpl_files import SmplArrays, SmplKind, read_smpl_arrays
from incarnate.rigs.readers.unwrapping import unwrap_spheres
from incarnate.rigs.rig import Rig

SmplxGender = Literal["neutral", "female", "male"]
"""The released models."""

_GENDERS: tuple[SmplxGender, ...] = ("neutral", "female", "male")

SMPLX_PARTS = ("skin", "left_eye", "right_eye")

_SITE = "https://smpl-x.is.tue.mpg.de"
_KIND = SmplKind(
    "SMPL-X",
    num_joints=len(SMPLX_JOINTS),
    advice=f"Download SMPL-X from {_SITE} and give SMPLX_NEUTRAL.npz, or the folder it lies in.",
)
# Columns of shapedirs: the later releases hold 300 of identity and 100 of expression, the first
# ten of each.
_WHOLE_SHAPES, _WHOLE_COLUMNS = 300, 400
_FIRST_SHAPES = 10


def load_smplx(
    path: Path,
    *,
    gender: SmplxGender = "neutral",
    num_shapes: int = 10,
    num_expressions: int = 10,
) -> Rig:
    """Read an SMPL-X model; its vertices and its 55 joints keep their order.

    ``rig.with_identity(betas)`` gives the rig of a person. SMPL-X's ``transl`` is a pose's
    ``root_translation``, ``global_orient`` its ``root_rotation``; hands are flat at zero, as with
    ``flat_hand_mean=True``. Joints follow identity alone, where SMPL-X's also follow expression.

    Args:
        path: A ``.npz`` or ``.pkl`` as released, or the folder of ``SMPLX_NEUTRAL.npz`` and so on.
        gender: Which file of a folder; a file's own name tells.
        num_shapes: Identity coefficients to keep, at most; ``shape_000`` and so on.
        num_expressions: Expression coefficients to keep, at most; ``expression_000`` and so on.

    Raises:
        RigError: The file is absent, is not SMPL-X, names code, or its parts do not fit.
    """
    file = _file_of(path, gender)
    arrays = read_smpl_arrays(file, _KIND)
    columns = arrays.directions.shape[2]
    identity = _WHOLE_SHAPES if columns >= _WHOLE_COLUMNS else min(_FIRST_SHAPES, columns)
    basis = torch.from_numpy(arrays.directions).permute(2, 0, 1)
    shapes = basis[:identity][:num_shapes].contiguous()
    expressions = basis[identity:][:num_expressions].contiguous()
    vertices = torch.from_numpy(arrays.vertices)
    regressor = torch.from_numpy(arrays.regressor)
    weights = torch.from_numpy(arrays.weights)
    parts = _parts(weights)
    uv, uv_faces = _texture(arrays, parts)
    rig = Rig(
        name=f"smplx-{_gender_of(file, gender)}",
        vertices=vertices,
        faces=torch.from_numpy(arrays.faces),
        uv=uv,
        uv_faces=uv_faces,
        parts=parts,
        part_names=SMPLX_PARTS,
        shape_basis=shapes,
        shape_names=tuple(f"shape_{index:03d}" for index in range(len(shapes))),
        expression_basis=expressions,
        expression_names=tuple(f"expression_{index:03d}" for index in range(len(expressions))),
        joints=regressor @ vertices,
        joint_shape_basis=torch.einsum("jv,svc->sjc", regressor, shapes),
        joint_names=SMPLX_JOINTS,
        parents=arrays.parents,
        skinning_weights=weights,
        pose_basis=torch.from_numpy(arrays.correctives).permute(2, 0, 1).contiguous(),
        license=f"SMPL-X model licence ({_SITE}/modellicense.html)",
    )
    check_rig(rig, source=str(file))
    return rig


def _file_of(path: Path, gender: SmplxGender) -> Path:
    if not path.is_dir():
        return path
    names = [f"SMPLX_{gender.upper()}.{ending}" for ending in ("npz", "pkl")]
    found = [path / name for name in names if (path / name).is_file()]
    if not found:
        raise RigError(f"{path} holds neither {' nor '.join(names)}. {_KIND.advice}")
    return found[0]


def _gender_of(file: Path, gender: SmplxGender) -> SmplxGender:
    # The underscore tells male from female.
    for name in _GENDERS:
        if f"_{name}" in file.stem.lower():
            return name
    return gender


def _parts(weights: Tensor) -> Int[Tensor, "vertices"]:
    """Eyeballs are what turns with an eye wholly."""
    left = weights[:, SMPLX_JOINTS.index("left_eye_smplhf")] > 0.5
    right = weights[:, SMPLX_JOINTS.index("right_eye_smplhf")] > 0.5
    return left.long() + 2 * right.long()


def _texture(arrays: SmplArrays, parts: Tensor) -> tuple[Tensor, Tensor]:
    if arrays.uv is not None and arrays.uv_faces is not None:
        return torch.from_numpy(arrays.uv), torch.from_numpy(arrays.uv_faces)
    return unwrap_spheres(torch.from_numpy(arrays.vertices), torch.from_numpy(arrays.faces), parts)
