"""The visual hull: sleeves are found, phantoms that only some poses show are not."""

import torch
from tests.rigs.capsules import HALF_DISTANCE, RADIUS, capsule_body
from tests.train.capsule_views import SLEEVE, sleeve_views

from incarnate.geometry.grids import grid_around
from incarnate.train.visual_hull import body_distance, hull_distance, hull_share


def beside_the_limb(distances: list[float]) -> torch.Tensor:
    """Points beside the middle of the left limb, at distances from its axis."""
    return torch.tensor([[HALF_DISTANCE, 0.02, distance] for distance in distances])


def test_the_distance_from_a_cylinder_is_the_distance_from_a_cylinder() -> None:
    body = capsule_body()
    grid = grid_around(body.vertices, margin=0.1, voxel_size=0.0125)
    distance = body_distance(body, grid, reach=0.08)
    points = beside_the_limb([0.0, 0.02, 0.04, 0.05, 0.06, 0.08, 0.1])
    found = grid.look_up(distance[:, None], points)[:, 0]
    expected = points[:, 2] - RADIUS
    # Beyond two voxels distances are counted in voxels.
    torch.testing.assert_close(found, expected, rtol=0, atol=0.0125)
    # Next to the surface they are exact but for the polyhedron (1 mm) and the samples' spacing.
    near = expected.abs() < 0.011
    torch.testing.assert_close(found[near], expected[near], rtol=0, atol=2e-3)
    assert float(distance.abs().max()) <= 0.08


def test_sleeves_belong_to_the_hull_and_the_air_does_not() -> None:
    body, views = sleeve_views()
    told: list[int] = []
    share = hull_share(
        body,
        beside_the_limb([0.055, 0.068, 0.1, 0.14]),
        views,
        tolerance=0.01,
        agreement=0.9,
        progress=lambda done, total, text: told.append(done),
    )
    assert share[:2].min() > 0.9
    assert share[2:].max() < 0.1
    assert told == [1, 2, 3]


def test_one_pose_that_denies_a_point_outweighs_others_that_hide_it() -> None:
    body, views = sleeve_views()
    # In the second pose nothing is seen at all: every point is far outside of its mattes.
    empty = [
        type(frame)(frame.index, frame.time, frame.camera, frame.image, 0 * frame.matte)
        for frame in views[1].frames
    ]
    views[1] = type(views[1])(views[1].world_from_rest, tuple(empty))
    points = beside_the_limb([0.06])
    strict = hull_share(body, points, views, tolerance=0.01, agreement=0.9)
    lenient = hull_share(body, points, views, tolerance=0.01, agreement=0.5)
    assert float(strict) == 0
    assert 0.5 < float(lenient) < 0.75


def test_the_hulls_surface_is_where_the_sleeve_is() -> None:
    body, views = sleeve_views()
    grid = grid_around(body.vertices, margin=0.08, voxel_size=0.0125)
    skin = body_distance(body, grid, reach=0.08)
    share = hull_share(body, grid.centers(), views, tolerance=0.01, agreement=0.9)
    distance = hull_distance(grid, share, skin, threshold=0.6)
    assert (distance <= skin).all()
    at_sleeve = grid.look_up(distance[:, None], beside_the_limb([SLEEVE * RADIUS]))
    # Half a pixel of the pictures is 7 mm there; a hull of five views is larger than a cylinder.
    assert -0.02 < float(at_sleeve) < 0.01
