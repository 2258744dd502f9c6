"""The body as cloth feels it: a plane of the surface for each point that comes near."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

MARGIN: Final = 5e-3
"""How far off the body cloth stays, metres: half a thread, and the sag of edges between."""
_REACH: Final = 0.05
"""Farther than this from the body, nothing is felt; deeper than this, nothing is found again."""


@dataclass(frozen=True)
class Contact:
    """For each cloth vertex the plane of the body's surface that is nearest."""

    points: Float[np.ndarray, "vertices 3"]
    """On the planes, world, metres."""
    normals: Float[np.ndarray, "vertices 3"]
    """Unit, outward."""
    near: Bool[np.ndarray, "vertices"]
    """Whether the body is near at all."""

    def push_out(self, positions: Float[np.ndarray, "vertices 3"]) -> None:
        """Move vertices of the cloth that lie too deep onto the margin, in place."""
        height = np.einsum("nc,nc->n", positions - self.points, self.normals)
        deep = np.flatnonzero(self.near & (height < MARGIN))
        positions[deep] += (MARGIN - height[deep])[:, None] * self.normals[deep]


@dataclass(frozen=True)
class Obstacle:
    """A part of the body's mesh, in a pose."""

    vertices: Float[np.ndarray, "vertices 3"]
    """World, metres."""
    faces: Int[np.ndarray, "faces 3"]

    def contact(self, positions: Float[np.ndarray, "points 3"]) -> Contact:
        """Find the surface next to each point: the nearest of four centroids a triangle."""
        corners = self.vertices[self.faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(normals, axis=1)
        # A triangle without area has no side to push to.
        solid = area > 1e-12
        corners, normals = corners[solid], normals[solid] / area[solid, None]
        middle = corners.mean(1)
        samples = np.concatenate([middle, *(0.5 * (middle + corners[:, k]) for k in range(3))])
        far, index = KDTree(samples, balanced_tree=False, compact_nodes=False).query(
            positions, distance_upper_bound=_REACH
        )
        near = np.isfinite(far)
        index = np.where(near, index, 0)
        return Contact(samples[index], normals[index % len(normals)], near)
