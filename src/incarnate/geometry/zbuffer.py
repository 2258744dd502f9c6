"""A mesh z-buffer in NumPy: which triangle each pixel sees, and where on it.

It shares nothing with the splat rasterizer, so that one can judge the other.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.transforms import transform_points

_NEAR = 1e-3
_MAX_HITS = 2_000_000


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
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    camera: Camera,
    *,
    sides: Literal["both", "front"] = "both",
) -> MeshRaster:
    """Draw a triangle mesh.

    Args:
        vertices: World positions, metres.
        faces: Triangles. One with a corner nearer than 1 mm to the camera plane is left out.
        camera: View and size of the picture.
        sides: ``both`` sides of a triangle are visible, or only the ``front``, from which its
            corners run counter-clockwise; a closed mesh looks the same, and draws faster.

    Returns:
        Face index, perspective-correct barycentric weights and depth of each pixel.
    """
    in_camera = transform_points(camera.camera_from_world, vertices).detach().double().numpy()
    k = camera.intrinsics.double().numpy()
    depth = in_camera[:, 2]
    safe_depth = np.maximum(depth, _NEAR)
    xy = in_camera[:, :2] / safe_depth[:, None] * [k[0, 0], k[1, 1]] + [k[0, 2], k[1, 2]]
    triangles = faces.numpy()
    edges, area = _edges(xy[triangles])
    # The screen's y points down, so that a front side has a negative area.
    drawn = (depth[triangles] > _NEAR).all(1) & ((area < 0) if sides == "front" else (area != 0))
    chosen = np.flatnonzero(drawn)
    # 1/z is affine on the screen: the weighted sum of a triangle's edge functions.
    weights = (
        edges[chosen] / np.abs(area[chosen])[:, None, None] / safe_depth[triangles[chosen], None]
    )
    spans = _spans(edges[chosen], xy[triangles[chosen]], camera)
    face_map, nearness = _nearest(spans, weights.sum(1), camera)
    seen = np.flatnonzero(face_map >= 0)
    over_z = np.einsum("sec,sc->se", weights[face_map[seen]], _centres(seen, camera.width))
    weight_map = np.zeros((len(face_map), 3))
    weight_map[seen] = over_z / over_z.sum(1, keepdims=True)
    face_map[seen] = chosen[face_map[seen]]
    shape = (camera.height, camera.width)
    with np.errstate(divide="ignore"):
        depth_map = 1 / nearness.reshape(shape)
    return MeshRaster(
        torch.from_numpy(face_map.reshape(shape)),
        torch.from_numpy(weight_map.reshape(*shape, 3)).to(vertices.dtype),
        torch.from_numpy(depth_map).to(vertices.dtype),
    )


def _edges(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edge functions (faces, edge, 3) and areas: edge · (x, y, 1) ≥ 0 inside, and sums to |area|.

    Neighbours get exactly opposite values on a shared edge, so that no pixel falls between them.
    """
    start, end = corners[:, [1, 2, 0]], corners[:, [2, 0, 1]]
    edges = np.stack(
        [
            start[..., 1] - end[..., 1],
            end[..., 0] - start[..., 0],
            start[..., 0] * end[..., 1] - start[..., 1] * end[..., 0],
        ],
        -1,
    )
    area = edges[..., 2].sum(1)
    return edges * np.sign(area)[:, None, None], area


def _spans(
    edges: np.ndarray, corners: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Runs of pixel centres inside triangles: triangle, index of the first pixel, length.

    Each triangle is cut into rows, and each row to the part that its three edges leave.
    """
    # Pixel i has its centre at i + 0.5: the first centre at or right of x is ceil(x − 0.5).
    low, high = corners.min(1) - 0.5, corners.max(1) - 0.5
    top = np.clip(np.ceil(low[:, 1]), 0, camera.height)
    num_rows = np.clip(np.floor(high[:, 1]) + 1, 0, camera.height) - top
    # Narrow triangles pass between two columns of centres; half of a fine mesh does.
    num_rows[np.ceil(low[:, 0]) > np.floor(high[:, 0])] = 0
    owner, within = _expand(np.maximum(num_rows, 0).astype(np.int64))
    row = top[owner] + within
    left, right = np.zeros(len(row)), np.full(len(row), camera.width - 1.0)
    for edge in range(3):
        a, b, c = edges[:, edge].T
        rest = b[owner] * (row + 0.5) + c[owner]
        a = a[owner]
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = -rest / a - 0.5
        left = np.where(a > 0, np.maximum(left, np.ceil(bound)), left)
        right = np.where(a < 0, np.minimum(right, np.floor(bound)), right)
        right = np.where((a == 0) & (rest < 0), -1, right)
    kept = right >= left
    first = (row * camera.width + left)[kept].astype(np.int64)
    return owner[kept], first, (right - left + 1)[kept].astype(np.int64)


def _nearest(
    spans: tuple[np.ndarray, np.ndarray, np.ndarray], planes: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest triangle (−1: none) and its 1/z at each pixel; ties go to the lower index."""
    face_map = np.full(camera.height * camera.width, -1, np.int64)
    nearness = np.zeros(camera.height * camera.width)
    owner, first, length = spans
    # A bounded number of pixels at a time bounds the memory, however large the triangles are.
    group = np.cumsum(length) // _MAX_HITS
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    for start, stop in pairwise([*starts, len(group)]):
        span, within = _expand(length[start:stop])
        span += start
        pixel, face = first[span] + within, owner[span]
        inverse_depth = (planes[face] * _centres(pixel, camera.width)).sum(1)
        nearest_before = nearness[pixel]
        np.maximum.at(nearness, pixel, inverse_depth)
        better = (inverse_depth == nearness[pixel]) & (inverse_depth > nearest_before)
        # Faces ascend, and the last write to a pixel stays.
        winner = np.flatnonzero(better)[::-1]
        face_map[pixel[winner]] = face[winner]
    return face_map, nearness


def _expand(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of Σ counts items: whose it is, and its number there."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _centres(pixels: np.ndarray, width: int) -> np.ndarray:
    """Homogeneous coordinates (pixels, 3) of the centres of row-major pixel indices."""
    row, column = np.divmod(pixels, width)
    return np.stack([column + 0.5, row + 0.5, np.ones(len(pixels))], -1)
