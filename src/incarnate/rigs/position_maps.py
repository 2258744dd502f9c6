"""Position maps: a canonical surface drawn from front and back, one splat for each covered pixel.

Both drawings share one pixel grid and one silhouette (the back is mirrored), so that a network
for pictures can paint all splats at once. Li et al., "Animatable Gaussians" (CVPR 2024), §3.1.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.meshes import face_normals, vertex_normals
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import apply_affine, blend_transforms, pose_rig

MAX_STRETCH = 6.0
"""Where the surface is seen edge-on, a pixel stands for at most so many times its own area."""
# Pixels left free around the silhouette: a network's kernels reach over its rim on all sides.
_MARGIN = 1.5
# Distance of the drawing plane, metres. Only the order in depth depends on it: the farther, the
# nearer 1/z is to affine in z.
_FAR = 100.0


@dataclass(frozen=True)
class PositionMaps:
    """The splats of a body: where they lie in two square maps, on the surface and in space.

    All tensors have one row for each covered pixel: front row by row, then back row by row.
    A column to the right is the subject's left (+x) in both maps, a row down is −y.
    """

    size: int
    """Width and height of a map in pixels."""
    mask: Bool[Tensor, "2 size size"]
    """Which pixels are covered; both maps are equal."""
    points: Float[Tensor, "points 3"]
    """Positions in the canonical pose, metres."""
    normals: Float[Tensor, "points 3"]
    """Outward unit normals in the canonical pose, smooth over the mesh."""
    weights: Float[Tensor, "points joints"]
    """Skinning weights; rows sum to one."""
    rest_points: Float[Tensor, "points 3"]
    """The same points in the rig's rest pose, metres: skinning to the canonical pose undone."""
    stretches: Float[Tensor, "points"]
    """Area of surface that a pixel stands for, over its own area: 1/|n_z|, ≤ `MAX_STRETCH`."""
    faces: Int[Tensor, "points"]
    """Triangle of the drawn mesh that each point lies on."""
    barycentric: Float[Tensor, "points 3"]
    """Weights of its corners; they sum to one."""
    center: Float[Tensor, "2"]
    """Canonical x and y of the middle of the maps, metres."""
    pixel_size: float
    """Side of a pixel, metres."""

    @property
    def num_points(self) -> int:
        """How many pixels are covered: the number of splats."""
        return len(self.points)

    def read(
        self, values: Float[Tensor, "vertices channels"], triangles: Int[Tensor, "faces 3"]
    ) -> Float[Tensor, "points channels"]:
        """Values at vertices of the drawn mesh, such as colours, interpolated to the points."""
        return _interpolate(values, triangles[self.faces], self.barycentric)

    @property
    def areas(self) -> Float[Tensor, "points"]:
        """Area of surface that each point stands for, square metres."""
        return self.pixel_size**2 * self.stretches

    @cached_property
    def pixels(self) -> Int[Tensor, "points"]:
        """Index of each point's pixel in the flattened pair of maps."""
        return self.mask.flatten().nonzero()[:, 0]

    def to(self, dtype_or_device: torch.dtype | torch.device | str) -> "PositionMaps":
        """The same maps with floats in another dtype, or all on another device."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        keep = isinstance(dtype_or_device, torch.dtype)
        for name, value in values.items():
            if isinstance(value, Tensor) and not (keep and not value.is_floating_point()):
                values[name] = value.to(dtype_or_device)
        return PositionMaps(**values)

    def paint(
        self, values: Float[Tensor, "points channels"]
    ) -> Float[Tensor, "2 channels size size"]:
        """Values of points as a pair of maps, zero where nothing is covered."""
        rows = values.new_zeros(2 * self.size**2, values.shape[1])
        rows = rows.index_copy(0, self.pixels, values)
        return rows.view(2, self.size, self.size, -1).permute(0, 3, 1, 2)

    def gather(
        self, maps: Float[Tensor, "2 channels size size"]
    ) -> Float[Tensor, "points channels"]:
        """Values of a pair of maps at the covered pixels."""
        return maps.permute(0, 2, 3, 1).flatten(0, 2).index_select(0, self.pixels)

    def project(self, points: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 2"]:
        """Canonical points (metres) to pixels, column first; 0.5 is the first pixel's centre."""
        shifted = (points[..., :2] - self.center) / self.pixel_size
        return 0.5 * self.size + shifted * shifted.new_tensor([1.0, -1.0])

    def spacings(self) -> Float[Tensor, "points 2"]:
        """How far neighbours are apart on the surface along the first two `axes`, metres."""
        steep = self.pixel_size * self.stretches
        return torch.stack([torch.full_like(steep, self.pixel_size), steep], -1)

    def axes(self) -> Float[Tensor, "points 3 3"]:
        """Right-handed frames in the canonical pose; columns: level, steep, normal.

        Level runs along the surface in the plane of the map, where neighbours are one pixel apart;
        steep runs along it out of that plane, where they are farther apart.
        """
        normal = self.normals
        level = torch.stack([-normal[:, 1], normal[:, 0], torch.zeros_like(normal[:, 0])], -1)
        # A surface that faces the map has no steep direction: any will do.
        flat = level.norm(dim=-1, keepdim=True) < 1e-4
        level = torch.where(flat, level.new_tensor([1.0, 0.0, 0.0]), level)
        level = level - (level * normal).sum(-1, keepdim=True) * normal
        level = torch.nn.functional.normalize(level, dim=-1)
        return torch.stack([level, torch.linalg.cross(normal, level, dim=-1), normal], -1)


@torch.no_grad()
def make_position_maps(
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    weights: Float[Tensor, "vertices joints"],
    *,
    canonical_from_rest: Float[Tensor, "joints 4 4"],
    size: int,
) -> PositionMaps:
    """Draw a surface in the canonical pose from front and back, orthographically.

    Args:
        vertices: Canonical positions, metres.
        faces: Triangles, counter-clockwise seen from outside; the surface should be closed.
        weights: Skinning weights of the vertices.
        canonical_from_rest: Skinning matrices of the canonical pose (`world_from_rest_joints`).
        size: Pixels along a side of the square window, which is fitted to the surface.
    """
    low, high = vertices[:, :2].amin(0), vertices[:, :2].amax(0)
    center = 0.5 * (low + high)
    pixel_size = float((high - low).max()) / (size - 2 * _MARGIN)
    front_face, front_weight = _draw(vertices, faces, center, pixel_size, size)
    mirrored = vertices * vertices.new_tensor([1.0, 1.0, -1.0])
    back_face, back_weight = _draw(mirrored, faces, center, pixel_size, size)
    # On a closed surface they differ by rounding at the very rim, if at all.
    silhouette = (front_face >= 0) & (back_face >= 0)
    mask = torch.stack([silhouette, silhouette])
    face = torch.stack([front_face, back_face])[mask]
    barycentric = torch.stack([front_weight, back_weight])[mask]
    point_weights = _interpolate(weights, faces[face], barycentric)
    point_weights = point_weights / point_weights.sum(-1, keepdim=True)
    points = _interpolate(vertices, faces[face], barycentric)
    # Slivers have no direction; they count as edge-on.
    normal_z = torch.nn.functional.normalize(face_normals(vertices, faces)[face], dim=-1)[:, 2]
    normals = _interpolate(vertex_normals(vertices, faces), faces[face], barycentric)
    return PositionMaps(
        size=size,
        mask=mask,
        points=points,
        normals=torch.nn.functional.normalize(normals, dim=-1),
        weights=point_weights,
        rest_points=unposed(points, point_weights, canonical_from_rest),
        stretches=1 / normal_z.abs().clamp(min=1 / MAX_STRETCH),
        faces=face,
        barycentric=barycentric,
        center=center,
        pixel_size=pixel_size,
    )


def position_maps_of_rig(rig: Rig, size: int, pose: Pose | None = None) -> PositionMaps:
    """Position maps of a rig's own surface.

    Args:
        rig: The subject's rig, with its identity folded in.
        size: Pixels along a side of a map.
        pose: Where nothing hides anything else; `canonical_pose` if left out.
    """
    posed = pose_rig(rig, canonical_pose(rig) if pose is None else pose)
    return make_position_maps(
        posed.vertices,
        rig.faces,
        rig.skinning_weights,
        canonical_from_rest=posed.world_from_rest,
        size=size,
    )


def unposed(
    points: Float[Tensor, "points 3"],
    weights: Float[Tensor, "points joints"],
    world_from_rest: Float[Tensor, "joints 4 4"],
) -> Float[Tensor, "points 3"]:
    """Undo linear blend skinning of points with known weights: world to rest, metres."""
    affine = blend_transforms(weights, world_from_rest).double()
    shifted = points.double() - affine[..., 3]
    return torch.linalg.solve(affine[..., :3], shifted[..., None])[..., 0].to(points)


def posed_points(
    maps: PositionMaps, world_from_rest: Float[Tensor, "*batch joints 4 4"]
) -> Float[Tensor, "*batch points 3"]:
    """The maps' points skinned into some poses, metres."""
    return apply_affine(blend_transforms(maps.weights, world_from_rest), maps.rest_points)


def _draw(
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    center: Float[Tensor, "2"],
    pixel_size: float,
    size: int,
) -> tuple[Int[Tensor, "size size"], Float[Tensor, "size size 3"]]:
    """The triangle nearest to +z at each pixel's centre (−1: none), and its orthographic weights.

    The z-buffer divides by depth; x and y multiplied by it beforehand come out parallel.
    """
    exact = vertices.double()
    depth = _FAR - exact[:, 2]
    level = (exact[:, :2] - center.double()) * exact.new_tensor([1.0, -1.0])
    in_camera = torch.cat([level * depth[:, None], depth[:, None]], -1)
    intrinsics = exact.new_tensor(
        [[1 / pixel_size, 0, 0.5 * size], [0, 1 / pixel_size, 0.5 * size], [0, 0, 1]]
    )
    camera = Camera(intrinsics, torch.eye(4, dtype=exact.dtype), size, size)
    seen = rasterize_mesh(in_camera, faces, camera)
    weights = seen.barycentric * depth[faces[seen.face.clamp(min=0)]]
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-12)
    return seen.face, weights.to(vertices.dtype)


def _interpolate(
    values: Float[Tensor, "vertices channels"],
    corners: Int[Tensor, "points 3"],
    barycentric: Float[Tensor, "points 3"],
) -> Float[Tensor, "points channels"]:
    return (values[corners] * barycentric[..., None]).sum(1)
