"""Pieces of a template that no matte needs: clothes of one part of the body stuck to another.

Where a hand always hangs beside a skirt, a piece of that skirt lies inside all mattes just as well
if it is carried by the forearm; the visual hull can't tell. Once the whole template is known it
shows: such a piece is hidden before or behind the rest in nearly all pictures, and where it is not,
the mattes contradict it as often as they need it.
"""

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Bool, Float, Int
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from torch import Tensor

from incarnate.geometry.grids import Grid
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.canonical_body import CanonicalBody
from incarnate.train.visual_hull import PoseViews

Progress = Callable[[int, int, str], None]

_STANDS_OFF = 0.03
"""A piece is what is farther than this from the body, metres."""
_FARTHEST = 0.06
"""It reaches farther than this; what does not is a fold, metres."""
_LEFT = 0.01
"""How thick what is left in the place of a phantom may stand on the body, metres."""
_ROOT = 0.04
"""How far from a phantom its root on the body reaches, metres."""
# Smaller pieces are ripples of cloth; and only the largest are looked at.
_FEWEST_VERTICES, _MOST_PIECES = 12, 12


def without_phantoms(
    body: CanonicalBody,
    grid: Grid,
    fields: tuple[Float[Tensor, "voxels"], Float[Tensor, "voxels"]],
    mesh: tuple[Float[Tensor, "vertices 3"], Int[Tensor, "faces 3"]],
    views: Sequence[PoseViews],
    *,
    progress: Progress | None = None,
) -> Float[Tensor, "voxels"]:
    """The signed distance of a template without its phantoms (metres); itself if there are none.

    Args:
        body: How points follow the skeleton.
        grid: Where the voxels lie.
        fields: Signed distance at their centres of the template, and of the body alone.
        mesh: The template's surface.
        views: Moments, each with its cameras' frames.
        progress: Called with poses done, poses in all, and what is going on.
    """
    (distance, skin), (vertices, faces) = fields, mesh
    far = grid.look_up(skin[:, None], vertices)[:, 0]
    pieces = find_pieces(faces, far)
    needed, denied = needed_pixels(body, mesh, pieces, views, progress=progress)
    phantom = torch.isin(pieces, torch.nonzero(needed <= denied)[:, 0])
    if not bool(phantom.any()):
        return distance
    tree = KDTree(vertices[phantom].numpy())
    is_root = torch.from_numpy(tree.query(vertices.numpy())[0] <= _ROOT)
    thick = torch.nonzero((distance < 2 * grid.voxel_size) & (skin > _LEFT))[:, 0]
    nearest = KDTree(vertices.numpy()).query(grid.centers()[thick].numpy())[1]
    cut = thick[is_root[torch.from_numpy(nearest)]]
    distance = distance.clone()
    distance[cut] = torch.maximum(distance[cut], skin[cut] - _LEFT)
    return distance


def find_pieces(
    faces: Int[Tensor, "faces 3"], far: Float[Tensor, "vertices"]
) -> Int[Tensor, "vertices"]:
    """Number of the connected piece that stands off the body, largest first; −1 is none.

    Args:
        faces: Triangles.
        far: How far each vertex is from the body, metres.
    """
    off = far > _STANDS_OFF
    pairs = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    pairs = pairs[off[pairs].all(1)].numpy()
    links = scipy.sparse.coo_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(far), len(far))
    )
    part = torch.from_numpy(connected_components(links, directed=False)[1]).long()
    counts = torch.bincount(part[off], minlength=int(part.max()) + 1)
    reach = torch.zeros(len(counts)).scatter_reduce(0, part[off], far[off].float(), "amax")
    counts[(counts < _FEWEST_VERTICES) | (reach <= _FARTHEST)] = 0
    pieces = torch.full_like(part, -1)
    order = counts.argsort(descending=True, stable=True)[:_MOST_PIECES]
    for number, found in enumerate(order[counts[order] > 0].tolist()):
        pieces[(part == found) & off] = number
    return pieces


def needed_pixels(
    body: CanonicalBody,
    mesh: tuple[Float[Tensor, "vertices 3"], Int[Tensor, "faces 3"]],
    pieces: Int[Tensor, "vertices"],
    views: Sequence[PoseViews],
    *,
    progress: Progress | None = None,
) -> tuple[Float[Tensor, "pieces"], Float[Tensor, "pieces"]]:
    """Where a piece alone covers a pixel: how many of those are in the mattes, and how many not.

    Args:
        body: How points follow the skeleton.
        mesh: The template's surface.
        pieces: Which piece each vertex belongs to (`find_pieces`).
        views: Moments, each with its cameras' frames.
        progress: Called with poses done, poses in all, and what is going on.
    """
    vertices, faces = mesh
    count = int(pieces.max()) + 1
    of_face = pieces[faces].amax(1)
    parts = [faces[of_face == number] for number in range(-1, count)]
    needed, denied = torch.zeros(2, count)
    for done, view in enumerate(views):
        world = body.posed(view.world_from_rest).pose(vertices)
        for frame in view.frames:
            drawn = [rasterize_mesh(world, part, frame.camera).covered for part in parts]
            covered = torch.stack(drawn)
            alone = covered[1:] & (covered.sum(0) == 1)
            needed += _sums(alone, frame.matte)
            denied += _sums(alone, 1 - frame.matte)
        if progress is not None:
            progress(done + 1, len(views), "template · pieces that no matte needs")
    return needed, denied


def _sums(
    chosen: Bool[Tensor, "pieces height width"], values: Float[Tensor, "height width"]
) -> Float[Tensor, "pieces"]:
    return (chosen * values).sum((1, 2))
