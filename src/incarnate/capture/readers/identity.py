"""The rig of one person, from the shape, the offset or the canonical mesh that a set gives."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.readers.head_set import FlameCodes
from incarnate.errors import CaptureError
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import blend_transforms, pose_rig

FLAME_VERTICES = 5023
"""FLAME's own vertices come first; behind them stand teeth, which every tool adds differently."""

# The metrical tracker behind INSTA opens the jaw of canonical.obj by 12°; other writers leave it.
_CANONICAL_JAW_DEGREES = (0.0, 12.0)
# Farther from every shape than this (root mean square), the mesh is of another FLAME or scale.
_MAX_CANONICAL_ERROR = 5e-3


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
    rig: Rig, canonical: Float[Tensor, "flame_vertices 3"]
) -> tuple[Float[Tensor, "shapes"], Float[Tensor, "vertices 3"], tuple[str, ...]]:
    """The shape and the offset that reproduce a mesh of the person without expression.

    With the pose given, posed vertices are linear in the shape, so that this is one least squares
    problem for each opening of the jaw that writers of such meshes use.

    Returns:
        Shape, per-vertex offset at rest of what no shape explains, and a note of its size.

    Raises:
        CaptureError: No shape comes near.
    """
    _padded(canonical, rig, "canonical.obj")
    fits = [_fit_at(rig, _jaw_opened(rig, degrees), canonical)
            for degrees in _CANONICAL_JAW_DEGREES]  # fmt: skip
    shape, offset, error = min(fits, key=lambda fit: fit[2])
    if not error < _MAX_CANONICAL_ERROR:
        raise CaptureError(
            f"canonical.obj lies {1e3 * error:.1f} mm from every shape of the rig {rig.name!r}; "
            "is it of another FLAME (2020, 2023), or not in metres?"
        )
    note = (
        f"the rig's shapes come within {1e3 * error:.2f} mm of canonical.obj; an offset keeps the "
        "rest"
    )
    return shape, offset, (note,)


def _fit_at(
    rig: Rig, pose: Pose, canonical: Float[Tensor, "flame_vertices 3"]
) -> tuple[Float[Tensor, "shapes"], Float[Tensor, "vertices 3"], float]:
    count, units = len(canonical), torch.eye(len(rig.shape_names))
    mean = pose_rig(rig, pose).vertices[:count]
    shape = rig.vertices.new_zeros(len(units))
    if len(units):
        posed = [pose_rig(rig.with_identity(unit), pose).vertices[:count] - mean for unit in units]
        columns = torch.stack(posed).flatten(1).double().T
        target = (canonical - mean).flatten()[:, None].double()
        # Shapes that do nothing must not make the problem unsolvable.
        solved = torch.linalg.lstsq(columns, target, driver="gelsd").solution[:, 0]
        shape = solved.to(rig.vertices)
    personal = rig.with_identity(shape)
    posed = pose_rig(personal, pose)
    missed = canonical - posed.vertices[:count]
    turn = blend_transforms(rig.skinning_weights[:count], posed.world_from_rest)[..., :3]
    offset = torch.linalg.solve(turn, missed[..., None])[..., 0]
    error = missed.square().sum(-1).mean().sqrt().item()
    return shape, _padded(offset, rig, "canonical.obj"), error


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
