"""The smooth identity field: a Gaussian process, smooth in space, rigid on the eyeballs."""

import pytest
import torch

from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Rig
from incarnate.tracking.displacement_field import FieldSettings, add_field


@pytest.fixture(scope="module")
def face_points() -> torch.Tensor:
    rig = default_head_rig()
    return rig.landmarks["mediapipe478"].on(rig.vertices, rig.faces)[:468]


@pytest.fixture(scope="module")
def extended(face_points: torch.Tensor) -> Rig:
    return add_field(default_head_rig(), face_points, FieldSettings(num_centers=40))


def test_directions_are_appended_in_threes(extended: Rig) -> None:
    rig = default_head_rig()
    known = len(rig.shape_names)
    assert extended.shape_names[:known] == rig.shape_names
    assert len(extended.shape_names) == known + 3 * 40 == len(extended.shape_basis)
    assert len(extended.joint_shape_basis) == len(extended.shape_basis)
    assert torch.equal(extended.shape_basis[:known], rig.shape_basis)
    # The x direction of a centre moves nothing along y and z.
    assert not extended.shape_basis[known, :, 1:].any()


def test_the_variance_is_that_of_the_process(extended: Rig, face_points: torch.Tensor) -> None:
    rig = default_head_rig()
    field = extended.shape_basis[len(rig.shape_names) :]
    on_face = rig.landmarks["mediapipe478"].on(field, rig.faces)[:, :468]
    deviation = (on_face**2).sum((0, 2)).div(3).sqrt()
    # Unit coefficients give the amplitude at the centres; between them, a little less.
    assert float(deviation.median()) == pytest.approx(0.006, rel=0.1)
    assert float(deviation.max()) < 0.006 * 1.01


def test_it_fades_away_from_the_face(extended: Rig) -> None:
    rig = default_head_rig()
    field = extended.shape_basis[len(rig.shape_names) :]
    chest = rig.vertices[:, 1] < 1.3
    assert float(field[:, chest].abs().max()) < 1e-6


def test_an_eyeball_and_its_joint_move_as_a_whole(extended: Rig) -> None:
    rig = default_head_rig()
    field = extended.shape_basis[len(rig.shape_names) :]
    members = rig.parts == rig.part_names.index("left_eye")
    moved = field[:, members]
    assert float((moved - moved[:, :1]).abs().max()) == 0
    joint = extended.joint_shape_basis[len(rig.shape_names) :, rig.joint_index("left_eye_smplhf")]
    # The joint lies within a few millimetres of the ball's middle; the field's length is 22 mm.
    torch.testing.assert_close(joint, moved[:, 0], atol=1.5e-3, rtol=0)
