"""The visual hull of a moving person in canonical space: where the silhouettes of many poses agree.

A canonical point belongs to the person if skinning carries it into the mattes of all cameras, in
most poses that can tell. A pose cannot tell where the bare body alone would fill the mattes too:
the space between crossed arms and the chest lies inside every silhouette, worn or empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy import ndimage
from scipy.spatial import KDTree
from torch import Tensor

from incarnate.capture.capture import Frame
from incarnate.geometry.cameras import Camera
from incarnate.geometry.grids import Grid
from incarnate.geometry.meshes import sample_surface, vertex_normals
from incarnate.geometry.transforms import transform_points
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.canonical_body import CanonicalBody
from incarnate.rigs.skinning import apply_affine, blend_transforms

Progress = Callable[[int, int, str], None]

_SURFACE_SAMPLES = 60_000
_CHUNK = 1 << 15
# With fewer poses that tell, the body alone is taken for the person.
_FEWEST = 3
# Before any pose is looked at, a point counts as seen empty in this share of them: the few poses
# that can tell of phantoms between limbs do not suffice.
_DOUBT = 0.1


@dataclass(frozen=True)
class PoseViews:
    """One moment of a capture, seen by several cameras."""

    world_from_rest: Float[Tensor, "joints 4 4"]
    """Skinning matrices of the moment's pose."""
    frames: tuple[Frame, ...]
    """One a camera."""


def body_distance(body: CanonicalBody, grid: Grid, *, reach: float) -> Float[Tensor, "voxels"]:
    """Signed distance (metres, negative inside) from the canonical body, clipped to the reach.

    Within two voxels of the surface it is that of the nearest of many surface samples; farther
    away it is counted in voxels, which is as exact as a start needs.
    """
    generator = torch.Generator().manual_seed(0)
    face, barycentric = sample_surface(body.vertices, body.rig.faces, _SURFACE_SAMPLES, generator)
    corners, shares = body.rig.faces[face], barycentric[..., None]
    points = (body.vertices[corners] * shares).sum(1)
    normals = (vertex_normals(body.vertices, body.rig.faces)[corners] * shares).sum(1)
    place = ((points - grid.origin) / grid.voxel_size).round().long()
    touched = np.zeros(grid.shape, bool)
    touched[tuple(place.T.numpy())] = True
    # Grown by a voxel the shell of samples has no gaps; what it shuts in is inside.
    shell = np.asarray(ndimage.binary_dilation(touched), bool)
    filled = np.asarray(ndimage.binary_fill_holes(shell), bool)
    far = ndimage.distance_transform_edt(np.logical_not(touched))
    assert isinstance(far, np.ndarray)
    signed = np.where(filled & ~shell, -far, far).ravel() * grid.voxel_size
    distance = torch.from_numpy(signed).to(points)
    near = torch.nonzero(torch.from_numpy(far.ravel()) <= 2)[:, 0]
    centers = grid.centers()[near]
    apart, nearest = (torch.from_numpy(x) for x in KDTree(points.numpy()).query(centers.numpy()))
    # Samples lie several millimetres apart: along the normal the distance is truer than to them.
    along = ((centers - points[nearest]) * normals[nearest]).sum(-1)
    apart = apart.to(along)
    is_beside = apart < 1.5 * grid.voxel_size
    distance[near] = torch.where(is_beside, along, apart * along.sign())
    return distance.clamp(-reach, reach)


def hull_share(
    body: CanonicalBody,
    points: Float[Tensor, "points 3"],
    views: Sequence[PoseViews],
    *,
    tolerance: float,
    agreement: float,
    progress: Progress | None = None,
) -> Float[Tensor, "points"]:
    """In how many of the poses that can tell a canonical point lies inside all mattes.

    Args:
        body: How points follow the skeleton.
        points: Canonical positions, metres.
        views: Moments, each with its cameras' frames.
        tolerance: Clothes do not follow the skeleton exactly: a point this far outside of a
            matte (metres) still counts as near.
        agreement: Points that are not even near in more than the rest of the poses are left out:
            their share is zero. It tells phantoms, that some poses hide, from swinging clothes.
        progress: Called with poses done, poses in all, and what is going on.

    Returns:
        The mean, over the poses in which the point is not inside the hull of the bare body, of the
        smallest matte value over cameras, in [0, 1]; zero where fewer than `_FEWEST` poses tell.
    """
    inside, told, misses = (torch.zeros(len(points)) for _ in range(3))
    alive = torch.arange(len(points))
    for done, view in enumerate(views):
        posed = body.posed(view.world_from_rest)
        world = torch.cat([posed.pose(part) for part in points[alive].split(_CHUNK)])
        bare = _bare_body(body, view)
        covered, near, hidden = torch.ones(3, len(alive))
        for frame in view.frames:
            pixel, is_seen = _pixel_of(frame.camera, world)
            maps = (frame.matte, _grown(frame, bare, tolerance), _drawn(frame, bare, body))
            values = torch.stack([m.flatten() for m in maps])[:, pixel]
            values = torch.where(is_seen, values, 1.0)
            covered, near, hidden = torch.minimum(torch.stack([covered, near, hidden]), values)
        inside[alive] += covered * (1 - hidden)
        told[alive] += 1 - hidden
        misses[alive] += 1 - near
        alive = alive[misses[alive] <= (1 - agreement) * len(views)]
        if progress is not None:
            progress(done + 1, len(views), "template · silhouettes of many poses")
    share = torch.zeros(len(points))
    share[alive] = inside[alive] / (told[alive] + _DOUBT * len(views))
    return torch.where(told >= min(_FEWEST, len(views)), share, 0.0)


def hull_distance(
    grid: Grid,
    share: Float[Tensor, "voxels"],
    body: Float[Tensor, "voxels"],
    *,
    threshold: float,
) -> Float[Tensor, "voxels"]:
    """Signed distance of the hull joined with the body, smoothed over a voxel or so; metres.

    Args:
        grid: Where the voxels lie.
        share: The result of `hull_share` at their centres.
        body: Signed distance from the body, metres.
        threshold: A voxel belongs to the hull from this share on.
    """
    filled = torch.where(body < 0, 1.0, share).reshape(grid.shape).numpy()
    inside = ndimage.gaussian_filter(filled, 0.7) > threshold
    outer, inner = (ndimage.distance_transform_edt(part) for part in (~inside, inside))
    assert isinstance(outer, np.ndarray)
    assert isinstance(inner, np.ndarray)
    distance = ndimage.gaussian_filter((outer - inner).astype(np.float32), 1.0)
    return torch.minimum(torch.from_numpy(distance).flatten() * grid.voxel_size, body)


def _bare_body(body: CanonicalBody, view: PoseViews) -> Float[Tensor, "vertices 3"]:
    """The rig's own surface in the moment's pose, without expressions; world metres."""
    affine = blend_transforms(body.rig.skinning_weights, view.world_from_rest)
    return apply_affine(affine, body.rig.vertices)


def _drawn(
    frame: Frame, vertices: Float[Tensor, "vertices 3"], body: CanonicalBody
) -> Float[Tensor, "height width"]:
    """The silhouette that the bare body would have."""
    mesh = rasterize_mesh(vertices, body.rig.faces, frame.camera, sides="front")
    return mesh.covered.to(frame.matte)


def _grown(
    frame: Frame, vertices: Float[Tensor, "vertices 3"], tolerance: float
) -> Float[Tensor, "height width"]:
    """The matte, grown by the tolerance (metres) at the person's distance."""
    camera = frame.camera
    depth = transform_points(camera.camera_from_world, vertices)[:, 2].median()
    radius = int(tolerance * float(camera.intrinsics[0, 0] / depth.clamp(min=0.1)) + 0.5)
    return torch.from_numpy(ndimage.maximum_filter(frame.matte.numpy(), 2 * radius + 1))


def _pixel_of(
    camera: Camera, points: Float[Tensor, "points 3"]
) -> tuple[Tensor, Bool[Tensor, "points"]]:
    """Flat index of the pixel that sees each point, and whether it lies in the picture at all."""
    in_front = transform_points(camera.camera_from_world, points)[:, 2] > 0
    column, row = torch.nan_to_num(camera.project(points)).floor().unbind(-1)
    is_seen = (
        in_front & (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
    )
    column, row = column.clamp(0, camera.width - 1), row.clamp(0, camera.height - 1)
    return (row * camera.width + column).long(), is_seen
