"""Small FLAME files: the keys and layouts of the released ones, the numbers drawn at random."""

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csc_matrix

ROOT_PARENT = 2**32 - 1
"""How FLAME writes −1."""


def flame_fields(seed: int = 1, *, num_vertices: int = 40, columns: int = 400) -> dict[str, object]:
    """Every key that a reader may count on; bases are small, as those of a head are."""
    random = np.random.default_rng(seed)
    weights = random.random((num_vertices, 5)) ** 6
    regressor = random.random((5, num_vertices)) * (random.random((5, num_vertices)) < 0.2)
    regressor[:, 0] += 0.1
    parents = np.array([[ROOT_PARENT, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32)
    return {
        "v_template": 0.1 * random.standard_normal((num_vertices, 3)),
        "f": random.integers(0, num_vertices, (60, 3)).astype(np.uint32),
        "shapedirs": 1e-3 * random.standard_normal((num_vertices, 3, columns)),
        "posedirs": 1e-3 * random.standard_normal((num_vertices, 3, 36)),
        "J_regressor": csc_matrix(regressor / regressor.sum(1, keepdims=True)),
        "kintree_table": parents,
        "weights": weights / weights.sum(1, keepdims=True),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


def write_pickle(fields: dict[str, object], path: Path) -> Path:
    """As the released files are: protocol 2, as Python 2 wrote."""
    path.write_bytes(pickle.dumps(fields, protocol=2))
    return path


def write_npz(fields: dict[str, object], path: Path) -> Path:
    """As users save it again: plain arrays, the regressor dense."""
    arrays = {
        key: value.toarray() if isinstance(value, csc_matrix) else np.asarray(value)
        for key, value in fields.items()
    }
    np.savez(path, allow_pickle=False, **arrays)
    return path


@dataclass(frozen=True)
class FlameCode:
    """What FLAME's forward pass takes."""

    shape: np.ndarray
    """(300,)."""
    expression: np.ndarray
    """(100,)."""
    rotations: np.ndarray
    """(5, 3), axis-angle: root, neck, jaw, left eye, right eye."""
    translation: np.ndarray
    """(3,), metres."""


def flame_forward(
    fields: dict[str, object], code: FlameCode, *, joints_follow_expression: bool
) -> np.ndarray:
    """Equations 2 to 5 of Li et al. 2017, joint by joint and in double precision."""
    template, directions = np.asarray(fields["v_template"]), np.asarray(fields["shapedirs"])
    regressor, table = fields["J_regressor"], np.asarray(fields["kintree_table"])
    assert isinstance(regressor, csc_matrix)
    identity = template + directions[..., :300] @ code.shape
    shaped = identity + directions[..., 300:] @ code.expression
    joints = regressor @ (shaped if joints_follow_expression else identity)
    turns = [_rodrigues(rotation) for rotation in code.rotations]
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    rest = shaped + np.asarray(fields["posedirs"]) @ feature
    posed, world = np.zeros_like(rest), []
    for joint, turn in enumerate(turns):
        local = np.eye(4)
        parent = -1 if joint == 0 else int(table[0, joint])
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
