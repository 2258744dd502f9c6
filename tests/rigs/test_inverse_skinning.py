"""Root finding: the posed root is the wanted point; what cannot be found is told and finite."""

from dataclasses import replace

import pytest
import torch
from tests.rigs.capsules import HALF_DISTANCE, RADIUS, two_capsules

from incarnate.geometry.meshes import sample_surface, vertex_normals
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform, transform_points
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.inverse_skinning import (
    CONVERGED,
    PosedVolume,
    find_roots,
    inverse_3x3,
    posed_volume,
    surface_starts,
)
from incarnate.rigs.position_maps import unposed
from incarnate.rigs.rig import rest_pose
from incarnate.rigs.skinning import apply_affine, blend_transforms, pose_rig
from incarnate.rigs.weight_volume import WeightVolume, diffuse_weights


@pytest.fixture(scope="module")
def volume() -> WeightVolume:
    vertices, faces, weights = two_capsules()
    return diffuse_weights(vertices, faces, weights, num_voxels=20**3)


def transforms(*axis_angles: tuple[float, float, float]) -> torch.Tensor:
    """One rigid transform a joint: rotations about the origin and a shift."""
    rotations = matrix_from_axis_angle(torch.tensor(axis_angles))
    return rigid_transform(rotations, torch.tensor([[0.1, 0.2, -0.3]]).expand(len(rotations), 3))


CANONICAL = transforms((0.0, 0.0, 0.1), (0.0, 0.1, -0.1))
LIVE = transforms((0.3, 0.0, -0.1), (-0.1, 0.2, 0.0))


@pytest.fixture
def posed(volume: WeightVolume) -> PosedVolume:
    return posed_volume(volume, CANONICAL, LIVE)


def test_the_canonical_pose_leaves_points_alone(
    volume: WeightVolume, generator: torch.Generator
) -> None:
    points = 0.2 * torch.randn(100, 3, generator=generator)
    still = posed_volume(volume, CANONICAL, CANONICAL).pose(points)
    torch.testing.assert_close(still, points, rtol=0, atol=1e-6)  # rounding


def test_posing_is_skinning_from_rest(
    posed: PosedVolume, volume: WeightVolume, generator: torch.Generator
) -> None:
    points = 0.2 * torch.randn(100, 3, generator=generator)
    weights = volume.sample(points)
    rest = unposed(points, weights, CANONICAL)
    again = apply_affine(blend_transforms(weights, CANONICAL), rest)
    # A few operations in float32 at about a metre.
    torch.testing.assert_close(again, points, rtol=0, atol=2e-6)
    expected = apply_affine(blend_transforms(weights, LIVE), rest)
    torch.testing.assert_close(posed.pose(points), expected, rtol=0, atol=2e-6)


def test_the_jacobian_is_the_derivative(posed: PosedVolume, generator: torch.Generator) -> None:
    grid = replace(posed.volume.grid, origin=posed.volume.grid.origin.double())
    volume = WeightVolume(grid, posed.volume.weights.double())
    double = posed_volume(volume, CANONICAL.double(), LIVE.double())
    points = 0.15 * torch.randn(40, 3, generator=generator, dtype=torch.float64)
    value, jacobian = double.pose_with_jacobian(points)
    torch.testing.assert_close(value, double.pose(points))
    for axis, direction in enumerate(torch.eye(3).double()):
        step = 1e-6 * direction
        numeric = (double.pose(points + step) - double.pose(points - step)) / 2e-6
        # Curvature times the squared step, and rounding over the step.
        torch.testing.assert_close(numeric, jacobian[..., axis], rtol=0, atol=1e-6)


def test_a_root_is_posed_to_its_point(posed: PosedVolume, generator: torch.Generator) -> None:
    vertices, faces, _ = two_capsules()
    face, barycentric = sample_surface(vertices, faces, 2000, generator)
    canonical = (vertices[faces[face]] * barycentric[..., None]).sum(1)
    points = posed.pose(canonical * torch.tensor([1.0, 1.0, 1.4]))
    # A start off by half a radius.
    roots = find_roots(posed, points, (canonical + 0.025)[:, None])
    assert roots.converged.all()
    assert (posed.pose(roots.points) - points).norm(dim=-1).max() < CONVERGED
    assert (roots.residual < CONVERGED).all()


def test_another_start_helps_where_the_first_fails(posed: PosedVolume) -> None:
    target = torch.tensor([[HALF_DISTANCE + RADIUS, 0.05, 0.0]])
    point = posed.pose(target)
    far = target + torch.tensor([[30.0, 0, 0]])
    assert not find_roots(posed, point, far[:, None]).converged.any()
    roots = find_roots(posed, point, torch.stack([far, target + 0.01], 1))
    assert roots.converged.all()


def test_what_cannot_be_found_is_told_and_finite(volume: WeightVolume) -> None:
    # Both joints flatten space: almost no point has a root, and Jacobians are singular.
    flat = LIVE.clone()
    flat[:, :, 0] = 0
    posed = posed_volume(volume, CANONICAL, flat)
    points = torch.tensor(
        [[0.4, 0.1, 0.2], [float("nan"), 0, 0], [0.0, float("inf"), 0], [5.0] * 3]
    )
    roots = find_roots(posed, points, torch.zeros(4, 1, 3))
    assert not roots.converged.any()
    assert roots.points.isfinite().all()
    assert not roots.residual.isnan().any()


def test_no_points_no_roots(posed: PosedVolume) -> None:
    roots = find_roots(posed, torch.zeros(0, 3), torch.zeros(0, 2, 3))
    assert roots.points.shape == (0, 3)
    assert roots.converged.shape == (0,)


def test_starts_follow_the_surface_rigidly(generator: torch.Generator) -> None:
    vertices, _, weights = two_capsules()
    posed = transform_points(LIVE[0], vertices[weights[:, 0] > 0])
    canonical = vertices[weights[:, 0] > 0]
    linear = LIVE[0, :3, :3].expand(len(posed), 3, 3)
    wanted = canonical[:20] + 0.03 * torch.randn(20, 3, generator=generator)
    points = transform_points(LIVE[0], wanted)
    starts = surface_starts(points, posed, canonical, linear, count=3)
    assert starts.shape == (20, 3, 3)
    # One rigid joint: each vertex carries the point back to the same place, up to rounding.
    torch.testing.assert_close(starts, wanted[:, None].expand(-1, 3, -1), rtol=0, atol=1e-5)


def test_inverse_3x3_inverts(generator: torch.Generator) -> None:
    matrices = torch.randn(4, 5, 3, 3, generator=generator, dtype=torch.float64)
    identity = torch.eye(3).double().expand(4, 5, 3, 3)
    # Random 3×3 matrices have condition numbers up to hundreds.
    torch.testing.assert_close(inverse_3x3(matrices) @ matrices, identity, rtol=0, atol=1e-10)


def test_points_near_a_bent_body_have_roots(generator: torch.Generator) -> None:
    rig = default_body_rig()
    canonical = pose_rig(rig, canonical_pose(rig))
    # A coarse volume keeps the test fast; the default has six times the voxels.
    volume = diffuse_weights(
        canonical.vertices, rig.faces, rig.skinning_weights, num_voxels=35**3, layer=0.04
    )
    pose = rest_pose(rig)
    for joint, rotation in (
        ("left_elbow", (0.0, -1.2, 0.0)),
        ("right_knee", (1.3, 0.0, 0.0)),
        ("right_hip", (-1.0, 0.0, 0.0)),
        ("spine1", (0.3, 0.2, 0.0)),
    ):
        pose.joint_rotations[rig.joint_index(joint) - 1] = torch.tensor(rotation)
    live = pose_rig(rig, pose)
    face, barycentric = sample_surface(live.vertices, rig.faces, 4000, generator)
    corners = rig.faces[face]
    normals = vertex_normals(live.vertices, rig.faces)[corners]
    away = 0.02 * torch.rand(4000, 1, generator=generator)
    points = (live.vertices[corners] * barycentric[..., None]).sum(1)
    points = points + away * (normals * barycentric[..., None]).sum(1)
    maps = blend_transforms(rig.skinning_weights, live.world_from_rest)[..., :3] @ inverse_3x3(
        blend_transforms(rig.skinning_weights, canonical.world_from_rest)[..., :3]
    )
    starts = surface_starts(points, live.vertices, canonical.vertices, maps)
    posed = posed_volume(volume, canonical.world_from_rest, live.world_from_rest)
    roots = find_roots(posed, points, starts)
    # In folds (the pit of a knee) a few points have none.
    assert roots.converged.float().mean() > 0.99
    again = (posed.pose(roots.points) - points).norm(dim=-1)
    assert again[roots.converged].max() < CONVERGED
