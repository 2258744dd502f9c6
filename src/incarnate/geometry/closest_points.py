"""The points of a triangle mesh that lie nearest to given points."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

_FIRST_CANDIDATES = 8


def closest_surface_points(
    points: Float[Tensor, "points 3"],
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
) -> tuple[Int[Tensor, "points"], Float[Tensor, "points 3"], Float[Tensor, "points"]]:
    """Nearest points of a mesh, exact.

    Args:
        points: Where from, metres.
        vertices: Positions of the mesh, in the frame of the points.
        faces: Triangles.

    Returns:
        The triangle, the barycentric weights of its corners, and the distance (metres) of each.
    """
    corners = vertices[faces].double()
    found = _Nearest.center(points.double(), corners)
    extent = (corners - corners.mean(1, keepdim=True)).norm(dim=-1).amax(-1)
    # One search a size of triangle: a few large ones would make the search among all wide.
    sizes = torch.log2(extent.clamp(min=1e-12)).floor()
    for size in sizes.unique():
        among = torch.nonzero(sizes == size)[:, 0]
        found.search(corners, among, float(extent[among].max()))
    return found.face, found.barycentric.to(points.dtype), found.distance.to(points.dtype)


@final
@dataclass(frozen=True)
class _Nearest:
    """The nearest surface point found so far; filled in place."""

    points: Float[Tensor, "points 3"]
    face: Int[Tensor, "points"]
    barycentric: Float[Tensor, "points 3"]
    distance: Float[Tensor, "points"]

    @staticmethod
    def center(
        points: Float[Tensor, "points 3"], corners: Float[Tensor, "faces 3 3"]
    ) -> "_Nearest":
        """The nearest centre of a triangle: near enough to leave most triangles out."""
        distance, face = KDTree(corners.mean(1).numpy()).query(points.numpy())
        thirds = torch.full_like(points, 1 / 3)
        return _Nearest(points, torch.from_numpy(face), thirds, torch.from_numpy(distance))

    def search(
        self, corners: Float[Tensor, "faces 3 3"], among: Int[Tensor, "some"], reach: float
    ) -> None:
        """Look at some of the faces, none of which has a corner beyond ``reach`` of its centre."""
        tree = KDTree(corners[among].mean(1).numpy())
        left, count = torch.arange(len(self.points)), min(_FIRST_CANDIDATES, len(among))
        while len(left):
            found = tree.query(self.points[left].numpy(), k=count)
            far, candidates = (torch.from_numpy(part).reshape(-1, count) for part in found)
            candidates = among[candidates]
            # A triangle is no nearer than its centre less its extent; a few pairs are left.
            row, column = torch.nonzero(far - reach < self.distance[left, None], as_tuple=True)
            weights, apart = _closest_on_triangles(
                self.points[left[row]], corners[candidates[row, column]]
            )
            table = torch.full_like(far, torch.inf).index_put((row, column), apart)
            best = table[row].argmin(-1)
            better = (best == column) & (apart < self.distance[left[row]])
            chosen = left[row[better]]
            self.face[chosen] = candidates[row, column][better]
            self.barycentric[chosen] = weights[better]
            self.distance[chosen] = apart[better]
            left = left[far[:, -1] - reach < self.distance[left]]
            left = left if count < len(among) else left[:0]
            count = min(4 * count, len(among))


def _closest_on_triangles(
    points: Float[Tensor, "*batch 3"], corners: Float[Tensor, "*batch 3 3"]
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch"]]:
    """Barycentric weights and distance of the nearest point on each triangle."""
    options = [_foot_on_plane(points, corners)]
    for first in range(3):
        second = (first + 1) % 3
        start, edge = corners[..., first, :], corners[..., second, :] - corners[..., first, :]
        along = ((points - start) * edge).sum(-1) / edge.square().sum(-1).clamp(min=1e-300)
        along = along.clamp(0, 1)
        weights = torch.zeros_like(corners[..., 0])
        weights[..., first], weights[..., second] = 1 - along, along
        options.append(weights)
    weights = torch.stack(options)
    found = (weights[..., None] * corners).sum(-2)
    apart = (found - points).norm(dim=-1)
    # The foot counts only where it lies on the triangle; the edges always do.
    apart = torch.where((weights >= 0).all(-1), apart, torch.inf)
    best = apart.argmin(0)
    chosen = weights.gather(0, best[None, ..., None].expand(1, *best.shape, 3))[0]
    return chosen, apart.gather(0, best[None])[0]


def _foot_on_plane(
    points: Float[Tensor, "*batch 3"], corners: Float[Tensor, "*batch 3 3"]
) -> Float[Tensor, "*batch 3"]:
    """Barycentric weights of the foot on the triangle's plane; outside, or flat: one is < 0."""
    a, b, c = corners.unbind(-2)
    normal = torch.linalg.cross(b - a, c - a, dim=-1)
    area = normal.square().sum(-1)
    second = (torch.linalg.cross(points - a, c - a, dim=-1) * normal).sum(-1) / area
    third = (torch.linalg.cross(b - a, points - a, dim=-1) * normal).sum(-1) / area
    weights = torch.stack([1 - second - third, second, third], -1)
    return torch.where(area[..., None] > 0, weights, -1.0)
