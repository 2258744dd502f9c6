"""Who is seen: an identity in the rig's space, and a face that moves in its own way."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from incarnate.capture.synthetic.noise import make_noise
from incarnate.rigs.rig import Rig

_SHAPE_SPREAD = 0.22
"""Standard deviation of shape coefficients: enough to tell people apart, no caricature."""
_OFFSET = 1.2e-3
_PERSONAL, _PERSONAL_FEATURE = (0.20, 0.30), 0.018
"""Size of the change of an expression, relative to it; and how large its features are, metres."""
_LOWER_TEETH = 3e-3


@dataclass(frozen=True)
class Person:
    """One made person."""

    generic: Rig
    """The embedded rig, whose rest positions name the places of the face for painting."""
    rig: Rig
    """The generic rig with the true identity: what a perfect tracker would find."""
    personal: Rig
    """The same rest shape with this person's own expression bases: what the pictures show."""
    shape: Float[Tensor, "shapes"]
    """True shape coefficients."""
    offset: Float[Tensor, "vertices 3"]
    """True per-vertex rest offset, metres."""


def make_person(generic: Rig, seed: int) -> Person:
    """Draw a person from a seed.

    Args:
        generic: The embedded head rig.
        seed: Equal seeds give equal people.
    """
    generator = torch.Generator().manual_seed(seed)
    shape = _SHAPE_SPREAD * torch.randn(len(generic.shape_names), generator=generator)
    shape = shape.clamp(-2 * _SHAPE_SPREAD, 2 * _SHAPE_SPREAD)
    # Macros such as age and weight change everything at once; details may vary more.
    shape[:7] *= 0.5
    offset = _identity_offset(generic, seed)
    rig = generic.with_identity(shape, offset)
    return Person(generic, rig, _with_personal_expressions(rig, generic, seed), shape, offset)


def _identity_offset(generic: Rig, seed: int) -> Float[Tensor, "vertices 3"]:
    """A smooth offset of a millimetre or so, skin only: eyes must stay spheres."""
    points = generic.vertices
    fields = [make_noise(seed + 101 + axis)(points, 0.02) for axis in range(3)]
    offset = _OFFSET * torch.stack(fields, -1)
    offset[_is_rigid(generic)] = 0
    # The lips of the rig just hide its upper teeth; of a speaking person one sees them.
    teeth = generic.parts == generic.part_names.index("teeth")
    upper = teeth & (generic.skinning_weights[:, generic.joint_index("jaw")] < 0.5)
    offset[upper, 1] -= _LOWER_TEETH
    return offset


def _with_personal_expressions(rig: Rig, generic: Rig, seed: int) -> Rig:
    """Change each basis smoothly by 20 to 30 % of its size, differently left and right.

    The change has no part along the basis itself, which a larger coefficient would undo: generic
    bases can follow such a face no better than they can follow a real one.
    """
    points = generic.vertices
    noises = [make_noise(seed + 211 + k) for k in range(4)]
    generator = torch.Generator().manual_seed(seed + 307)
    shifts = 3.0 * torch.rand(rig.num_expressions, 3, generator=generator)
    low, high = _PERSONAL
    sizes = low + (high - low) * torch.rand(rig.num_expressions, generator=generator)
    # Lids must still close over the eyes: blinks vary by a third of what the rest does.
    blinks = [i for i, name in enumerate(rig.expression_names) if name.startswith("eyeBlink")]
    sizes[blinks] *= 0.3
    rigid = _is_rigid(generic)
    bases = []
    for basis, shift, size in zip(rig.expression_basis, shifts, sizes, strict=True):
        gain = noises[0](points + shift, _PERSONAL_FEATURE)
        turn = torch.stack([noise(points + shift, _PERSONAL_FEATURE) for noise in noises[1:]], -1)
        change = gain[:, None] * basis + 0.7 * turn * basis.norm(dim=-1, keepdim=True)
        change[rigid] = 0
        soft = torch.where(rigid[:, None], 0.0, basis)
        change = change - (change * soft).sum() / (soft * soft).sum().clamp(min=1e-12) * soft
        bases.append(basis + size * basis.norm() / change.norm().clamp(min=1e-12) * change)
    return replace(rig, expression_basis=torch.stack(bases))


def _is_rigid(rig: Rig) -> Bool[Tensor, "vertices"]:
    """Eyes, teeth and tongue are the same in all people."""
    names = ("left_eye", "right_eye", "teeth", "tongue")
    return torch.isin(rig.parts, torch.tensor([rig.part_names.index(name) for name in names]))
