from dataclasses import replace

import pytest
import torch
from tests.rigs.tiny import make_rig, random_pose

from incarnate.rigs.cutting import Cut, cut_rig, hold_joint
from incarnate.rigs.files import check_rig
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig


@pytest.fixture
def rig(generator: torch.Generator) -> Rig:
    return make_rig(generator, correctives=False)


def keep_first(count: int, rig: Rig, joint_names: tuple[str, ...]) -> Rig:
    kept = torch.arange(len(rig.vertices)) < count
    return cut_rig(rig, Cut("part", kept, joint_names, ("wide",)))


def same_pose(rig: Rig, pose: Pose, part: Rig) -> Pose:
    """The pose's joints that the part has."""
    joints = [rig.joint_index(name) - 1 for name in part.joint_names[1:]]
    return replace(pose, joint_rotations=pose.joint_rotations[joints])


def test_what_is_left_is_posed_as_before(rig: Rig, generator: torch.Generator) -> None:
    part = keep_first(8, rig, rig.joint_names)
    pose = random_pose(rig, generator)
    torch.testing.assert_close(pose_rig(part, pose).vertices, pose_rig(rig, pose).vertices[:8])
    person = part.with_identity(torch.tensor([0.7]))
    whole = rig.with_identity(torch.tensor([0.0, 0.7]))
    torch.testing.assert_close(pose_rig(person, pose).vertices, pose_rig(whole, pose).vertices[:8])


def test_joints_that_go_ride_on_their_ancestor(rig: Rig, generator: torch.Generator) -> None:
    part = keep_first(12, rig, ("spine3", "head", "left_eye_smplhf"))
    assert part.parents == (-1, 0, 1)
    # The jaw rides on the head, the neck on the root.
    torch.testing.assert_close(
        part.skinning_weights[:, 1], rig.skinning_weights[:, 2] + rig.skinning_weights[:, 3]
    )
    pose = random_pose(rig, generator)
    rotations = pose.joint_rotations.clone()
    # With the joints that went at rest, both move alike.
    rotations[[0, 2]] = 0
    pose = replace(pose, joint_rotations=rotations)
    torch.testing.assert_close(
        pose_rig(part, same_pose(rig, pose, part)).vertices, pose_rig(rig, pose).vertices
    )


def test_a_new_root_carries_what_lay_above_it(rig: Rig) -> None:
    part = keep_first(12, rig, ("head", "jaw"))
    assert part.parents == (-1, 0)
    torch.testing.assert_close(part.skinning_weights.sum(-1), torch.ones(12))
    check_rig(part, source="a cut")


def test_vertices_without_a_whole_triangle_go(rig: Rig) -> None:
    kept = torch.zeros(12, dtype=torch.bool)
    kept[[0, 1, 2, 3, 10]] = True
    part = cut_rig(rig, Cut("part", kept, rig.joint_names, ()))
    torch.testing.assert_close(part.vertices, rig.vertices[:4])
    assert torch.equal(part.faces, rig.faces[:2])
    assert torch.equal(part.uv[part.uv_faces], rig.uv[rig.uv_faces[:2]])
    assert part.shape_basis.shape == (0, 4, 3)
    assert part.expression_names == rig.expression_names


def test_landmarks_stay_only_as_a_whole(rig: Rig) -> None:
    assert keep_first(9, rig, rig.joint_names).landmarks == {}
    moved = replace(rig, faces=rig.faces.flip(0), uv_faces=rig.uv_faces.flip(0))
    # Faces 0 and 8 now are the last triangles; the first vertices go.
    late = torch.arange(12) >= 1
    part = cut_rig(moved, Cut("part", late, rig.joint_names, ()))
    expected = moved.landmarks["nose"].on(moved.vertices, moved.faces)
    torch.testing.assert_close(part.landmarks["nose"].on(part.vertices, part.faces), expected)


def test_correctives_are_not_cut(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    with pytest.raises(AssertionError, match="pose correctives"):
        keep_first(12, rig, rig.joint_names)


def test_a_held_joint_stays_and_the_shape_stays(rig: Rig, generator: torch.Generator) -> None:
    shape = torch.randn(2, generator=generator)
    free, held = rig.with_identity(shape), hold_joint(rig, "head").with_identity(shape)
    head = rig.joint_index("head")
    torch.testing.assert_close(held.joints[head], rig.joints[head])
    # Only a translation is taken out.
    shift = free.joints[head] - rig.joints[head]
    torch.testing.assert_close(held.vertices, free.vertices - shift)
    torch.testing.assert_close(held.joints, free.joints - shift)
