"""Skinning weights of a whole volume, diffused from the body's surface into the space around it.

Clothes and hair stand off the body, so weights are needed where the rig has no vertices. Taken from
the nearest surface point they jump where the nearest body part changes. Here a layer around the
body keeps the weights of its nearest surface point, so that they do not change along the normal,
except where those of neighbours differ; a harmonic function makes the transition everywhere else.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
import scipy.spatial
import torch
from jaxtyping import Bool, Float, Int
from scipy.sparse.linalg import cg
from torch import Tensor

from incarnate.geometry.closest_points import closest_surface_points
from incarnate.geometry.grids import Grid, grid_around

NUM_STRONGEST = 8
"""How many joints a point follows at most."""

# Voxel centres within this many voxels of the surface always hold its weights. More would leave no
# room for a transition in creases: neighbouring pixels of a map then jump half as far again.
_SURFACE_REACH = 0.5
# Farther out a voxel holds them if its neighbours' nearest weights differ by less (sum over
# joints): in creases they differ by up to two.
_LARGEST_STEP = 0.3
# The largest error of a weight that the solver leaves is a few times this.
_TOLERANCE = 1e-3
_COARSEST = 4096


@dataclass(frozen=True)
class WeightVolume:
    """Skinning weights in canonical space, looked up trilinearly."""

    grid: Grid
    """Where the voxels lie."""
    weights: Float[Tensor, "voxels joints"]
    """Weights at the voxels' centres; non-negative, they sum to one."""

    def sample(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points joints"]:
        """Weights at canonical points (metres); beyond the grid, those of its border.

        Differentiable by the points; `strongest_weights` thins the result out.
        """
        return self.grid.look_up(self.weights, points)


def strongest_weights(
    weights: Float[Tensor, "points joints"], count: int = NUM_STRONGEST
) -> Float[Tensor, "points joints"]:
    """Weights of the ``count`` strongest joints at most, normalised; the others are zero.

    The strongest weight that is left out is subtracted from all before, so that nothing jumps where
    two joints change places.
    """
    if count < weights.shape[-1]:
        weights = (weights - weights.topk(count + 1, dim=-1).values[..., -1:]).clamp(min=0)
    return weights / weights.sum(-1, keepdim=True)


def diffuse_weights(
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    weights: Float[Tensor, "vertices joints"],
    *,
    num_voxels: int = 64**3,
    margin: float = 0.25,
    layer: float = 0.05,
) -> WeightVolume:
    """Diffuse a surface's weights into the box around it.

    Args:
        vertices: The body in the canonical pose, metres.
        faces: Its triangles.
        weights: Its skinning weights.
        num_voxels: About how many cubic voxels fill the box.
        margin: How far the box reaches beyond the body, metres.
        layer: How far from the surface weights stay constant along its normal, metres. With a
            thin one, limbs that come near each other fold the space between them: then points
            there have no root (`incarnate.rigs.inverse_skinning`).

    Returns:
        The volume; each voxel keeps its strongest joints.
    """
    box = vertices.amax(0) - vertices.amin(0) + 2 * margin
    voxel_size = float(box.prod() / num_voxels) ** (1 / 3)
    grid = grid_around(vertices, margin=margin, voxel_size=voxel_size)
    used = weights.amax(0) > 0
    reach = max(layer, _SURFACE_REACH * voxel_size)
    values, distance = _nearest_weights(grid.centers(), (vertices, faces, weights[:, used]), reach)
    step = _largest_step(values.unflatten(0, grid.shape)).flatten()
    fixed = (distance <= _SURFACE_REACH * voxel_size) | (
        (distance <= layer) & (step < _LARGEST_STEP)
    )
    solution = _harmonic(values.double().numpy(), fixed.numpy(), grid.shape)
    diffused = weights.new_zeros(grid.num_voxels, weights.shape[1])
    diffused[:, used] = strongest_weights(torch.from_numpy(solution).to(weights.dtype).clamp(0, 1))
    return WeightVolume(grid, diffused)


def _nearest_weights(
    centers: Float[Tensor, "voxels 3"],
    surface: tuple[Tensor, Tensor, Tensor],
    reach: float,
) -> tuple[Float[Tensor, "voxels joints"], Float[Tensor, "voxels"]]:
    """Weights of the closest surface point, and its distance; zero and +inf beyond the reach."""
    vertices, faces, weights = surface
    corners = vertices[faces]
    longest = float((corners - corners.mean(1, keepdim=True)).norm(dim=-1).max())
    # Few voxels are near the surface: vertices tell which, so that only those search all faces.
    tree = scipy.spatial.KDTree(vertices.numpy())
    far, _ = tree.query(centers.numpy(), distance_upper_bound=reach + 2 * longest)
    near = torch.nonzero(torch.from_numpy(np.isfinite(far)))[:, 0]
    face, barycentric, apart = closest_surface_points(centers[near], vertices, faces)
    near, face, barycentric, apart = (x[apart <= reach] for x in (near, face, barycentric, apart))
    values = weights.new_zeros(len(centers), weights.shape[1])
    values[near] = (weights[faces[face]] * barycentric[..., None]).sum(1)
    return values, torch.full_like(centers[:, 0], torch.inf).index_put((near,), apart)


def _largest_step(values: Float[Tensor, "x y z joints"]) -> Float[Tensor, "x y z"]:
    """Largest difference (sum over joints) of each voxel to a neighbour that has values too."""
    is_known = values.sum(-1) > 0
    largest = torch.zeros_like(values[..., 0])
    for axis in range(3):
        count = values.shape[axis] - 1
        first, second = values.narrow(axis, 0, count), values.narrow(axis, 1, count)
        both = is_known.narrow(axis, 0, count) & is_known.narrow(axis, 1, count)
        step = (first - second).abs().sum(-1) * both
        for start in (0, 1):
            part = largest.narrow(axis, start, count)
            part.copy_(torch.maximum(part, step))
    return largest


def _harmonic(
    values: Float[np.ndarray, "voxels joints"],
    fixed: Bool[np.ndarray, "voxels"],
    shape: tuple[int, ...],
) -> Float[np.ndarray, "voxels joints"]:
    """Values of the fixed voxels kept, each other voxel the mean of its neighbours.

    The box's sides let nothing through (Neumann). Conjugate gradients start from the solution on
    a grid of half the resolution, which already is right at a distance from the surface.
    """
    start = values.copy()
    if len(fixed) > _COARSEST and fixed.any():
        start[~fixed] = _from_half(values, fixed, shape)[~fixed]
    laplacian = _grid_laplacian(shape)
    free = np.flatnonzero(~fixed)
    matrix = laplacian[free][:, free]
    right = -(laplacian[free][:, np.flatnonzero(fixed)] @ values[fixed])
    precondition = scipy.sparse.diags_array(1 / matrix.diagonal())
    solution = values.copy()
    for joint in range(values.shape[1]):
        solution[free, joint], _ = cg(
            matrix,
            right[:, joint],
            x0=start[free, joint],
            rtol=0,
            # The residual of a voxel is about its error times its six neighbours.
            atol=_TOLERANCE * np.sqrt(len(free)) / 10,
            maxiter=400,
            M=precondition,
        )
    return solution


def _from_half(
    values: Float[np.ndarray, "voxels joints"],
    fixed: Bool[np.ndarray, "voxels"],
    shape: tuple[int, ...],
) -> Float[np.ndarray, "voxels joints"]:
    """The harmonic values of the grid of half the resolution, at this grid's voxels."""
    half = tuple(-(-n // 2) for n in shape)
    parent = np.asarray(np.ravel_multi_index(tuple(np.indices(shape).reshape(3, -1) // 2), half))
    count = np.bincount(parent[fixed], minlength=np.prod(half))
    known = np.flatnonzero(fixed)
    gather = scipy.sparse.csr_array(
        (1 / count[parent[known]], (parent[known], known)), shape=(len(count), len(fixed))
    )
    coarse = _harmonic(gather @ values, count > 0, half)
    return coarse[parent]


def _grid_laplacian(shape: tuple[int, ...]) -> scipy.sparse.csr_array:
    """Number of neighbours on the diagonal, −1 for each neighbour."""
    number = np.arange(np.prod(shape)).reshape(shape)
    pairs = [
        (np.take(number, range(n - 1), axis).ravel(), np.take(number, range(1, n), axis).ravel())
        for axis, n in enumerate(shape)
    ]
    first, second = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    links = scipy.sparse.coo_array((np.ones(len(first)), (first, second)), shape=(number.size,) * 2)
    adjacency = (links + links.T).tocsr()
    return (scipy.sparse.diags_array(adjacency.sum(1)) - adjacency).tocsr()
