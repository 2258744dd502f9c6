import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from incarnate.errors import RigError
from incarnate.rigs.readers.landmark_embeddings import read_landmarks

NUM_FACES = 60


def embedding(count: int, *, batched: bool = False) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(count)
    faces = random.integers(0, NUM_FACES, count)
    weights = random.dirichlet(np.ones(3), count)
    return (faces[None], weights[None]) if batched else (faces, weights)


@pytest.mark.parametrize(
    ("file_name", "keys", "count", "set_name"),
    [
        ("flame_static_embedding.pkl", ("lmk_face_idx", "lmk_b_coords"), 51, "ibug51"),
        ("landmark_embedding.npy", ("full_lmk_faces_idx", "full_lmk_bary_coords"), 68, "ibug68"),
        ("mediapipe.npz", ("lmk_face_idx", "lmk_b_coords"), 105, "mediapipe105"),
        ("own.npz", ("lmk_faces_idx", "lmk_bary_coords"), 7, "landmarks"),
    ],
)
def test_the_files_of_public_trackers_are_read(
    file_name: str, keys: tuple[str, str], count: int, set_name: str, tmp_path: Path
) -> None:
    path, (faces, weights) = tmp_path / file_name, embedding(count, batched=count == 68)
    fields = dict(zip(keys, (faces, weights), strict=True))
    match path.suffix:
        case ".pkl":
            path.write_bytes(pickle.dumps(fields, protocol=2))
        case ".npy":
            np.save(path, np.array(fields | {"dynamic_lmk_faces_idx": [faces]}, dtype=object))
        case _:
            np.savez(path, allow_pickle=False, **fields, landmark_indices=faces)
    (name, points), *others = read_landmarks(path, num_faces=NUM_FACES).items()
    assert not others
    assert name == set_name
    np.testing.assert_array_equal(points.faces, faces.reshape(-1))
    np.testing.assert_array_equal(points.barycentric, weights.reshape(-1, 3).astype(np.float32))


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch reached",)


def test_code_in_a_dictionary_of_numpy_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("evil.npy", np.array({"lmk_faces_idx": _Attack()}, dtype=object))
    with pytest.raises(RigError, match=r"evil.npy: the pickle mentions \w+.system; "):
        read_landmarks(tmp_path / "evil.npy", num_faces=NUM_FACES)
    assert not (tmp_path / "reached").exists()


def test_other_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    faces, weights = embedding(4)
    with pytest.raises(RigError, match=r"no file at .*flame_static_embedding.pkl"):
        read_landmarks(path, num_faces=NUM_FACES)
    np.savez(path, lmk_faces_idx=faces)
    with pytest.raises(RigError, match=r"has lmk_faces_idx, but not lmk_faces_idx and lmk_bary"):
        read_landmarks(path, num_faces=NUM_FACES)
    np.savez(path, lmk_faces_idx=faces + NUM_FACES, lmk_bary_coords=weights)
    with pytest.raises(RigError, match="points outside the 60 triangles: it is of another mesh"):
        read_landmarks(path, num_faces=NUM_FACES)
    np.savez(path, lmk_faces_idx=faces, lmk_bary_coords=2 * weights)
    with pytest.raises(RigError, match="must sum to one at each landmark"):
        read_landmarks(path, num_faces=NUM_FACES)
    np.savez(path, lmk_faces_idx=faces, lmk_bary_coords=weights[:2])
    with pytest.raises(RigError, match=r"4 faces, but weights of shape \(2, 3\)"):
        read_landmarks(path, num_faces=NUM_FACES)
    np.save(tmp_path / "plain.npy", np.zeros(3))
    with pytest.raises(RigError, match=r"plain.npy is not a whole pickle"):
        read_landmarks(tmp_path / "plain.npy", num_faces=NUM_FACES)
