"""Who is seen: an identity in the rig's space, and a face that moves in its own way."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.synthetic.noise import make_noise
from incarnate.rigs.rig import Rig

_SHAPE_SPREAD = 0.22
"""Standard deviation of shape coefficients: enough to tell people apart, no caricature."""
_OFFSET = 1.2e-3
_PERSONAL = 0.25
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
    rigid = [generic.part_names.index(n) for n in ("left_eye", "right_eye", "teeth", "tongue")]
    offset[torch.isin(generic.parts, torch.tensor(rigid))] = 0
    # The lips of the rig just hide its upper teeth; of a speaking person one sees them.
    teeth = generic.parts == generic.part_names.index("teeth")
    upper = teeth & (generic.skinning_weights[:, generic.joint_index("jaw")] < 0.5)
    offset[upper, 1] -= _LOWER_TEETH
    return offset


def _with_personal_expressions(rig: Rig, generic: Rig, seed: int) -> Rig:
    """Change each basis smoothly by about a quarter of its own size, differently left and right.

    No combination of the generic bases can follow such a face, as none can follow a real one.
    """
    points = generic.vertices
    noises = [make_noise(seed + 211 + k) for k in range(4)]
    generator = torch.Generator().manual_seed(seed + 307)
    shifts = 3.0 * torch.rand(rig.num_expressions, 3, generator=generator)
    bases = []
    for basis, shift in zip(rig.expression_basis, shifts, strict=True):
        gain = noises[0](points + shift, 0.03)
        turn = torch.stack([noise(points + shift, 0.03) for noise in noises[1:]], -1)
        size = basis.norm(dim=-1, keepdim=True)
        # The noise has a standard deviation of a third.
        bases.append(basis + 3 * _PERSONAL * (gain[:, None] * basis + 0.5 * turn * size))
    personal = torch.stack(bases)
    rigid = [generic.part_names.index(n) for n in ("left_eye", "right_eye", "teeth", "tongue")]
    kept = torch.isin(generic.parts, torch.tensor(rigid))
    # Lids must still close over the eyes: blinks vary by a third of what the rest does.
    blinks = [i for i, name in enumerate(rig.expression_names) if name.startswith("eyeBlink")]
    personal[blinks] = torch.lerp(rig.expression_basis[blinks], personal[blinks], 0.3)
    personal[:, kept] = rig.expression_basis[:, kept]
    return replace(rig, expression_basis=personal)
