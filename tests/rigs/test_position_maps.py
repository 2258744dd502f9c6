from dataclasses import replace

import pytest
import torch
from scipy.spatial import KDTree

from incarnate.geometry.meshes import face_normals, sample_surface
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import (
    MAX_STRETCH,
    PositionMaps,
    posed_points,
    position_maps_of_rig,
    unposed,
)
from incarnate.rigs.rig import Pose, SurfacePoints
from incarnate.rigs.skinning import pose_rig

SIZE = 128


@pytest.fixture(scope="module")
def spread() -> Pose:
    """Arms out, legs apart."""
    return canonical_pose(default_body_rig())


@pytest.fixture(scope="module")
def maps() -> PositionMaps:
    return position_maps_of_rig(default_body_rig(), SIZE)


def pixel_centers(size: int) -> torch.Tensor:
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return (torch.stack([column, row]) + 0.5).expand(2, 2, size, size)


def test_every_point_projects_to_the_centre_of_its_pixel(maps: PositionMaps) -> None:
    centers = maps.gather(pixel_centers(SIZE))
    # Metres in single precision, over pixels of 13 mm: 1e-7 · 1.7 m / 0.013 m.
    torch.testing.assert_close(maps.project(maps.points), centers, atol=1e-4, rtol=0)


def test_points_lie_on_the_surface_with_its_weights(maps: PositionMaps, spread: Pose) -> None:
    rig = default_body_rig()
    posed = pose_rig(rig, spread)
    torch.testing.assert_close(maps.read(posed.vertices, rig.faces), maps.points)
    torch.testing.assert_close(maps.weights.sum(-1), torch.ones(maps.num_points))
    assert float(maps.weights.min()) >= 0


def test_front_and_back_share_one_silhouette_inside_the_maps(maps: PositionMaps) -> None:
    assert torch.equal(maps.mask[0], maps.mask[1])
    rim = torch.ones(SIZE, SIZE, dtype=torch.bool)
    rim[1:-1, 1:-1] = False
    assert not bool((maps.mask & rim).any())
    # Fitted: the larger extent of the body leaves only the margin free.
    used = maps.mask[0].nonzero()
    assert int((used.amax(0) - used.amin(0)).max()) >= SIZE - 5


def test_the_front_lies_before_the_back_and_the_right_way_round(maps: PositionMaps) -> None:
    z = maps.paint(maps.points[:, 2:])[:, 0]
    assert bool((z[0] >= z[1])[maps.mask[0]].all())
    half = maps.num_points // 2
    # Some creases of the mesh fold under themselves; nearly all normals face their map.
    assert float((maps.normals[:half, 2] > -0.2).float().mean()) > 0.99
    assert float((maps.normals[half:, 2] < 0.2).float().mean()) > 0.99
    rig = default_body_rig()
    left_hand = maps.weights[:, rig.joint_index("left_wrist")] > 0.5
    column = maps.project(maps.points[left_hand])[:, 0]
    assert float(column.min()) > SIZE / 2  # The subject's left is right in both maps.


def test_painting_and_gathering_are_inverse(maps: PositionMaps, generator: torch.Generator) -> None:
    values = torch.randn(maps.num_points, 5, generator=generator)
    painted = maps.paint(values)
    assert torch.equal(maps.gather(painted), values)
    assert not bool(painted.permute(0, 2, 3, 1)[~maps.mask].any())
    # Front first, and each row by row.
    assert torch.equal(painted[0][:, maps.mask[0]].T, values[: maps.num_points // 2])


def test_rest_points_skinned_to_the_canonical_pose_are_the_points(
    maps: PositionMaps, spread: Pose
) -> None:
    canonical = pose_rig(default_body_rig(), spread).world_from_rest
    torch.testing.assert_close(posed_points(maps, canonical), maps.points, atol=1e-6, rtol=0)
    assert torch.equal(unposed(maps.points, maps.weights, canonical), maps.rest_points)


@pytest.mark.parametrize("size", [64, 128, 256])
def test_splats_reach_nearly_all_of_the_skin(spread: Pose, size: int) -> None:
    rig = default_body_rig()
    drawn = position_maps_of_rig(rig, size, spread)
    vertices = pose_rig(rig, spread).vertices
    faces = rig.faces[(rig.parts == rig.part_names.index("skin"))[rig.faces].all(1)]
    chosen, barycentric = sample_surface(vertices, faces, 5000, torch.Generator().manual_seed(3))
    samples = SurfacePoints(chosen, barycentric).on(vertices, faces)
    distance, nearest = KDTree(drawn.points.numpy()).query(samples.numpy())
    assert float((distance < 1.5 * drawn.pixel_size).mean()) > 0.9
    # What lies farther lies along a steep slope, where spacings say that neighbours are far.
    reach = drawn.spacings().amax(1)[torch.from_numpy(nearest)].numpy()
    assert float((distance < 1.5 * reach).mean()) > 0.98
    area = float(0.5 * face_normals(vertices, faces).norm(dim=-1).sum())
    # The mesh's area holds what no side sees: insides of lids, lips and ears, soles and armpits.
    assert 0.85 * area < float(drawn.areas.sum()) < area


def test_axes_are_frames_whose_first_lies_in_the_map(maps: PositionMaps) -> None:
    axes = maps.axes()
    identity = torch.eye(3).expand(maps.num_points, 3, 3)
    torch.testing.assert_close(axes.mT @ axes, identity, atol=1e-5, rtol=0)
    # Right-handed up to the rounding of a product of nine numbers.
    torch.testing.assert_close(torch.linalg.det(axes), torch.ones(maps.num_points))
    torch.testing.assert_close(axes[..., 2], maps.normals)
    tilted = maps.normals[:, :2].norm(dim=-1) > 1e-3
    # Level in the map: its z vanishes but for rounding.
    assert float(axes[tilted, 2, 0].abs().max()) < 1e-6
    assert float(maps.stretches.min()) >= 1
    assert float(maps.stretches.max()) <= MAX_STRETCH * (1 + 1e-6)


def test_a_facing_surface_still_has_axes(maps: PositionMaps) -> None:
    facing = torch.tensor([0.0, 0.0, 1.0]).expand_as(maps.normals)
    axes = replace(maps, normals=facing).axes()
    torch.testing.assert_close(axes, torch.eye(3).expand_as(axes))


def test_other_types_keep_indices(maps: PositionMaps) -> None:
    double = maps.to(torch.float64)
    assert double.points.dtype == torch.float64
    assert double.mask.dtype == torch.bool
    assert torch.equal(double.faces, maps.faces)
