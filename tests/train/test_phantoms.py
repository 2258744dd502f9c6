"""What stands off a body stays where mattes need it, and goes where they do not."""

from dataclasses import replace

import torch
from tests.rigs.capsules import HALF_DISTANCE, RADIUS, capsule_body, capsule_poses
from tests.train.capsule_views import sleeve_views
from torch import Tensor

from incarnate.avatars.template import extract_surface
from incarnate.geometry.grids import Grid, grid_around
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.canonical_body import CanonicalBody
from incarnate.train.phantoms import find_pieces, needed_pixels, without_phantoms
from incarnate.train.visual_hull import PoseViews, body_distance

# Lumps on the left limb, one above the other, that reach 9 cm from it.
WORN, PHANTOM = (torch.tensor([HALF_DISTANCE, y, RADIUS + 0.03]) for y in (0.12, -0.12))
LUMP = 0.06


def lumpy(grid: Grid, skin: Tensor, *centers: Tensor) -> Tensor:
    apart = [(grid.centers() - center).norm(dim=-1) - LUMP for center in centers]
    return torch.stack([skin, *apart]).amin(0)


def views_of(body: CanonicalBody, mesh: tuple[Tensor, Tensor]) -> list[PoseViews]:
    """The poses of the capsules, with mattes that show the mesh."""
    views = []
    for joints, view in zip(capsule_poses(), sleeve_views()[1], strict=True):
        world = body.posed(joints).pose(mesh[0])
        frames = [
            replace(f, matte=rasterize_mesh(world, mesh[1], f.camera).covered.float())
            for f in view.frames
        ]
        views.append(PoseViews(joints, tuple(frames)))
    return views


def test_a_lump_that_mattes_show_stays_and_one_that_they_deny_goes() -> None:
    body = capsule_body()
    grid = grid_around(body.vertices, margin=0.14, voxel_size=0.0125)
    skin = body_distance(body, grid, reach=0.14)
    worn = lumpy(grid, skin, WORN)
    views = views_of(body, extract_surface(grid, worn))
    both = lumpy(grid, skin, WORN, PHANTOM)
    mesh = extract_surface(grid, both)
    told: list[int] = []
    found = without_phantoms(
        body, grid, (both, skin), mesh, views, progress=lambda done, *_: told.append(done)
    )
    at = grid.look_up(found[:, None], torch.stack([WORN, PHANTOM]))[:, 0]
    assert at[0] < -0.03
    assert at[1] > 0
    # What is left of it stands a centimetre on the limb, which itself is as it was.
    beside = torch.tensor([[HALF_DISTANCE, -0.12, z] for z in (0.0, RADIUS + 0.02)])
    inside, outside = grid.look_up(found[:, None], beside)[:, 0]
    assert inside < -0.03
    assert outside > 0
    assert told == [1, 2, 3]


def test_nothing_changes_where_all_is_worn() -> None:
    body = capsule_body()
    grid = grid_around(body.vertices, margin=0.14, voxel_size=0.0125)
    skin = body_distance(body, grid, reach=0.14)
    worn = lumpy(grid, skin, WORN)
    mesh = extract_surface(grid, worn)
    found = without_phantoms(body, grid, (worn, skin), mesh, views_of(body, mesh))
    assert torch.equal(found, worn)


def test_pieces_are_counted_by_size_and_folds_are_none() -> None:
    # Three strips of triangles: 30 vertices high above the body, 20 as high, 40 in a low fold.
    strips = ((0, 20, 0.1), (20, 30, 0.1), (50, 40, 0.05))
    faces = [start + torch.arange(n - 2)[:, None] + torch.arange(3) for start, n, _ in strips]
    far = torch.cat([torch.full((n,), height) for _, n, height in strips])
    pieces = find_pieces(torch.cat(faces), far)
    assert pieces.tolist() == 20 * [1] + 30 * [0] + 40 * [-1]


def test_a_piece_that_hides_behind_the_rest_is_neither_needed_nor_denied() -> None:
    body = capsule_body()
    faces = body.rig.faces
    # A copy of the left limb inside it, half as thick.
    left = body.vertices[:, 0] > 0
    axis = torch.tensor([HALF_DISTANCE, 0.0, 0.0])
    inner = axis + 0.5 * (body.vertices[left] - axis)
    count = len(body.vertices)
    inner_faces = faces[left[faces].all(1)] - int(left.nonzero()[0]) + count
    mesh = torch.cat([body.vertices, inner]), torch.cat([faces, inner_faces])
    pieces = torch.cat([torch.full((count,), -1), torch.zeros(len(inner)).long()])
    needed, denied = needed_pixels(body, mesh, pieces, sleeve_views()[1])
    assert needed.tolist() == denied.tolist() == [0.0]
