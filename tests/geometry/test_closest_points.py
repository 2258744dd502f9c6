"""Nearest points of a mesh against a dense search, and laws that need no reference."""

import torch

from incarnate.geometry.closest_points import closest_surface_points


def random_mesh(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Forty triangles of very unlike size in the unit cube."""
    corners = torch.rand(40, 1, 3, generator=generator)
    sizes = torch.rand(40, 1, 1, generator=generator) ** 3
    vertices = corners + sizes * torch.randn(40, 3, 3, generator=generator)
    return vertices.reshape(-1, 3), torch.arange(120).reshape(40, 3)


def test_points_of_the_surface_find_themselves(generator: torch.Generator) -> None:
    vertices, faces = random_mesh(generator)
    weights = torch.rand(200, 3, generator=generator)
    weights = weights / weights.sum(-1, keepdim=True)
    chosen = torch.randint(40, (200,), generator=generator)
    points = (weights[..., None] * vertices[faces[chosen]]).sum(1)
    face, barycentric, distance = closest_surface_points(points, vertices, faces)
    # Points are rounded to float32 at a size of about one.
    assert distance.max() < 1e-6
    found = (barycentric[..., None] * vertices[faces[face]]).sum(1)
    torch.testing.assert_close(found, points, rtol=0, atol=1e-6)


def test_no_sample_of_the_mesh_is_nearer(generator: torch.Generator) -> None:
    vertices, faces = random_mesh(generator)
    points = 2 * torch.rand(60, 3, generator=generator) - 0.5
    face, barycentric, distance = closest_surface_points(points, vertices, faces)
    steps = torch.linspace(0, 1, 60)
    u, v = (x.flatten() for x in torch.meshgrid(steps, steps, indexing="ij"))
    grid = torch.stack([1 - u - v, u, v], -1)[u + v <= 1 + 1e-6]
    samples = torch.einsum("sk,fkc->fsc", grid, vertices[faces]).reshape(-1, 3)
    nearest = torch.cdist(points, samples).min(-1).values
    assert (distance <= nearest + 1e-5).all()
    # Samples are a sixtieth of an edge apart, and edges shorter than ten.
    assert (nearest - distance).max() < 0.1
    found = (barycentric[..., None] * vertices[faces[face]]).sum(1)
    torch.testing.assert_close((found - points).norm(dim=-1), distance, rtol=1e-4, atol=1e-5)
    assert (barycentric >= 0).all()
    # Barycentric weights are rounded to float32.
    torch.testing.assert_close(barycentric.sum(-1), torch.ones(60), rtol=0, atol=1e-6)


def test_flat_triangles_are_edges() -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1.0, 0, 0], [2.0, 0, 0]])
    _, _, distance = closest_surface_points(
        torch.tensor([[1.5, 1.0, 0.0], [3.0, 0.0, 0.0]]), vertices, torch.tensor([[0, 1, 2]])
    )
    torch.testing.assert_close(distance, torch.ones(2))
