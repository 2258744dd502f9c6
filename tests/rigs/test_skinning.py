from dataclasses import replace

import pytest
import torch
from tests.rigs.tiny import make_rig, random_pose

from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform, transform_points
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import (
    apply_affine,
    blend_transforms,
    pose_features,
    pose_rig,
    rest_vertices,
    world_from_rest_joints,
)


@pytest.fixture
def rig(generator: torch.Generator) -> Rig:
    """The tiny rig in double precision."""
    rig = make_rig(generator)
    fields = ("vertices", "shape_basis", "expression_basis", "joints", "joint_shape_basis")
    doubles = {name: getattr(rig, name).double() for name in fields}
    weights = rig.skinning_weights.double()
    assert rig.pose_basis is not None
    return replace(
        rig,
        **doubles,
        pose_basis=rig.pose_basis.double(),
        skinning_weights=weights / weights.sum(-1, keepdim=True),
    )


def straightforward(rig: Rig, pose: Pose) -> torch.Tensor:
    """One pose, one vertex and one joint at a time, by the definition."""
    world_from_joint: list[torch.Tensor] = []
    rotations = torch.cat([pose.root_rotation[None], pose.joint_rotations])
    for joint, parent in enumerate(rig.parents):
        local = torch.eye(4, dtype=torch.float64)
        local[:3, :3] = matrix_from_axis_angle(rotations[joint])
        origin = rig.joints[parent] if parent >= 0 else -pose.root_translation
        local[:3, 3] = rig.joints[joint] - origin
        world_from_joint.append(world_from_joint[parent] @ local if parent >= 0 else local)
    rest = rest_vertices(rig, pose)
    posed = torch.zeros_like(rest)
    for i, vertex in enumerate(rest):
        for joint in range(rig.num_joints):
            local = torch.cat([vertex - rig.joints[joint], torch.ones(1).double()])
            moved = (world_from_joint[joint] @ local)[:3]
            posed[i] += rig.skinning_weights[i, joint] * moved
    return posed


@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_the_rest_pose_is_the_identity(rig: Rig, batch: tuple[int, ...]) -> None:
    posed = pose_rig(rig, rest_pose(rig, *batch))
    torch.testing.assert_close(posed.vertices, rig.vertices.expand(*batch, -1, -1))
    identity = torch.eye(4).double().expand(*batch, rig.num_joints, 4, 4)
    torch.testing.assert_close(posed.world_from_rest, identity)


def test_skinning_agrees_with_its_definition(rig: Rig, generator: torch.Generator) -> None:
    poses = random_pose(rig, generator, 4)
    posed = pose_rig(rig, poses)
    for i in range(4):
        torch.testing.assert_close(posed.vertices[i], straightforward(rig, poses[i]))


def test_a_rigid_motion_of_the_root_moves_everything_alike(
    rig: Rig, generator: torch.Generator
) -> None:
    pose = random_pose(rig, generator)
    turn = matrix_from_axis_angle(torch.randn(3, generator=generator).double())
    shift = torch.randn(3, generator=generator).double()
    world_from_before = rigid_transform(turn, shift)
    rotation = turn @ matrix_from_axis_angle(pose.root_rotation)
    # Joint 0 stands at its rest position plus the translation.
    start = rig.joints[0] + pose.root_translation
    moved = replace(
        pose,
        root_rotation=axis_angle_from_matrix(rotation),
        root_translation=transform_points(world_from_before, start[None])[0] - rig.joints[0],
    )
    before, after = pose_rig(rig, pose), pose_rig(rig, moved)
    torch.testing.assert_close(after.vertices, transform_points(world_from_before, before.vertices))
    torch.testing.assert_close(after.world_from_rest, world_from_before @ before.world_from_rest)


def test_children_follow_their_joint_and_others_stay(rig: Rig) -> None:
    pose = rest_pose(rig)
    rotations = pose.joint_rotations.clone()
    rotations[rig.joint_index("head") - 1] = torch.tensor([0.3, -0.2, 0.1])
    transforms = world_from_rest_joints(rig, replace(pose, joint_rotations=rotations))
    identity = torch.eye(4).double()
    torch.testing.assert_close(transforms[0], identity)
    torch.testing.assert_close(transforms[1], identity)
    for child in ("jaw", "left_eye_smplhf"):
        torch.testing.assert_close(transforms[rig.joint_index(child)], transforms[2])
    # A joint turns about itself.
    head = rig.joints[2][None]
    torch.testing.assert_close(transform_points(transforms[2], head), head)


def test_expressions_add_up(rig: Rig, generator: torch.Generator) -> None:
    pose = rest_pose(rig)
    first, second = torch.randn(2, 3, generator=generator).double()

    def displacement(expression: torch.Tensor) -> torch.Tensor:
        return rest_vertices(rig, replace(pose, expression=expression)) - rig.vertices

    torch.testing.assert_close(
        displacement(first + 2 * second), displacement(first) + 2 * displacement(second)
    )
    unit = torch.tensor([0.0, 1.0, 0.0]).double()
    torch.testing.assert_close(displacement(unit), rig.expression_basis[1])


def test_correctives_vanish_at_rest_and_are_linear_in_the_rotations(
    rig: Rig, generator: torch.Generator
) -> None:
    assert not pose_features(rest_pose(rig)).any()
    pose = replace(random_pose(rig, generator), expression=torch.zeros(3).double())
    assert rig.pose_basis is not None
    expected = torch.einsum("p,pvc->vc", pose_features(pose), rig.pose_basis)
    torch.testing.assert_close(rest_vertices(rig, pose) - rig.vertices, expected)
    matrix = matrix_from_axis_angle(pose.joint_rotations[1]) - torch.eye(3).double()
    torch.testing.assert_close(pose_features(pose)[9:18], matrix.reshape(-1))


def test_blending_a_single_joint_is_its_transform(rig: Rig, generator: torch.Generator) -> None:
    transforms = world_from_rest_joints(rig, random_pose(rig, generator, 2))
    weights = torch.eye(rig.num_joints).double()
    points = torch.randn(rig.num_joints, 3, generator=generator).double()
    found = apply_affine(blend_transforms(weights, transforms), points)
    for joint in range(rig.num_joints):
        expected = transform_points(transforms[:, joint], points[joint].expand(2, 1, 3))[:, 0]
        torch.testing.assert_close(found[:, joint], expected)


def test_gradients_are_those_of_differences(rig: Rig, generator: torch.Generator) -> None:
    pose = random_pose(rig, generator)

    def posed(*parts: torch.Tensor) -> torch.Tensor:
        return pose_rig(rig, Pose(*parts, expression_names=rig.expression_names)).vertices

    parts = (pose.root_rotation, pose.root_translation, pose.joint_rotations, pose.expression)
    assert torch.autograd.gradcheck(posed, tuple(part.requires_grad_() for part in parts))
    # At rest too, where an axis-angle has no direction.
    still = rest_pose(rig)
    parts = (still.root_rotation, still.root_translation, still.joint_rotations, still.expression)
    assert torch.autograd.gradcheck(posed, tuple(part.requires_grad_() for part in parts))


def test_a_pose_of_another_rig_is_refused(rig: Rig) -> None:
    stranger = replace(rest_pose(rig), expression_names=("a", "b", "c"))
    with pytest.raises(AssertionError, match="other expressions"):
        pose_rig(rig, stranger)
