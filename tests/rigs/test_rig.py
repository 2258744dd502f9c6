import pytest
import torch
from tests.rigs.tiny import make_rig, random_pose

from incarnate.rigs.rig import SurfacePoints, rest_pose


def test_identity_adds_shape_and_offset_once(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    shape, offset = torch.tensor([0.5, -2.0]), 0.01 * torch.ones_like(rig.vertices)
    person = rig.with_identity(shape, offset)
    expected = rig.vertices + 0.5 * rig.shape_basis[0] - 2 * rig.shape_basis[1] + 0.01
    torch.testing.assert_close(person.vertices, expected)
    assert person.shape_names == ()
    assert person.shape_basis.shape == (0, *rig.vertices.shape)
    assert person.joint_shape_basis.shape == (0, *rig.joints.shape)


def test_joints_are_linear_in_the_shape_and_leave_offsets(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    first, second = torch.randn(2, 2, generator=generator)

    def moved(shape: torch.Tensor) -> torch.Tensor:
        return rig.with_identity(shape).joints - rig.joints

    # Float32 sums of numbers around one.
    torch.testing.assert_close(moved(first + 3 * second), moved(first) + 3 * moved(second))
    offset = torch.randn_like(rig.vertices)
    assert torch.equal(rig.with_identity(offset=offset).joints, rig.joints)


def test_no_identity_is_the_mean_shape(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    assert torch.equal(rig.with_identity().vertices, rig.vertices)
    torch.testing.assert_close(rig.with_identity(torch.zeros(2)).vertices, rig.vertices)


def test_joints_are_found_by_name(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    assert rig.joint_index("jaw") == 3
    with pytest.raises(KeyError, match="no joint 'tail'; these exist: spine3, neck"):
        rig.joint_index("tail")


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
def test_rest_poses_have_the_shape_of_their_batch(
    batch: tuple[int, ...], generator: torch.Generator
) -> None:
    rig = make_rig(generator)
    pose = rest_pose(rig, *batch)
    assert pose.root_rotation.shape == (*batch, 3)
    assert pose.joint_rotations.shape == (*batch, 4, 3)
    assert pose.expression.shape == (*batch, 3)
    assert not pose.joint_rotations.any()


def test_poses_are_picked_from_a_batch(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    poses = random_pose(rig, generator, 5)
    assert len(poses) == 5
    assert len(poses[1:3]) == 2
    assert len(poses[torch.tensor([4, 4, 0])]) == 3
    assert torch.equal(poses[2].expression, poses.expression[2])
    assert torch.equal(poses[1:3].joint_rotations, poses.joint_rotations[1:3])
    assert poses[2].expression_names == rig.expression_names


@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_surface_points_move_with_their_triangles(
    batch: tuple[int, ...], generator: torch.Generator
) -> None:
    rig = make_rig(generator)
    points = rig.landmarks["nose"]
    vertices = torch.randn(*batch, *rig.vertices.shape, generator=generator)
    found = points.on(vertices, rig.faces)
    a, b, c = (vertices[..., rig.faces[8, k], :] for k in range(3))
    torch.testing.assert_close(found[..., 1, :], 0.2 * a + 0.3 * b + 0.5 * c)
    # Weights sum to one: moving the mesh moves the points.
    torch.testing.assert_close(points.on(vertices + 2.0, rig.faces), found + 2.0)


def test_a_corner_weight_is_a_vertex(generator: torch.Generator) -> None:
    rig = make_rig(generator)
    corner = SurfacePoints(torch.tensor([3]), torch.tensor([[0.0, 1.0, 0.0]]))
    assert torch.equal(corner.on(rig.vertices, rig.faces)[0], rig.vertices[rig.faces[3, 1]])
