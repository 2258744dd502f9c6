"""Paints what samples see: one rule for each kind of surface."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.synthetic.features import (
    cloth_cover,
    paint_cloth,
    paint_eyes,
    paint_hair,
    paint_mouth,
    paint_teeth,
)
from incarnate.capture.synthetic.figure import Figure, PosedFigure, Surface
from incarnate.capture.synthetic.materials import Material, even_material
from incarnate.capture.synthetic.skin import SkinPaint, paint_skin

Dress = Callable[
    [SkinPaint, Float[Tensor, "points 3"], Float[Tensor, "points 1"], Float[Tensor, "points 1"]],
    Material,
]
"""Paints points of the skin and what is worn on it: by place, lips and scalp, as `paint_skin`."""

_WIDTHS = (3, 3, 9, 1, 1, 1)
"""Channels of `vertex_attributes`: place, normal, turn, lips, tint, scalp."""


@dataclass(frozen=True)
class Painted:
    """Painted points of a posed figure."""

    material: Material
    normals: Float[Tensor, "points 3"]
    """Unit, world, bumps included."""


def vertex_attributes(figure: Figure, posed: PosedFigure) -> Float[Tensor, "vertices channels"]:
    """What `paint_points` needs to know of each vertex, to be mixed for the points between."""
    single = torch.stack([figure.lips, figure.tint, figure.scalp], -1)
    return torch.cat([figure.places, posed.normals, posed.turns.flatten(1), single], -1)


def paint_points(
    figure: Figure,
    paint: SkinPaint,
    surfaces: Int[Tensor, "points"],
    attributes: Float[Tensor, "points channels"],
    dress: Dress | None = None,
) -> Painted:
    """Paint points.

    Args:
        figure: Whose.
        paint: Colours and patterns.
        surfaces: The `Surface` of each point.
        attributes: Mixtures of `vertex_attributes`.
        dress: What is worn on the skin; a shirt, if left out.
    """
    places, normals, turns, lips, tint, scalp = attributes.split(_WIDTHS, -1)
    turns = turns.unflatten(-1, (3, 3))
    skin, eye, teeth, mouth, hair = (
        surfaces == int(s)
        for s in (Surface.SKIN, Surface.EYE, Surface.TEETH, Surface.MOUTH, Surface.HAIR)
    )
    eyes, eye_normals = paint_eyes(places[eye], figure.person.generic, paint.palette, paint.fine)
    material = even_material(len(places), paint.palette.skin, 0.5)
    for chosen, painted in (
        (skin, (dress or _in_a_shirt)(paint, places[skin], lips[skin], scalp[skin])),
        (eye, eyes),
        (teeth, paint_teeth(places[teeth])),
        (mouth, paint_mouth(places[mouth], paint.fine)),
        (hair, paint_hair(places[hair], tint[hair], paint.palette, paint.hairs)),
    ):
        material = material.replaced(chosen, painted)
    normals = _bumped(normals, turns, material.slope)
    world_eye_normals = (turns[eye] @ eye_normals[..., None])[..., 0]
    normals[eye] = torch.nn.functional.normalize(world_eye_normals, dim=-1)
    return Painted(material, normals)


def _in_a_shirt(paint: SkinPaint, places: Tensor, lips: Tensor, scalp: Tensor) -> Material:
    """Skin above the neckline, a shirt below."""
    cover = cloth_cover(places)
    bare, covered = cover[:, 0] < 1, cover[:, 0] > 0
    material = even_material(len(places), paint.palette.cloth, 0.5)
    material = material.replaced(bare, paint_skin(paint, places[bare], lips[bare], scalp[bare]))
    cloth = paint_cloth(places[covered], paint.palette, paint.pores)
    return material.replaced(covered, material.at(covered).layered(cloth, cover[covered]))


def _bumped(
    normals: Float[Tensor, "points 3"],
    turns: Float[Tensor, "points 3 3"],
    slope: Float[Tensor, "points 3"],
) -> Float[Tensor, "points 3"]:
    """Normals of the surface raised by a height whose gradient, in rest axes, is ``slope``."""
    normals = torch.nn.functional.normalize(normals, dim=-1)
    tilt = (turns @ slope[..., None])[..., 0]
    along = (tilt * normals).sum(-1, keepdim=True)
    return torch.nn.functional.normalize(normals - tilt + along * normals, dim=-1)
