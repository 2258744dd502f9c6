"""Who is seen: repeatable, different from others, and moving in a way of its own."""

import torch

from incarnate.capture.synthetic.person import Person, make_person
from incarnate.rigs.embedded import default_head_rig


def test_equal_seeds_give_equal_people(person: Person) -> None:
    again = make_person(default_head_rig(), 7)
    assert torch.equal(again.rig.vertices, person.rig.vertices)
    assert torch.equal(again.personal.expression_basis, person.personal.expression_basis)
    other = make_person(default_head_rig(), 8)
    assert (other.rig.vertices - person.rig.vertices).norm(dim=-1).max() > 2e-3


def test_the_identity_is_what_the_truth_says(person: Person) -> None:
    rebuilt = person.generic.with_identity(person.shape, person.offset)
    assert torch.equal(rebuilt.vertices, person.rig.vertices)
    assert torch.equal(person.rig.expression_basis, person.generic.expression_basis)
    assert torch.equal(person.personal.vertices, person.rig.vertices)


def test_eyes_stay_spheres(person: Person) -> None:
    rig = person.generic
    eyes = (rig.parts == rig.part_names.index("left_eye")) | (
        rig.parts == rig.part_names.index("right_eye")
    )
    assert (person.offset[eyes] == 0).all()


def test_personal_expressions_differ_by_a_quarter() -> None:
    for seed in range(4):
        person = make_person(default_head_rig(), seed)
        generic, personal = person.rig.expression_basis, person.personal.expression_basis
        moving = [
            i for i, name in enumerate(person.rig.expression_names)
            if not name.startswith("eyeBlink") and name != "tongueOut"
        ]  # fmt: skip
        change = (personal - generic)[moving].norm(dim=(1, 2)) / generic[moving].norm(dim=(1, 2))
        # Float32 sums over all vertices.
        assert change.min() > 0.1999
        assert change.max() < 0.3001


def test_no_blend_of_generic_expressions_follows(person: Person) -> None:
    generic = person.rig.expression_basis.flatten(1).T
    personal = person.personal.expression_basis.flatten(1).T
    best = torch.linalg.lstsq(generic.double(), personal.double()).solution
    left = (generic.double() @ best - personal).norm(dim=0) / personal.norm(dim=0)
    # Had the change been a mixture of the bases, nothing would be left.
    assert left[left > 0].mean() > 0.15


def test_teeth_and_eyes_move_as_in_the_generic_rig(person: Person) -> None:
    rig = person.rig
    rigid = torch.tensor([rig.part_names.index(n) for n in ("left_eye", "right_eye", "teeth")])
    kept = torch.isin(rig.parts, rigid)
    assert torch.equal(person.personal.expression_basis[:, kept], rig.expression_basis[:, kept])
