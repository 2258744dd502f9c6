"""Small SMPL-X files: the keys and layouts of the released ones, the numbers drawn at random."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix

PARENTS = (
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15,
    20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38,
    21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53,
)  # fmt: skip
"""SMPL-X's kinematic tree."""


def smplx_fields(seed: int = 1, *, num_vertices: int = 70, columns: int = 400) -> dict[str, object]:
    """Every key that a reader may count on, and one that holds no numbers, as released."""
    random = np.random.default_rng(seed)
    weights = random.random((num_vertices, 55)) ** 8
    regressor = random.random((55, num_vertices)) * (random.random((55, num_vertices)) < 0.2)
    regressor[:, 0] += 0.1
    table = np.stack([np.array(PARENTS), np.arange(55)]).astype(np.uint32)
    return {
        "v_template": 0.5 * random.standard_normal((num_vertices, 3)),
        "f": random.integers(0, num_vertices, (90, 3)).astype(np.uint32),
        "shapedirs": 1e-2 * random.standard_normal((num_vertices, 3, columns)),
        "posedirs": 1e-3 * random.standard_normal((num_vertices, 3, 486)),
        "J_regressor": csc_matrix(regressor / regressor.sum(1, keepdims=True)),
        "kintree_table": table,
        "weights": weights / weights.sum(1, keepdims=True),
        "bs_style": "lbs",
    }


@dataclass(frozen=True)
class SmplxCode:
    """What SMPL-X's forward pass takes."""

    shape: np.ndarray
    """(shapes,)."""
    expression: np.ndarray
    """(expressions,)."""
    rotations: np.ndarray
    """(55, 3), axis-angle."""
    translation: np.ndarray
    """(3,), metres."""


def smplx_forward(
    fields: dict[str, object], code: SmplxCode, *, first_expression: int
) -> np.ndarray:
    """SMPL-X's vertices, joint by joint and in double precision; joints follow identity alone."""
    directions, regressor = np.asarray(fields["shapedirs"]), fields["J_regressor"]
    assert isinstance(regressor, csc_matrix)
    identity = np.asarray(fields["v_template"]) + directions[..., : len(code.shape)] @ code.shape
    last = first_expression + len(code.expression)
    shaped = identity + directions[..., first_expression:last] @ code.expression
    joints = regressor @ identity
    turns = [_rodrigues(rotation) for rotation in code.rotations]
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    rest = shaped + np.asarray(fields["posedirs"]) @ feature
    posed, world = np.zeros_like(rest), []
    for joint, (turn, parent) in enumerate(zip(turns, PARENTS, strict=True)):
        local = np.eye(4)
        local[:3, :3] = turn
        local[:3, 3] = joints[joint] - (joints[parent] if joint else 0)
        world.append(local if joint == 0 else world[parent] @ local)
        moved = (rest - joints[joint]) @ world[joint][:3, :3].T + world[joint][:3, 3]
        posed += np.asarray(fields["weights"])[:, joint, None] * moved
    return posed + code.translation


def _rodrigues(rotation: np.ndarray) -> np.ndarray:
    angle = np.linalg.norm(rotation)
    x, y, z = rotation / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
