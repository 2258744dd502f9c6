"""Posing points of canonical space, and finding the canonical point that a pose takes to a place.

A canonical point x has a place in the rig's rest pose, r = (Σⱼ wⱼ(x) Cⱼ)⁻¹ x, where C takes rest
space to the canonical pose; from there it is skinned like a vertex: LBS(x) = Σⱼ wⱼ(x) Aⱼ r. Going
by the rest pose, the body's own surface comes to lie exactly where the rig puts it.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from scipy.spatial import KDTree
from torch import Tensor

from incarnate.rigs.skinning import apply_affine
from incarnate.rigs.weight_volume import WeightVolume

CONVERGED = 1e-4
"""A root counts as found if its posed point is this near to the wanted one, metres."""

# Well below `CONVERGED`, so that rounding at metres from the origin does not undo it.
_STOP = 2e-5
_MAX_ITERATIONS = 20
_MAX_STEP = 0.05
# In units of squared stretch, which is about one; a point that cannot improve gives up.
_FIRST_DAMPING, _MOST_DAMPING = 1e-3, 1e4
_RANK_STEP = 12
_CHUNK = 1 << 15


@dataclass(frozen=True)
class PosedVolume:
    """The canonical volume in one pose."""

    volume: WeightVolume
    maps: Float[Tensor, "voxels 24"]
    """Two affine maps of each voxel, rows of 3×4 matrices one after the other: from rest space to
    the canonical pose, and from rest space to the world."""

    def pose(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """Skin canonical points (metres) into the pose; world metres, differentiable."""
        index, shares, _ = self.volume.grid.corners(points)
        blended = (shares[..., None] * self.maps[index]).sum(1)
        canonical, world = blended.unflatten(-1, (2, 3, 4)).unbind(1)
        return apply_affine(world, _unapply(canonical, points))

    def pose_with_jacobian(
        self, points: Float[Tensor, "points 3"]
    ) -> tuple[Float[Tensor, "points 3"], Float[Tensor, "points 3 3"]]:
        """Posed points, and their derivative by the canonical ones (row: world axis)."""
        index, shares, slopes = self.volume.grid.corners(points)
        both = torch.cat([shares[:, None], slopes.transpose(1, 2)], 1) @ self.maps[index]
        canonical, world = both.unflatten(-1, (2, 3, 4)).unbind(2)
        inverse = inverse_3x3(canonical[:, 0, :, :3])
        rest = (inverse @ (points - canonical[:, 0, :, 3])[..., None])[..., 0]
        homogeneous = torch.cat([rest, torch.ones_like(rest[:, :1])], -1)[:, None, :, None]
        # The value, then its change as the weights change along each axis.
        by_canonical, by_world = ((m @ homogeneous)[..., 0] for m in (canonical, world))
        linear = world[:, 0, :, :3] @ inverse
        identity = torch.eye(3, dtype=points.dtype, device=points.device)
        jacobian = linear @ (identity - by_canonical[:, 1:].mT) + by_world[:, 1:].mT
        return by_world[:, 0], jacobian


def posed_volume(
    volume: WeightVolume,
    canonical_from_rest: Float[Tensor, "joints 4 4"],
    world_from_rest: Float[Tensor, "joints 4 4"],
) -> PosedVolume:
    """Blend the joints' skinning matrices of the canonical and of another pose at each voxel."""
    joints = torch.cat([m[:, :3].flatten(1) for m in (canonical_from_rest, world_from_rest)], 1)
    return PosedVolume(volume, volume.weights @ joints)


@dataclass(frozen=True)
class Roots:
    """Canonical points found for points of a posed space."""

    points: Float[Tensor, "points 3"]
    """Canonical positions, metres; the best that was met where none converged."""
    residual: Float[Tensor, "points"]
    """How far from the wanted point a root is posed, metres."""

    @property
    def converged(self) -> Bool[Tensor, "points"]:
        """Which residuals are below `CONVERGED`."""
        return self.residual < CONVERGED


def find_roots(
    posed: PosedVolume,
    points: Float[Tensor, "points 3"],
    starts: Float[Tensor, "points starts 3"],
) -> Roots:
    """Canonical points that a pose takes to given points: damped Gauss–Newton.

    Args:
        posed: The volume in the pose.
        points: Wanted posed positions, world metres.
        starts: Where to begin, the most promising first; the next one is tried only where the
            ones before did not converge.

    Returns:
        The roots; see `Roots.converged`. Wanted positions that are not finite stay unfound.
    """
    found = starts[:, 0].clone()
    residual = torch.full_like(points[:, 0], torch.inf)
    is_usable = points.isfinite().all(-1)
    for attempt in range(starts.shape[1]):
        left = torch.nonzero(is_usable & ~(residual < CONVERGED))[:, 0]
        for some in left.split(_CHUNK):
            root, apart = _descend(posed, points[some], starts[some, attempt])
            better = apart < residual[some]
            found[some[better]], residual[some[better]] = root[better], apart[better]
    return Roots(found, residual)


def surface_starts(
    points: Float[Tensor, "points 3"],
    posed: Float[Tensor, "vertices 3"],
    canonical: Float[Tensor, "vertices 3"],
    world_from_canonical: Float[Tensor, "vertices 3 3"],
    *,
    count: int = 3,
) -> Float[Tensor, "points count 3"]:
    """Canonical starts from the closest posed vertices, each of which carries the point back.

    Args:
        points: Posed positions, world metres.
        posed: Vertices of the posed surface.
        canonical: The same vertices in the canonical pose.
        world_from_canonical: How the pose turns and stretches space at each vertex.
        count: How many starts: of the closest vertex, then of ever farther ones.

    Returns:
        Starts in canonical space, metres.
    """
    # Neighbours in a row are too alike to help; farther ones lie on other sides of a joint.
    ranks = [min(1 + _RANK_STEP * k * (k + 1), len(posed)) for k in range(count)]
    safe = torch.nan_to_num(points, 0.0, 0.0, 0.0)
    # SciPy's stub leaves out that a list asks for just these neighbours.
    _, nearest = KDTree(posed.numpy()).query(safe.numpy(), k=ranks)  # pyright: ignore[reportArgumentType]
    nearest = torch.from_numpy(nearest)
    back = inverse_3x3(world_from_canonical)[nearest]
    offset = (safe[:, None] - posed[nearest])[..., None]
    return canonical[nearest] + (back @ offset)[..., 0]


def _descend(
    posed: PosedVolume, points: Float[Tensor, "points 3"], starts: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, "points 3"], Float[Tensor, "points"]]:
    """Levenberg's steps from one start each; the best point met and its distance."""
    root = starts.clone()
    value, jacobian = posed.pose_with_jacobian(root)
    apart = (points - value).norm(dim=-1)
    damping = torch.full_like(apart, _FIRST_DAMPING)
    identity = torch.eye(3, dtype=points.dtype, device=points.device)
    for _ in range(_MAX_ITERATIONS):
        left = torch.nonzero((apart >= _STOP) & (damping < _MOST_DAMPING))[:, 0]
        if not len(left):
            break
        slope = jacobian[left]
        wanted = (points[left] - value[left])[..., None]
        normal = slope.mT @ slope + damping[left, None, None] * identity
        step = (inverse_3x3(normal) @ slope.mT @ wanted)[..., 0]
        length = step.norm(dim=-1, keepdim=True)
        moved = root[left] + step * (_MAX_STEP / length.clamp(min=_MAX_STEP))
        new_value, new_jacobian = posed.pose_with_jacobian(moved)
        new_apart = (points[left] - new_value).norm(dim=-1)
        better = new_apart < apart[left]
        damping[left] *= torch.where(better, 0.25, 8.0)
        kept = left[better]
        root[kept], value[kept], apart[kept] = moved[better], new_value[better], new_apart[better]
        jacobian[kept] = new_jacobian[better]
    return root, apart


def _unapply(
    affine: Float[Tensor, "points 3 4"], points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """Undo one affine map a point."""
    return (inverse_3x3(affine[..., :3]) @ (points - affine[..., 3])[..., None])[..., 0]


def inverse_3x3(matrices: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Inverses by the adjugate: for many small matrices far faster than a factorisation."""
    a, b, c = matrices.unbind(-2)
    cofactors = torch.stack(
        [torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)], -1
    )
    return cofactors / (a * cofactors[..., 0]).sum(-1)[..., None, None]
