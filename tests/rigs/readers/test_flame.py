from dataclasses import fields as fields_of
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.rigs.readers.flames import (
    FlameCode,
    flame_fields,
    flame_forward,
    write_npz,
    write_pickle,
)
from tests.rigs.readers.heads import bare_head

from incarnate.errors import RigError
from incarnate.rigs.files import check_rig, load_rig, save_rig
from incarnate.rigs.readers.flame import FLAME_JOINTS, load_flame
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig


def random_code(seed: int) -> FlameCode:
    random = np.random.default_rng(seed)
    return FlameCode(
        shape=random.standard_normal(300),
        expression=random.standard_normal(100),
        rotations=0.6 * random.standard_normal((5, 3)),
        translation=random.standard_normal(3),
    )


def posed_by_rig(rig: Rig, code: FlameCode) -> np.ndarray:
    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).float()

    person = rig.with_identity(tensor(code.shape))
    pose = Pose(
        root_rotation=tensor(code.rotations[0]),
        root_translation=tensor(code.translation),
        joint_rotations=tensor(code.rotations[1:]),
        expression=tensor(code.expression),
        expression_names=person.expression_names,
    )
    return pose_rig(person, pose).vertices.numpy()


@pytest.mark.parametrize("seed", range(3))
def test_poses_are_those_of_a_plain_flame(seed: int, tmp_path: Path) -> None:
    fields, code = flame_fields(seed), random_code(seed)
    rig = load_flame(write_pickle(fields, tmp_path / "generic_model.pkl"))
    expected = flame_forward(fields, code, joints_follow_expression=False)
    # Float32 positions of metres, through 400 directions and a chain of three joints.
    np.testing.assert_allclose(posed_by_rig(rig, code), expected, atol=5e-6)


def test_joints_that_expression_would_move_cost_little(tmp_path: Path) -> None:
    fields, code = flame_fields(), random_code(1)
    rig = load_flame(write_pickle(fields, tmp_path / "generic_model.pkl"))
    missed = posed_by_rig(rig, code) - flame_forward(fields, code, joints_follow_expression=True)
    basis, regressor = np.asarray(fields["shapedirs"])[..., 300:], fields["J_regressor"]
    shift = np.linalg.norm(regressor @ (basis @ code.expression), axis=-1).max()  # pyright: ignore[reportOperatorIssue]
    # (I − R) moves a joint's error by at most 2 sin(angle / 2); a chain has three joints.
    angles = np.linalg.norm(code.rotations, axis=-1)
    bound = 3 * 2 * np.sin(np.minimum(angles, np.pi) / 2).max() * shift
    assert 0 < np.linalg.norm(missed, axis=-1).max() < bound


def test_pickle_and_npz_give_the_same_rig(tmp_path: Path) -> None:
    fields = flame_fields()
    one = load_flame(write_pickle(fields, tmp_path / "flame2023.pkl"))
    other = load_flame(write_npz(fields, tmp_path / "flame2023.npz"))
    for field in fields_of(Rig):
        left, right = getattr(one, field.name), getattr(other, field.name)
        same = torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right
        assert same, field.name


def test_a_whole_flame_has_the_sizes_of_the_paper(tmp_path: Path) -> None:
    fields = flame_fields(num_vertices=5023)
    rig = load_flame(write_npz(fields, tmp_path / "FLAME2020.npz"))
    assert rig.shape_basis.shape == (300, 5023, 3)
    assert rig.expression_basis.shape == (100, 5023, 3)
    assert rig.pose_basis is not None
    assert rig.pose_basis.shape == (36, 5023, 3)
    assert rig.joint_names == FLAME_JOINTS
    assert rig.parents == (-1, 0, 1, 1, 1)
    assert rig.expression_names[0] == "expression_000"
    assert rig.shape_names[-1] == "shape_299"
    np.testing.assert_allclose(rig.vertices, np.asarray(fields["v_template"]), rtol=1e-6)


def test_coefficients_are_limited_to_the_first(tmp_path: Path) -> None:
    path = write_npz(flame_fields(), tmp_path / "flame.npz")
    whole, limited = load_flame(path), load_flame(path, num_shapes=100, num_expressions=50)
    assert torch.equal(limited.shape_basis, whole.shape_basis[:100])
    assert torch.equal(limited.expression_basis, whole.expression_basis[:50])
    assert torch.equal(limited.joint_shape_basis, whole.joint_shape_basis[:100])
    assert limited.expression_names == whole.expression_names[:50]
    assert not load_flame(path, num_shapes=0, num_expressions=0).num_expressions


def test_a_file_that_was_cut_before_says_where_expression_starts(tmp_path: Path) -> None:
    path = write_npz(flame_fields(columns=150), tmp_path / "flame.npz")
    with pytest.raises(RigError, match=r"150 columns.* say with num_file_shapes"):
        load_flame(path)
    rig = load_flame(path, num_file_shapes=100)
    assert (len(rig.shape_names), rig.num_expressions) == (100, 50)


@pytest.mark.parametrize(
    ("file_name", "name", "words"),
    [
        ("generic_model.npz", "flame", "FLAME model licence"),
        ("FLAME2020.npz", "flame-2020", "FLAME 2020 model licence"),
        ("flame2023_no_jaw.npz", "flame-2023", "FLAME 2023 model licence"),
        ("flame2023_Open.npz", "flame-2023-open", "FLAME 2023 Open model licence, CC-BY-4.0"),
    ],
)
def test_the_release_names_the_licence(
    file_name: str, name: str, words: str, tmp_path: Path
) -> None:
    path = write_npz(flame_fields(), tmp_path / file_name)
    rig = load_flame(path)
    assert rig.name == name
    assert rig.license.startswith(words)
    assert load_flame(path, version="2020").name == "flame-2020"


def test_eyes_are_parts_by_their_weights(tmp_path: Path) -> None:
    fields = flame_fields()
    weights = np.zeros((40, 5))
    weights[:, 1], weights[30:35], weights[35:] = 1, np.eye(5)[3], np.eye(5)[4]
    rig = load_flame(write_npz(fields | {"weights": weights}, tmp_path / "flame.npz"))
    names = [rig.part_names[part] for part in rig.parts]
    assert names == ["skin"] * 30 + ["left_eye"] * 5 + ["right_eye"] * 5


def test_the_files_texture_is_kept(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    texture = {"vt": random.random((50, 2)), "ft": random.integers(0, 50, (60, 3))}
    rig = load_flame(write_npz(flame_fields() | texture, tmp_path / "flame.npz"))
    np.testing.assert_array_equal(rig.uv_faces, texture["ft"])
    np.testing.assert_allclose(rig.uv, texture["vt"], rtol=1e-6)


def test_eyelids_are_expressions(tmp_path: Path) -> None:
    path = write_npz(flame_fields(), tmp_path / "flame.npz")
    closing = np.random.default_rng(3).standard_normal((2, 40, 3)).astype(np.float32)
    files = (tmp_path / "l_eyelid.npy", tmp_path / "r_eyelid.npy")
    np.save(files[0], closing[0])
    np.save(files[1], closing[1:])  # some trackers keep a batch axis
    rig = load_flame(path, num_expressions=50, eyelids=files)
    assert rig.expression_names[50:] == ("eyeBlinkLeft", "eyeBlinkRight")
    np.testing.assert_array_equal(rig.expression_basis[50:], closing)
    np.save(files[0], closing[0, :7])
    with pytest.raises(RigError, match=r"l_eyelid.npy has shape \(7, 3\), expected \(40, 3\)"):
        load_flame(path, eyelids=files)


def test_landmarks_ride_on_flames_triangles(tmp_path: Path) -> None:
    path, fields = tmp_path / "flame.npz", flame_fields()
    embedding = tmp_path / "embedding.npz"
    weights = np.tile([0.2, 0.3, 0.5], (68, 1))
    np.savez(embedding, lmk_faces_idx=np.arange(60).repeat(2)[:68], lmk_bary_coords=weights)
    rig = load_flame(write_npz(fields, path), landmarks=embedding)
    corners = np.asarray(fields["v_template"])[np.asarray(fields["f"])[np.arange(68) // 2]]
    found = rig.landmarks["ibug68"].on(rig.vertices, rig.faces)
    # Float32 of a tenth of a metre.
    np.testing.assert_allclose(found, weights[0] @ corners, atol=1e-7)


def test_a_face_with_lips_gets_teeth_behind_its_own_vertices(tmp_path: Path) -> None:
    head, fields = bare_head(), flame_fields(num_vertices=len(bare_head().vertices))
    weights = head.skinning_weights.numpy()
    fields |= {
        "v_template": head.vertices.numpy(),
        "f": head.faces.numpy(),
        "weights": np.concatenate(
            [weights[:, :1], weights[:, 1:3].sum(1)[:, None], weights[:, 3:]], 1
        ),
    }
    path = write_npz(fields, tmp_path / "flame.npz")
    plain = load_flame(path, num_shapes=2, num_expressions=3, mouth="leave")
    rig = load_flame(path, num_shapes=2, num_expressions=3)
    check_rig(rig, source="the test")
    assert rig.part_names == ("skin", "left_eye", "right_eye", "mouth", "teeth")
    assert plain.part_names == ("skin", "left_eye", "right_eye")
    own = len(plain.vertices)
    assert len(rig.vertices) > own
    assert torch.equal(rig.vertices[:own], plain.vertices)
    assert torch.equal(rig.shape_basis[:, :own], plain.shape_basis)
    assert rig.shape_basis[:, own:].abs().sum((1, 2)).all()
    assert not rig.expression_basis[:, own:].any()
    assert torch.equal(rig.joint_shape_basis, plain.joint_shape_basis)
    teeth = rig.parts[rig.faces[:, 0]] == rig.part_names.index("teeth")
    skin = rig.parts[rig.faces[:, 0]] == 0
    # Without a texture layout in the file, each part gets a column of its own.
    assert rig.uv[rig.uv_faces[teeth]][..., 0].min() > rig.uv[rig.uv_faces[skin]][..., 0].max()


def test_a_rig_of_flame_can_be_saved(tmp_path: Path) -> None:
    rig = load_flame(write_npz(flame_fields(), tmp_path / "flame.npz"), num_shapes=10)
    save_rig(rig, tmp_path / "rig.npz")
    assert torch.equal(load_rig(tmp_path / "rig.npz").expression_basis, rig.expression_basis)


def test_errors_name_the_key_and_where_the_model_is(tmp_path: Path) -> None:
    fields = flame_fields()
    del fields["posedirs"], fields["weights"]
    path = write_pickle(fields, tmp_path / "model.pkl")
    with pytest.raises(RigError, match=r"lacks posedirs, weights: .*https://flame.is.tue.mpg.de"):
        load_flame(path)
    bad = flame_fields() | {"posedirs": np.zeros((40, 36)), "weights": np.zeros((40, 24))}
    with pytest.raises(RigError, match=r"posedirs has .* \(40, 3, 36\); weights .* \(40, 5\)"):
        load_flame(write_npz(bad, tmp_path / "bad.npz"))
    with pytest.raises(RigError, match=r"no file at .*absent.npz. Download FLAME 2020"):
        load_flame(tmp_path / "absent.npz")
    with pytest.raises(RigError, match=r"f points outside the 40 rows of v_template"):
        load_flame(write_npz(flame_fields() | {"f": [[0, 1, 40]]}, tmp_path / "faces.npz"))


def test_a_pickle_inside_an_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flame.npz"
    np.savez(path, J_regressor=np.array(None, dtype=object))
    with pytest.raises(RigError, match=r"is not an npz of plain arrays .* Write J_regressor dense"):
        load_flame(path)
