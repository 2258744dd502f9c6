"""A mesh z-buffer in NumPy: which triangle each pixel sees, and where on it.

It shares nothing with the splat rasterizer, so that one can judge the other.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.transforms import transform_points

_NEAR = 1e-3
_MAX_CANDIDATES = 4_000_000


@dataclass(frozen=True)
class MeshRaster:
    """For every pixel the nearest triangle."""

    face: Int[Tensor, "height width"]
    """Index of the triangle seen through the pixel's centre, −1 where there is none."""
    barycentric: Float[Tensor, "height width 3"]
    """Perspective-correct weights of its corners; zero where there is none."""
    depth: Float[Tensor, "height width"]
    """Camera-space z in metres, +inf where there is none."""

    @property
    def covered(self) -> Tensor:
        """Boolean (height, width): pixels that see the mesh."""
        return self.face >= 0

    def interpolate(
        self, values: Float[Tensor, "vertices width_of_value"], faces: Int[Tensor, "faces 3"]
    ) -> Float[Tensor, "height width width_of_value"]:
        """Values at vertices, interpolated to the pixels; zero where nothing is seen."""
        corners = values[faces[self.face.clamp(min=0)]]
        return (corners * self.barycentric[..., None]).sum(-2)


def rasterize_mesh(
    vertices: Float[Tensor, "vertices 3"], faces: Int[Tensor, "faces 3"], camera: Camera
) -> MeshRaster:
    """Draw a triangle mesh; both sides of a triangle are visible.

    Args:
        vertices: World positions, metres.
        faces: Triangles. One with a corner nearer than 1 mm to the camera plane is left out.
        camera: View and size of the picture.

    Returns:
        Face index, perspective-correct barycentric weights and depth of each pixel.
    """
    in_camera = transform_points(camera.camera_from_world, vertices).detach().double().numpy()
    k = camera.intrinsics.double().numpy()
    depth = in_camera[:, 2]
    safe_depth = np.maximum(depth, _NEAR)
    xy = in_camera[:, :2] / safe_depth[:, None] * [k[0, 0], k[1, 1]] + [k[0, 2], k[1, 2]]
    triangles = faces.numpy()
    in_front = (depth[triangles] > _NEAR).all(1)
    size = np.array([camera.width, camera.height])
    # Pixel i has its centre at i + 0.5: the first centre at or right of x is ceil(x − 0.5).
    low = np.maximum(np.ceil(xy[triangles].min(1) - 0.5), 0).astype(np.int64)
    high = np.minimum(np.floor(xy[triangles].max(1) - 0.5), size - 1).astype(np.int64)
    extent = high - low + 1
    candidates = np.flatnonzero(in_front & (extent > 0).all(1))
    pieces = [
        _hits(chosen, low[chosen], extent[chosen], xy[triangles[chosen]])
        for chosen in _similar_sizes(candidates, extent)
    ]
    return _nearest(pieces, triangles, 1 / safe_depth, camera, vertices.dtype)


def _similar_sizes(candidates: np.ndarray, extent: np.ndarray) -> list[np.ndarray]:
    """Split triangles into groups of alike bounding boxes, each small enough for memory."""
    longest = extent[candidates].max(1)
    order = candidates[np.argsort(longest, kind="stable")]
    groups: list[np.ndarray] = []
    start = 0
    while start < len(order):
        side = int(extent[order[start]].max())
        # A group spans at most a doubling of the box side, so that few candidates are wasted.
        limit = np.searchsorted(extent[order].max(1), 2 * side, side="right")
        stop = min(int(limit), start + max(1, _MAX_CANDIDATES // (4 * side * side)))
        groups.append(order[start:stop])
        start = stop
    return groups


def _hits(
    chosen: np.ndarray, low: np.ndarray, extent: np.ndarray, corners: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All (triangle, pixel, screen-space barycentric) where a pixel centre lies inside."""
    width, height = extent.max(0)
    dx, dy = np.meshgrid(np.arange(width), np.arange(height))
    offsets = np.stack([dx.ravel(), dy.ravel()], -1)
    pixel = low[:, None] + offsets
    point = pixel + 0.5
    a, b, c = (corners[:, None, i] for i in range(3))
    area = _cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.stack(
            [_cross(c - b, point - b), _cross(a - c, point - c), _cross(b - a, point - a)], -1
        ) / area[..., None]
    inside = (weights >= 0).all(-1) & (offsets < extent[:, None]).all(-1)
    row, col = np.nonzero(inside)
    return chosen[row], pixel[row, col], weights[row, col]


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _nearest(
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    triangles: np.ndarray,
    inverse_depth: np.ndarray,
    camera: Camera,
    dtype: torch.dtype,
) -> MeshRaster:
    """Keep the nearest hit of each pixel and make its weights perspective-correct."""
    shape = (camera.height, camera.width)
    face_map = np.full(shape, -1, np.int64)
    weight_map = np.zeros((*shape, 3))
    depth_map = np.full(shape, np.inf)
    if pieces:
        face, pixel, weights = (np.concatenate(part) for part in zip(*pieces, strict=True))
        # 1/z is affine on the screen; weights over z, renormalised, are affine in space.
        over_z = weights * inverse_depth[triangles[face]]
        total = over_z.sum(-1)
        # Draw far to near: the last write to a pixel stays. Ties go to the lower face index.
        order = np.lexsort((-face, total))
        face, pixel, over_z, total = face[order], pixel[order], over_z[order], total[order]
        rows, cols = pixel[:, 1], pixel[:, 0]
        face_map[rows, cols] = face
        weight_map[rows, cols] = over_z / total[:, None]
        depth_map[rows, cols] = 1 / total
    return MeshRaster(
        torch.from_numpy(face_map),
        torch.from_numpy(weight_map).to(dtype),
        torch.from_numpy(depth_map).to(dtype),
    )
