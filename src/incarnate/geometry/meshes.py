"""Triangle meshes: normals, areas, uniform samples, the Laplacian."""

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float, Int
from torch import Tensor


def face_normals(
    vertices: Float[Tensor, "*batch vertices 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "*batch faces 3"]:
    """Normals of counter-clockwise triangles, of length twice the area (square metres)."""
    a, b, c = (vertices[..., faces[:, k], :] for k in range(3))
    return torch.linalg.cross(b - a, c - a, dim=-1)


def vertex_normals(
    vertices: Float[Tensor, "*batch vertices 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "*batch vertices 3"]:
    """Unit normals at vertices: the area-weighted mean of the faces around each."""
    normals = face_normals(vertices, faces)
    total = torch.zeros_like(vertices)
    for corner in range(3):
        total = total.index_add(-2, faces[:, corner], normals)
    return torch.nn.functional.normalize(total, dim=-1, eps=1e-20)


def sample_surface(
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    count: int,
    generator: torch.Generator,
    density: Float[Tensor, "faces"] | None = None,
) -> tuple[Int[Tensor, "count"], Float[Tensor, "count 3"]]:
    """Stratified samples on a mesh, uniform by area times an optional density a face.

    Args:
        vertices: Positions, metres.
        faces: Triangles.
        count: How many samples.
        generator: Source of randomness; equal seeds give equal samples.
        density: Relative samples per area on each face; uniform if left out.

    Returns:
        The triangle and the barycentric weights of each sample.
    """
    weight = face_normals(vertices, faces).norm(dim=-1)
    weight = weight if density is None else weight * density
    cumulative = weight.double().cumsum(0)
    # One jittered sample in each of `count` equal parts of the total: no clumps, no holes.
    jitter = torch.rand(count, generator=generator, dtype=torch.float64)
    targets = (torch.arange(count) + jitter) / count * cumulative[-1]
    chosen = torch.searchsorted(cumulative, targets).clamp(max=len(faces) - 1)
    uv = torch.rand(count, 2, generator=generator, dtype=vertices.dtype)
    root = uv[:, 0].sqrt()
    barycentric = torch.stack([1 - root, root * (1 - uv[:, 1]), root * uv[:, 1]], -1)
    return chosen, barycentric


def uniform_laplacian(num_vertices: int, faces: Int[Tensor, "faces 3"]) -> scipy.sparse.csr_array:
    """Graph Laplacian with unit weights: (L x)ᵢ is xᵢ minus the mean of its neighbours."""
    triangles = faces.numpy()
    rows = triangles[:, [0, 1, 2, 1, 2, 0]].ravel()
    cols = triangles[:, [1, 2, 0, 0, 1, 2]].ravel()
    adjacency = scipy.sparse.coo_array(
        (np.ones(len(rows)), (rows, cols)), shape=(num_vertices, num_vertices)
    ).tocsr()
    adjacency.data[:] = 1
    degree = np.maximum(adjacency.sum(1), 1)
    mean = scipy.sparse.diags_array(1 / degree) @ adjacency
    return (scipy.sparse.eye_array(num_vertices) - mean).tocsr()
