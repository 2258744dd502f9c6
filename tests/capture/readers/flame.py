"""A tiny model with all that FLAME has, and FLAME's own equations in plain NumPy."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from incarnate.rigs.rig import Rig

VERTICES, SHAPES, EXPRESSIONS = 40, 3, 4
JOINTS = ("pelvis", "neck", "jaw", "left_eye_smplhf", "right_eye_smplhf")
PARENTS = (-1, 0, 1, 1, 1)


@dataclass(frozen=True)
class Flame:
    """The arrays of a FLAME file."""

    template: np.ndarray
    shapes: np.ndarray
    expressions: np.ndarray
    regressor: np.ndarray
    weights: np.ndarray
    correctives: np.ndarray
    faces: np.ndarray


@cache
def tiny_flame() -> Flame:
    """A ball of some ten centimetres."""
    random = np.random.default_rng(5)
    template = random.normal(size=(VERTICES, 3))
    template *= 0.1 / np.linalg.norm(template, axis=-1, keepdims=True)
    weights = random.random((VERTICES, 5)) ** 3
    regressor = random.random((5, VERTICES)) ** 8
    return Flame(
        template,
        0.01 * random.normal(size=(SHAPES, VERTICES, 3)),
        0.01 * random.normal(size=(EXPRESSIONS, VERTICES, 3)),
        regressor / regressor.sum(-1, keepdims=True),
        weights / weights.sum(-1, keepdims=True),
        0.002 * random.normal(size=(36, VERTICES, 3)),
        hull(template),
    )


def hull(points: np.ndarray) -> np.ndarray:
    """Triangles of the convex hull, seen counter-clockwise from outside."""
    from scipy.spatial import ConvexHull

    faces = ConvexHull(points).simplices
    a, b, c = (points[faces[:, i]] for i in range(3))
    inside_out = (np.cross(b - a, c - a) * a).sum(-1) < 0
    faces[inside_out] = faces[inside_out][:, ::-1]
    return faces.astype(np.int64)


def flame_rig(*, lids: bool = False) -> Rig:
    """The tiny model as a rig."""
    flame = tiny_flame()

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).float()

    expressions, names = flame.expressions, [f"expression_{i:03d}" for i in range(EXPRESSIONS)]
    if lids:
        expressions = np.concatenate([expressions, lid_offsets()])
        names += ["eyeBlinkLeft", "eyeBlinkRight"]
    faces = torch.from_numpy(flame.faces)
    return Rig(
        name="tiny-flame",
        vertices=tensor(flame.template),
        faces=faces,
        uv=torch.zeros(1, 2),
        uv_faces=torch.zeros_like(faces),
        parts=torch.zeros(VERTICES, dtype=torch.long),
        part_names=("skin",),
        shape_basis=tensor(flame.shapes),
        shape_names=tuple(f"shape_{i:03d}" for i in range(SHAPES)),
        expression_basis=tensor(expressions),
        expression_names=tuple(names),
        joints=tensor(flame.regressor @ flame.template),
        joint_shape_basis=tensor(flame.regressor @ flame.shapes),
        joint_names=JOINTS,
        parents=PARENTS,
        skinning_weights=tensor(flame.weights),
        pose_basis=tensor(flame.correctives),
        license="made",
    )


def lid_offsets() -> np.ndarray:
    """Offsets of the left and the right lid."""
    return 0.01 * np.random.default_rng(6).normal(size=(2, VERTICES, 3))


def rodrigues(axis_angle: np.ndarray) -> np.ndarray:
    """The rotation of one axis-angle vector."""
    angle = np.linalg.norm(axis_angle)
    x, y, z = axis_angle / max(float(angle), 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def flame_vertices(
    shape: np.ndarray,
    expression: np.ndarray,
    pose: np.ndarray,
    *,
    translation: np.ndarray | None = None,
    offset: np.ndarray | None = None,
) -> np.ndarray:
    """FLAME's vertices for a full pose of 15 numbers: root, neck, jaw, left eye, right eye."""
    flame = tiny_flame()
    person = flame.template + np.einsum("s,svc->vc", shape, flame.shapes)
    joints = flame.regressor @ person
    rest = person + np.einsum("e,evc->vc", expression, flame.expressions)
    rest = rest if offset is None else rest + offset
    rotations = np.stack([rodrigues(r) for r in pose.reshape(5, 3)])
    rest = rest + np.einsum("p,pvc->vc", (rotations[1:] - np.eye(3)).ravel(), flame.correctives)
    chain: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        chain.append(local if parent < 0 else chain[parent] @ local)
    result = np.zeros_like(rest)
    for joint, transform in enumerate(chain):
        moved = (rest - joints[joint]) @ transform[:3, :3].T + transform[:3, 3]
        result += flame.weights[:, joint, None] * moved
    return result if translation is None else result + translation


def write_flame(path: Path) -> None:
    """The tiny model as a FLAME file: 300 columns of identity, most of them empty."""
    flame = tiny_flame()
    directions = np.zeros((VERTICES, 3, 300 + EXPRESSIONS))
    directions[..., :SHAPES] = np.moveaxis(flame.shapes, 0, -1)
    directions[..., 300:] = np.moveaxis(flame.expressions, 0, -1)
    np.savez(
        path,
        allow_pickle=False,
        v_template=flame.template,
        f=flame.faces.astype(np.uint32),
        shapedirs=directions,
        posedirs=np.moveaxis(flame.correctives, 0, -1),
        J_regressor=flame.regressor,
        kintree_table=np.array([[2**32 - 1, *PARENTS[1:]], range(5)], np.int64),
        weights=flame.weights,
        vt=np.random.default_rng(0).random((VERTICES, 2)),
        ft=flame.faces.astype(np.uint32),
    )
