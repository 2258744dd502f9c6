"""The mesh that is drawn: the rig with its own expressions, and the hair that rides on it."""

from dataclasses import dataclass
from enum import IntEnum

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.synthetic.hair import grow_hair, scalp_depth
from incarnate.capture.synthetic.person import Person
from incarnate.geometry.meshes import vertex_normals
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import apply_affine, blend_transforms, pose_rig, rest_vertices


class Surface(IntEnum):
    """What a triangle is made of."""

    SKIN = 0
    EYE = 1
    TEETH = 2
    MOUTH = 3
    HAIR = 4


_LIFT, _TEETH_LIFT, _HAIR_LIFT = 4e-3, 9e-3, 12e-3
"""How far off the surface light is looked up, metres. Teeth are lit through the lips, and light
goes from strand to strand, which shadow maps don't know: they are lit as if they stood farther
out."""


@dataclass(frozen=True)
class Figure:
    """All that is drawn of a person, at rest."""

    person: Person
    faces: Int[Tensor, "faces 3"]
    """Triangles of the rig, then those of the hair."""
    surfaces: Int[Tensor, "faces"]
    """The `Surface` of each triangle."""
    places: Float[Tensor, "vertices 3"]
    """Where each vertex lies on the generic head at rest: the coordinates of paint."""
    lips: Float[Tensor, "vertices"]
    """One on the lips, zero elsewhere."""
    tint: Float[Tensor, "vertices"]
    """Lightness of the hair, 0 to 1."""
    scalp: Float[Tensor, "vertices"]
    """How far inside the hairline each vertex lies, metres; negative outside."""
    receivers: Int[Tensor, "receivers"]
    """The vertices at which light is gathered."""
    lit_as: Int[Tensor, "vertices"]
    """Which of `receivers` each vertex is lit as."""
    lifts: Float[Tensor, "receivers"]
    """How far off the surface light is looked up, metres."""
    hair_rest: Float[Tensor, "hair_vertices 3"]
    hair_normals: Float[Tensor, "hair_vertices 3"]
    carriers: Int[Tensor, "hair_vertices"]
    """The vertex of the rig that moves each vertex of the hair."""


@dataclass(frozen=True)
class PosedFigure:
    """A figure in a pose."""

    vertices: Float[Tensor, "vertices 3"]
    """World positions, metres."""
    normals: Float[Tensor, "vertices 3"]
    """World shading normals, unit."""
    turns: Float[Tensor, "vertices 3 3"]
    """What skinning does to small vectors at each vertex: rest axes to world axes."""
    world_from_rest: Float[Tensor, "joints 4 4"]


def make_figure(person: Person, locks: int, seed: int) -> Figure:
    """Dress a person with hair."""
    generic = person.generic
    hair = grow_hair(person.rig, generic, locks=locks, seed=seed)
    num_rig = len(generic.vertices)
    surfaces = _rig_surfaces(generic)
    places = torch.cat([generic.vertices, hair.vertices])
    lit_by = torch.cat([torch.arange(num_rig), hair.lit_as + num_rig])
    receivers, lit_as = torch.unique(lit_by, return_inverse=True)
    return Figure(
        person=person,
        faces=torch.cat([generic.faces, hair.faces + num_rig]),
        surfaces=torch.cat([surfaces, torch.full((len(hair.faces),), int(Surface.HAIR))]),
        places=places,
        lips=_padded((generic.parts == generic.part_names.index("lips")).float(), len(hair.tint)),
        tint=torch.cat([torch.zeros(num_rig), hair.tint]),
        scalp=scalp_depth(places),
        receivers=receivers,
        lit_as=lit_as,
        lifts=torch.cat([_lifts(generic), torch.full_like(hair.tint, _HAIR_LIFT)])[receivers],
        hair_rest=hair.vertices,
        hair_normals=hair.normals,
        carriers=hair.carriers,
    )


def pose_figure(figure: Figure, pose: Pose) -> PosedFigure:
    """Pose a figure by its own expression bases.

    Args:
        figure: The figure.
        pose: One pose, not batched.
    """
    rig = figure.person.personal
    posed = pose_rig(rig, pose)
    affine = blend_transforms(rig.skinning_weights, posed.world_from_rest)
    moved = rest_vertices(rig, pose) - rig.vertices
    carried = affine[figure.carriers]
    hair = apply_affine(carried, figure.hair_rest + moved[figure.carriers])
    turns = affine[:, :, :3]
    hair_normals = (turns[figure.carriers] @ figure.hair_normals[..., None])[..., 0]
    skin_normals = vertex_normals(posed.vertices, rig.faces)
    return PosedFigure(
        torch.cat([posed.vertices, hair]),
        torch.cat([skin_normals, torch.nn.functional.normalize(hair_normals, dim=-1)]),
        torch.cat([turns, turns[figure.carriers]]),
        posed.world_from_rest,
    )


def _rig_surfaces(rig: Rig) -> Int[Tensor, "faces"]:
    """The surface of each triangle of the rig, by the part of its first corner that is not skin."""
    of_part = {
        "left_eye": Surface.EYE, "right_eye": Surface.EYE, "teeth": Surface.TEETH,
        "mouth": Surface.MOUTH, "tongue": Surface.MOUTH,
    }  # fmt: skip
    table = torch.tensor([int(of_part.get(name, Surface.SKIN)) for name in rig.part_names])
    of_vertex = table[rig.parts][rig.faces]
    return torch.where((of_vertex == of_vertex[:, :1]).all(1), of_vertex[:, 0], int(Surface.SKIN))


def _lifts(rig: Rig) -> Float[Tensor, "vertices"]:
    is_tooth = rig.parts == rig.part_names.index("teeth")
    return torch.where(is_tooth, _TEETH_LIFT, _LIFT)


def _padded(values: Float[Tensor, "vertices"], count: int) -> Float[Tensor, "more_vertices"]:
    return torch.cat([values, values.new_zeros(count)])
