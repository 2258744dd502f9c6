"""Hair: on the scalp, with volume, and out of the face."""

import torch

from incarnate.capture.synthetic.figure import Figure
from incarnate.capture.synthetic.hair import grow_hair, scalp_depth
from incarnate.capture.synthetic.person import Person
from incarnate.geometry.meshes import face_normals


def test_equal_seeds_give_equal_hair(person: Person) -> None:
    first = grow_hair(person.rig, person.generic, locks=50, seed=1)
    second = grow_hair(person.rig, person.generic, locks=50, seed=1)
    assert torch.equal(first.vertices, second.vertices)
    other = grow_hair(person.rig, person.generic, locks=50, seed=2)
    assert not torch.equal(first.vertices[-100:], other.vertices[-100:])


def test_the_records_fit_each_other(person: Person) -> None:
    hair = grow_hair(person.rig, person.generic, locks=80, seed=1)
    count = len(hair.vertices)
    assert hair.faces.max() == count - 1
    assert len(hair.carriers) == len(hair.tint) == len(hair.lit_as) == count
    assert torch.allclose(hair.normals.norm(dim=-1), torch.ones(count), atol=1e-5)
    assert ((hair.tint >= 0) & (hair.tint <= 1)).all()
    # Those that stand for others stand for themselves.
    assert torch.equal(hair.lit_as[hair.lit_as], hair.lit_as)
    assert (face_normals(hair.vertices, hair.faces).norm(dim=-1) > 0).all()


def test_hair_grows_inside_the_hairline_and_stands_off_it(person: Person) -> None:
    hair = grow_hair(person.rig, person.generic, locks=400, seed=1)
    assert (scalp_depth(person.generic.vertices[hair.carriers]) > -6e-3).all()
    away = (hair.vertices - person.rig.vertices[hair.carriers]).norm(dim=-1)
    # Longer than a stubble, shorter than a bob.
    assert 0.015 < away.max() < 0.07


def test_the_face_is_free(figure: Figure) -> None:
    rig = figure.person.generic
    eye = rig.joints[rig.joint_index("left_eye_smplhf")]
    hair = figure.hair_rest
    in_front = (hair[:, 2] > eye[2]) & (hair[:, 1] < eye[1] + 0.03)
    assert not in_front.any()
