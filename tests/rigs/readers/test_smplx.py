"""SMPL-X: the rig poses as a plain forward pass does; files that are not SMPL-X are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.rigs.readers.flames import flame_fields, write_npz, write_pickle
from tests.rigs.readers.smplxs import PARENTS, SmplxCode, smplx_fields, smplx_forward

from incarnate.errors import RigError
from incarnate.rigs.files import load_rig, save_rig
from incarnate.rigs.joint_names import SMPLX_JOINTS
from incarnate.rigs.readers.smplx import load_smplx
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig


def random_code(seed: int, count: int) -> SmplxCode:
    random = np.random.default_rng(seed)
    return SmplxCode(
        shape=random.standard_normal(count),
        expression=random.standard_normal(count),
        rotations=0.5 * random.standard_normal((55, 3)),
        translation=random.standard_normal(3),
    )


def posed_by_rig(rig: Rig, code: SmplxCode) -> np.ndarray:
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


# Float32 positions of metres, through chains of up to ten joints.
_CLOSE = 2e-5


@pytest.mark.parametrize("seed", range(3))
def test_poses_are_those_of_a_plain_smplx(seed: int, tmp_path: Path) -> None:
    fields, code = smplx_fields(seed), random_code(seed, 10)
    rig = load_smplx(write_npz(fields, tmp_path / "SMPLX_NEUTRAL.npz"))
    expected = smplx_forward(fields, code, first_expression=300)
    np.testing.assert_allclose(posed_by_rig(rig, code), expected, atol=_CLOSE)


def test_the_first_release_has_ten_and_ten(tmp_path: Path) -> None:
    fields, code = smplx_fields(columns=20), random_code(5, 10)
    rig = load_smplx(write_pickle(fields, tmp_path / "SMPLX_MALE.pkl"))
    assert rig.name == "smplx-male"
    expected = smplx_forward(fields, code, first_expression=10)
    np.testing.assert_allclose(posed_by_rig(rig, code), expected, atol=_CLOSE)


def test_coefficients_are_as_many_as_asked_for(tmp_path: Path) -> None:
    path = write_npz(smplx_fields(), tmp_path / "model.npz")
    rig = load_smplx(path, num_shapes=300, num_expressions=50)
    assert rig.shape_names[-1] == "shape_299"
    assert rig.expression_names[-1] == "expression_049"
    assert load_smplx(path, num_shapes=0).shape_names == ()


def test_joints_have_smplx_names_and_tree(tmp_path: Path) -> None:
    rig = load_smplx(write_npz(smplx_fields(), tmp_path / "model.npz"))
    assert rig.joint_names == SMPLX_JOINTS
    assert rig.parents == PARENTS
    assert rig.joint_names[rig.parents[rig.joint_index("left_index1")]] == "left_wrist"
    assert "smpl-x.is.tue.mpg.de" in rig.license


def test_eyes_are_parts_by_their_weights(tmp_path: Path) -> None:
    weights = np.tile(np.eye(55)[15], (70, 1))
    weights[50:60], weights[60:] = np.eye(55)[23], np.eye(55)[24]
    rig = load_smplx(write_npz(smplx_fields() | {"weights": weights}, tmp_path / "model.npz"))
    names = [rig.part_names[part] for part in rig.parts]
    assert names == ["skin"] * 50 + ["left_eye"] * 10 + ["right_eye"] * 10


def test_a_folder_is_asked_for_the_gender(tmp_path: Path) -> None:
    write_npz(smplx_fields(1), tmp_path / "SMPLX_FEMALE.npz")
    write_pickle(smplx_fields(2), tmp_path / "SMPLX_NEUTRAL.pkl")
    assert load_smplx(tmp_path, gender="female").name == "smplx-female"
    assert load_smplx(tmp_path).name == "smplx-neutral"
    with pytest.raises(RigError, match=r"neither SMPLX_MALE.npz nor SMPLX_MALE.pkl. Download"):
        load_smplx(tmp_path, gender="male")


def test_the_rig_can_be_saved(tmp_path: Path) -> None:
    rig = load_smplx(write_npz(smplx_fields(), tmp_path / "model.npz"))
    save_rig(rig, tmp_path / "rig.npz")
    assert torch.equal(load_rig(tmp_path / "rig.npz").joints, rig.joints)


def test_flame_is_not_smplx(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"is not a SMPL-X model: .*give SMPLX_NEUTRAL.npz"):
        load_smplx(write_npz(flame_fields(), tmp_path / "flame.npz"))
