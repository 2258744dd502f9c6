"""The rig of one person, from the shape, the offset or the canonical mesh that a set gives."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.readers.head_set import FlameCodes
from incarnate.errors import CaptureError
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import blend_transforms, pose_rig

FLAME_VERTICES = 5023
"""FLAME's own vertices come first; behind them stand teeth, which every tool adds differently."""

# The metrical tracker behind INSTA opens the jaw of canonical.obj by 12°; other writers leave it.
_CANONICAL_JAW_DEGREES = (12.0, 0.0)
# Metres by which a vertex may miss while matches are still loose, then ever tighter.
_MATCHING_TRUST = (2e-2, 1e-2, 3e-3, 1e-3, 1e-4)
_MATCHING_ROUNDS = 8
_LEAST_TRUST = 1e-7
# Farther from every shape than this (root mean square), the mesh is of another FLAME or scale.
_MAX_CANONICAL_ERROR = 5e-3
# Matched by distance, wrong matches come near too; right ones are exact but for written digits.
_MAX_MATCHED_ERROR = 3e-4
_EXACT_ERROR = 1e-5


@dataclass(frozen=True)
class Identity:
    """A person's rig, and what was folded into it."""

    rig: Rig
    shape: Float[Tensor, "shapes"]
    offset: Float[Tensor, "vertices 3"] | None
    notes: tuple[str, ...]


def identity_of(rig: Rig, codes: FlameCodes) -> Identity:
    """Fold a set's person into the generic rig.

    Args:
        rig: FLAME with its shape space; it may have more vertices than FLAME has.
        codes: Of the set.

    Raises:
        CaptureError: The set's mesh or offset does not fit this FLAME.
    """
    notes: tuple[str, ...] = ()
    shape, offset = rig.vertices.new_zeros(len(rig.shape_names)), None
    if codes.shape is not None:
        shape, notes = _sized(codes.shape.to(rig.vertices), shape)
    elif codes.canonical is not None:
        shape, offset, notes = fit_canonical(rig, codes.canonical.to(rig.vertices))
    else:
        notes = ("the set says nothing of the person's shape: the rig's mean head is taken",)
    if codes.offset is not None:
        offset = _padded(codes.offset.to(rig.vertices), rig, "static_offset")
    return Identity(rig.with_identity(shape, offset), shape, offset, notes)


def fit_canonical(
    rig: Rig, canonical: Float[Tensor, "mesh_vertices 3"]
) -> tuple[Float[Tensor, "shapes"], Float[Tensor, "vertices 3"], tuple[str, ...]]:
    """The shape and the offset that reproduce a mesh of the person without expression.

    With the pose given, posed vertices are linear in the shape, so that this is one least squares
    problem for each opening of the jaw that writers of such meshes use. INSTA's own meshes lack
    some of FLAME's vertices and have the others in another order: those are matched first.

    Returns:
        Shape, per-vertex offset at rest of what no shape explains, and a note of its size.

    Raises:
        CaptureError: No shape comes near.
    """
    is_cut = len(canonical) != min(len(rig.vertices), FLAME_VERTICES)
    limit = _MAX_MATCHED_ERROR if is_cut else _MAX_CANONICAL_ERROR
    fits = []
    for degrees in _CANONICAL_JAW_DEGREES:
        fits.append(_fit_at(rig, _jaw_opened(rig, degrees), canonical))
        if fits[-1][2] < _EXACT_ERROR:
            break
    shape, offset, error = min(fits, key=lambda fit: fit[2])
    if not error < limit:
        raise CaptureError(
            f"canonical.obj lies {1e3 * error:.1f} mm from every shape of the rig {rig.name!r}; "
            "is it of another FLAME (2020, 2023), or not in metres? Shape coefficients in "
            "flame/shape would do instead."
        )
    matched = f", whose {len(canonical)} vertices were matched by distance" if is_cut else ""
    note = (
        f"the rig's shapes come within {1e3 * error:.2f} mm of canonical.obj{matched}; an offset "
        "keeps the rest"
    )
    return shape, offset, (note,)


def _fit_at(
    rig: Rig, pose: Pose, canonical: Float[Tensor, "mesh_vertices 3"]
) -> tuple[Float[Tensor, "shapes"], Float[Tensor, "vertices 3"], float]:
    model = _posed_shapes(rig, pose)
    count = min(len(rig.vertices), FLAME_VERTICES)
    if len(canonical) == count:
        which, pairs = torch.arange(count), torch.arange(count)
    else:
        which, pairs = _match(model, canonical.double(), count)
    shape = _solve(model, which, canonical.double()[pairs], trust=0.0).to(rig.vertices)
    personal = rig.with_identity(shape)
    posed = pose_rig(personal, pose)
    missed = canonical[pairs] - posed.vertices[which]
    turn = blend_transforms(rig.skinning_weights[which], posed.world_from_rest)[..., :3]
    offset = torch.zeros_like(rig.vertices)
    offset[which] = torch.linalg.solve(turn, missed[..., None])[..., 0]
    return shape, offset, missed.square().sum(-1).mean().sqrt().item()


@dataclass(frozen=True)
class _PosedShapes:
    """Vertices in one pose, linear in the shape."""

    mean: Float[Tensor, "vertices 3"]
    basis: Float[Tensor, "shapes vertices 3"]

    def vertices(self, shape: Float[Tensor, "shapes"]) -> Float[Tensor, "vertices 3"]:
        return self.mean + torch.einsum("s,svc->vc", shape, self.basis)


def _posed_shapes(rig: Rig, pose: Pose) -> _PosedShapes:
    mean = pose_rig(rig.with_identity(), pose).vertices
    units = torch.eye(len(rig.shape_names)).to(rig.vertices)
    posed = [pose_rig(rig.with_identity(unit), pose).vertices - mean for unit in units]
    basis = torch.stack(posed) if posed else mean.new_zeros(0, *mean.shape)
    return _PosedShapes(mean.double(), basis.double())


def _solve(
    model: _PosedShapes,
    which: Int[Tensor, "pairs"],
    target: Float[Tensor, "pairs 3"],
    *,
    trust: float,
) -> Float[Tensor, "shapes"]:
    """The shape that takes some vertices to their targets; ``trust`` in metres weighs the prior."""
    columns = model.basis[:, which].flatten(1)
    missed = (target - model.mean[which]).flatten()
    # Coefficients are normally distributed with unit variance by how FLAME was made. The floor
    # keeps shapes that do nothing from making the problem unsolvable.
    prior = max(trust, _LEAST_TRUST) ** 2 * torch.eye(len(columns)).double()
    return torch.linalg.solve(columns @ columns.T + prior, columns @ missed)


def _match(
    model: _PosedShapes, canonical: Float[Tensor, "mesh_vertices 3"], count: int
) -> tuple[Int[Tensor, "pairs"], Int[Tensor, "pairs"]]:
    """Which vertex of FLAME each vertex of a mesh is: nearest ones and the shape, in turns.

    Returns:
        Indices into FLAME's vertices and into the mesh's, of mutually nearest pairs.
    """
    shape = canonical.new_zeros(len(model.basis))
    which = pairs = torch.arange(0)
    for trust in _MATCHING_TRUST:
        for _ in range(_MATCHING_ROUNDS):
            before = which, pairs
            which, pairs = _mutually_nearest(model.vertices(shape)[:count], canonical)
            shape = _solve(model, which, canonical[pairs], trust=trust)
            if torch.equal(before[0], which) and torch.equal(before[1], pairs):
                break
    return which, pairs


def _mutually_nearest(
    vertices: Float[Tensor, "flame_vertices 3"], canonical: Float[Tensor, "mesh_vertices 3"]
) -> tuple[Int[Tensor, "pairs"], Int[Tensor, "pairs"]]:
    distance = torch.cdist(canonical.float(), vertices.float())
    nearest = distance.argmin(1)
    mutual = distance.argmin(0)[nearest] == torch.arange(len(canonical))
    pairs = mutual.nonzero()[:, 0]
    return nearest[pairs], pairs


def _jaw_opened(rig: Rig, degrees: float) -> Pose:
    pose = rest_pose(rig)
    rotations = pose.joint_rotations.clone()
    rotations[rig.joint_index("jaw") - 1, 0] = math.radians(degrees)
    return replace(pose, joint_rotations=rotations)


def _sized(
    given: Float[Tensor, "given"], like: Float[Tensor, "shapes"]
) -> tuple[Float[Tensor, "shapes"], tuple[str, ...]]:
    """Coefficients cut or filled up to the number that the rig has."""
    count = min(len(given), len(like))
    sized = torch.cat([given[:count], like[count:]])
    if bool((given[count:] != 0).any()):
        note = f"the set has {len(given)} shape coefficients, the rig {count}: the rest is left out"
        return sized, (note,)
    return sized, ()


def _padded(values: Float[Tensor, "given 3"], rig: Rig, what: str) -> Float[Tensor, "vertices 3"]:
    """Values of FLAME's vertices, with zeros for those that the rig has beside them."""
    values = values[:FLAME_VERTICES]
    missing = len(rig.vertices) - len(values)
    if missing < 0 or (missing > 0 and len(values) < min(FLAME_VERTICES, len(rig.vertices))):
        raise CaptureError(
            f"{what} has {len(values)} vertices, but the rig {rig.name!r} has "
            f"{len(rig.vertices)}; give the FLAME that the set was made with."
        )
    return torch.cat([values, values.new_zeros(missing, 3)])
