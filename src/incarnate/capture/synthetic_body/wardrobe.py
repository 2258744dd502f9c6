"""What is worn on the skin: a tight top with short sleeves, and shoes.

Both are painted where they are and lift the surface by their thickness. Places are on the generic
body at rest, metres, so that every person is dressed alike.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial import ConvexHull
from torch import Tensor

from incarnate.capture.synthetic.materials import Material, even_material
from incarnate.capture.synthetic.noise import Noise
from incarnate.capture.synthetic.outlines import smoothstep
from incarnate.capture.synthetic.palette import Colour
from incarnate.capture.synthetic.skin import SkinPaint, paint_skin
from incarnate.geometry.meshes import vertex_normals
from incarnate.rigs.rig import Rig

_NECKLINE: Final = 1.375
_NECK_SLOPE: Final = 0.35
"""The neckline is lower in front: metres down a metre forward."""
_HEM: Final = 0.775
_SHOULDER, _SLEEVE_AXIS = (0.170, 1.320, 0.019), (0.665, -0.747, 0.0)
_SLEEVE: Final = 0.13
_TRUNK = (0.215, 1.25)
"""Half width of the trunk, and the height up to which no arm is as near to the middle."""
_TOP_THICKNESS: Final = 3.0e-3
_SHOE_TOP: Final = 0.075
_SHOE_EASE: Final = 1.05
_SOLE: Final = 0.012
_EDGE: Final = 0.6e-3
_TOP_COLOURS: tuple[tuple[Colour, Colour], ...] = (
    ((0.60, 0.58, 0.53), (0.05, 0.09, 0.20)), ((0.35, 0.06, 0.06), (0.62, 0.55, 0.45)),
    ((0.06, 0.16, 0.13), (0.55, 0.55, 0.35)),
)  # fmt: skip
_SHOE, _RUBBER = (0.050, 0.030, 0.022), (0.35, 0.33, 0.30)


def top_depth(places: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
    """How far inside the top each point lies, metres; negative outside."""
    neck = _NECKLINE - _NECK_SLOPE * places[:, 2] - places[:, 1]
    mirrored = torch.cat([places[:, :1].abs(), places[:, 1:]], -1)
    sleeve = _SLEEVE - (mirrored - torch.tensor(_SHOULDER)) @ torch.tensor(_SLEEVE_AXIS)
    trunk = torch.minimum(_TRUNK[0] - mirrored[:, 0], _TRUNK[1] - places[:, 1])
    return torch.minimum(torch.minimum(neck, torch.maximum(sleeve, trunk)), places[:, 1] - _HEM)


def shoe_depth(places: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
    """How far below the rim of a shoe each point lies, metres; negative above."""
    return _SHOE_TOP - places[:, 1]


def dressed_vertices(rig: Rig, generic: Rig) -> Float[Tensor, "vertices 3"]:
    """A person's rest vertices, lifted where something is worn.

    Args:
        rig: The person.
        generic: The embedded body, whose rest positions are the places.
    """
    is_skin = generic.parts == generic.part_names.index("skin")
    lift = _TOP_THICKNESS * smoothstep(top_depth(generic.vertices), 0.0, 4e-3) * is_skin
    vertices = rig.vertices + lift[:, None] * vertex_normals(rig.vertices, rig.faces)
    return _shod(vertices, shoe_depth(generic.vertices) * is_skin)


def _shod(
    vertices: Float[Tensor, "vertices 3"], depth: Float[Tensor, "vertices"]
) -> Float[Tensor, "vertices 3"]:
    """Feet blown up to their convex hull: a shoe shows no toes."""
    shod = vertices.clone()
    for sign in (1.0, -1.0):
        foot = torch.nonzero((depth > 0) & (sign * vertices[:, 0] > 0))[:, 0]
        points = vertices[foot].double().numpy()
        planes = ConvexHull(points).equations
        middle = points.mean(0)
        offset = points - middle
        # The ray from the middle through a point leaves the hull at the nearest plane ahead.
        ahead = offset @ planes[:, :3].T
        room = -(planes[:, :3] @ middle + planes[:, 3])
        with np.errstate(divide="ignore"):
            reach = np.where(ahead > 1e-12, room / ahead, np.inf).min(1)
        on_shoe = torch.from_numpy(middle + _SHOE_EASE * reach[:, None] * offset).float()
        share = smoothstep(depth[foot], 0.0, 0.035)[:, None]
        shod[foot] = torch.lerp(vertices[foot], on_shoe, share)
    return shod


def dress_skin(
    paint: SkinPaint,
    places: Float[Tensor, "points 3"],
    lips: Float[Tensor, "points 1"],
    scalp: Float[Tensor, "points 1"],
) -> Material:
    """Paint skin, top and shoes; the arguments are those of `paint_skin`."""
    top = smoothstep(top_depth(places), -_EDGE, _EDGE)
    shoe = smoothstep(shoe_depth(places), -_EDGE, _EDGE)
    bare = (top < 1) & (shoe < 1)
    material = even_material(len(places), _SHOE, 0.45)
    skin = _without_face(paint_skin(paint, places[bare], lips[bare], scalp[bare]))
    material = material.replaced(bare, skin)
    for cover, painted in ((top, paint_top(places, paint)), (shoe, _paint_shoes(places))):
        material = material.layered(painted, cover[:, None])
    return material


def _without_face(skin: Material) -> Material:
    """Pores are smaller than a pixel of a whole body: their slopes would only be noise."""
    return replace(skin, slope=torch.zeros_like(skin.slope))


def paint_top(places: Float[Tensor, "points 3"], paint: SkinPaint) -> Material:
    """Paint a striped knit."""
    ground, stripe = _TOP_COLOURS[_choice(paint, len(_TOP_COLOURS))]
    base = even_material(len(places), ground, 0.85, 0.03)
    bands = smoothstep(torch.sin(2 * torch.pi * places[:, 1:2] / 0.055), 0.45, 0.65)
    albedo = torch.lerp(base.albedo, torch.tensor(stripe).expand_as(base.albedo), bands)
    return replace(base, albedo=albedo * _weave(paint.coarse, places))


def _paint_shoes(places: Float[Tensor, "points 3"]) -> Material:
    base = even_material(len(places), _SHOE, 0.40)
    rubber = even_material(len(places), _RUBBER, 0.8)
    return base.layered(rubber, smoothstep(places[:, 1:2], _SOLE + 1e-3, _SOLE - 1e-3))


def _weave(noise: Noise, places: Float[Tensor, "points 3"]) -> Float[Tensor, "points 1"]:
    return (1 + 0.14 * noise(places, 0.012) + 0.10 * noise(places, 0.05))[:, None]


def _choice(paint: SkinPaint, count: int) -> int:
    """A number that goes with a person's colours."""
    return int(1000 * paint.palette.skin[0] + 1000 * paint.palette.cloth[1]) % count
