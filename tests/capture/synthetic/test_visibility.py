"""Shadows: a convex body has none of its own, and a plate casts one where geometry says."""

import torch
from tests.capture.synthetic.sphere import RADIUS, ball_mesh

from incarnate.capture.synthetic.visibility import spread_occluders, visible_light


def directions(generator: torch.Generator, count: int = 40) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)


def test_occluders_lie_on_the_mesh_and_cover_it() -> None:
    vertices, faces = ball_mesh()
    occluders = spread_occluders(vertices, faces)
    points = occluders.on(vertices)
    # The triangles of a ball of 48 rings lie at most a thousandth inside it.
    assert torch.allclose(points.norm(dim=-1), torch.tensor(RADIUS), rtol=2e-3)
    # Twice as large: the same points ride along.
    assert torch.allclose(occluders.on(2 * vertices), 2 * points)
    nearest = torch.cdist(vertices[::7], points).min(1).values
    assert nearest.max() < 8e-3


def test_a_ball_shadows_just_its_far_side(generator: torch.Generator) -> None:
    vertices, faces = ball_mesh()
    normals = vertices / RADIUS
    lights = directions(generator)
    points = spread_occluders(vertices, faces).on(vertices)
    visible = visible_light(vertices + 4e-3 * normals, normals, points, lights)
    cosine = normals @ lights.T
    # Shadow maps are soft by a cell: on a ball of 12 cm, within 15 degrees of the terminator.
    assert visible[cosine > 0.26].mean() > 0.995
    assert visible[cosine > 0.26].min() > 0.6
    assert visible[cosine < -0.5].max() < 0.01


def test_a_plate_shadows_what_is_behind_it() -> None:
    plate = torch.stack(torch.meshgrid(
        torch.linspace(-0.05, 0.05, 60), torch.linspace(-0.05, 0.05, 60), indexing="ij"
    ), -1).reshape(-1, 2)  # fmt: skip
    occluders = torch.cat([plate, torch.full((len(plate), 1), 0.1)], -1)
    x = torch.linspace(-0.1, 0.1, 81)
    floor = torch.stack([x, torch.zeros(81), torch.zeros(81)], -1)
    light = torch.nn.functional.normalize(torch.tensor([[0.3, 0.0, 1.0]]), dim=-1)
    up = torch.tensor([[0.0, 0.0, 1.0]]).expand(81, 3)
    lit = visible_light(floor, up, occluders, light)[:, 0]
    # A ray from x meets the plate's height at x + 0.03.
    shadowed = (x + 0.03).abs() < 0.05
    unsure = ((x + 0.03).abs() - 0.05).abs() < 8e-3
    assert (lit[shadowed & ~unsure] < 0.1).all()
    assert (lit[~shadowed & ~unsure] > 0.9).all()
    assert ((lit > 0.1) & (lit < 0.9)).sum() <= 8


def test_shares_are_shares(generator: torch.Generator) -> None:
    vertices, _ = ball_mesh(16)
    normals = vertices / RADIUS
    visible = visible_light(vertices, normals, vertices, directions(generator, 33))
    assert visible.shape == (len(vertices), 33)
    assert ((visible >= 0) & (visible <= 1)).all()
