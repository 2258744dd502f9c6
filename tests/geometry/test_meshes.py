"""Normals, samples and the Laplacian on meshes whose answers are known."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from incarnate.geometry.meshes import (
    face_normals,
    sample_surface,
    uniform_laplacian,
    vertex_normals,
)
from incarnate.geometry.rotations import matrix_from_axis_angle

assert_exact = partial(torch.testing.assert_close, atol=1e-12, rtol=0.0)


def octahedron() -> tuple[Tensor, Tensor]:
    vertices = torch.tensor(
        [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=torch.float64
    )
    faces = torch.tensor(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    )
    return vertices, faces


def two_unequal_triangles() -> tuple[Tensor, Tensor]:
    """A triangle of area 0.5 and one of area 1.5, apart."""
    vertices = torch.tensor(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 0, 0], [8, 0, 0], [5, 1, 0]], dtype=torch.float64
    )
    return vertices, torch.tensor([[0, 1, 2], [3, 4, 5]])


def test_face_normals_have_twice_the_area_and_point_outward() -> None:
    vertices, faces = octahedron()
    normals = face_normals(vertices, faces)
    assert_exact(
        0.5 * normals.norm(dim=-1), torch.full((8,), math.sqrt(3) / 2, dtype=torch.float64)
    )
    assert ((normals * vertices[faces].mean(1)).sum(-1) > 0).all()


def test_the_face_normals_of_a_closed_mesh_cancel() -> None:
    vertices, faces = octahedron()
    total = face_normals(vertices * torch.tensor([1.0, 2.0, 0.3]), faces).sum(0)
    assert_exact(total, torch.zeros(3, dtype=torch.float64))


def test_vertex_normals_of_an_octahedron_are_its_vertices() -> None:
    vertices, faces = octahedron()
    assert_exact(vertex_normals(vertices, faces), vertices)


def test_vertex_normals_turn_with_the_mesh_in_every_batch() -> None:
    vertices, faces = octahedron()
    squashed = vertices * torch.tensor([1.0, 2.0, 0.3])
    turns = matrix_from_axis_angle(torch.tensor([[0.1, 2.0, -1.0], [0.0, 0.0, 1.0]]).double())
    turned = squashed @ turns.mT
    expected = vertex_normals(squashed, faces) @ turns.mT
    assert_exact(vertex_normals(turned, faces), expected)


def test_a_vertex_without_faces_has_no_normal_and_no_nan() -> None:
    vertices, faces = octahedron()
    lonely = torch.cat([vertices, torch.ones(1, 3, dtype=torch.float64)])
    assert vertex_normals(lonely, faces)[-1].abs().max() == 0


def test_samples_fall_on_faces_by_area(generator: torch.Generator) -> None:
    vertices, faces = two_unequal_triangles()
    chosen, barycentric = sample_surface(vertices, faces, 4000, generator)
    # Stratified: each face gets its share of the area within one sample at each end.
    assert chosen.bincount(minlength=2).tolist() == pytest.approx([1000, 3000], abs=2)
    assert (barycentric >= 0).all()
    assert_exact(barycentric.sum(-1), torch.ones(4000, dtype=torch.float64))


def test_samples_are_uniform_inside_a_face(generator: torch.Generator) -> None:
    vertices, faces = two_unequal_triangles()
    count = 6000
    _, barycentric = sample_surface(vertices, faces[:1], count, generator)
    # Of a uniform triangle each weight has mean 1/3 and variance 1/18; five standard errors.
    error = 5 * math.sqrt(1 / 18 / count)
    assert barycentric.mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=error)
    assert barycentric.var(0).tolist() == pytest.approx([1 / 18] * 3, rel=0.1)


def test_density_moves_samples_between_faces(generator: torch.Generator) -> None:
    vertices, faces = two_unequal_triangles()
    density = torch.tensor([3.0, 1.0], dtype=torch.float64)
    chosen, _ = sample_surface(vertices, faces, 1000, generator, density)
    assert chosen.bincount(minlength=2).tolist() == pytest.approx([500, 500], abs=2)
    none = torch.tensor([0.0, 1.0], dtype=torch.float64)
    chosen, _ = sample_surface(vertices, faces, 1000, generator, none)
    assert (chosen == 1).all()


def test_equal_seeds_give_equal_samples() -> None:
    vertices, faces = octahedron()
    draws = [
        sample_surface(vertices, faces, 50, torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    assert torch.equal(draws[0][1], draws[1][1])
    assert not torch.equal(draws[0][1], draws[2][1])


def test_the_laplacian_of_a_constant_is_zero() -> None:
    _, faces = octahedron()
    laplacian = uniform_laplacian(6, faces)
    np.testing.assert_allclose(laplacian @ np.full((6, 3), 7.0), 0, atol=1e-12)


def test_the_laplacian_is_the_distance_to_the_neighbours_mean() -> None:
    vertices, faces = octahedron()
    values = vertices.numpy() + np.arange(6)[:, None]
    laplacian = uniform_laplacian(6, faces)
    for vertex in range(6):
        around = {v for face in faces.tolist() if vertex in face for v in face} - {vertex}
        expected = values[vertex] - values[sorted(around)].mean(0)
        np.testing.assert_allclose((laplacian @ values)[vertex], expected, atol=1e-12)


def test_a_vertex_without_neighbours_keeps_its_row_finite() -> None:
    _, faces = octahedron()
    laplacian = uniform_laplacian(7, faces)
    assert np.isfinite(laplacian.toarray()).all()
