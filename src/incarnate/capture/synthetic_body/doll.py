"""The whole doll: body, hair, top, shoes and skirt as one figure to be drawn."""

from dataclasses import dataclass, replace
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT
from incarnate.capture.synthetic.figure import (
    Figure,
    PosedFigure,
    Surface,
    make_figure,
    pose_figure,
)
from incarnate.capture.synthetic.materials import Material, even_material
from incarnate.capture.synthetic.outlines import smoothstep
from incarnate.capture.synthetic.painting import Painted, paint_points
from incarnate.capture.synthetic.palette import Colour
from incarnate.capture.synthetic.person import Person, make_person
from incarnate.capture.synthetic.skin import SkinPaint
from incarnate.capture.synthetic_body.drape import Dresser, hang, make_dresser
from incarnate.capture.synthetic_body.settings import BodyCaptureSettings
from incarnate.capture.synthetic_body.skirt import grow_skirt
from incarnate.capture.synthetic_body.wardrobe import dress_skin, dressed_vertices, top_depth
from incarnate.geometry.meshes import vertex_normals
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.rig import Pose

OUTSIDE, LINING = len(Surface), len(Surface) + 1
"""Kinds of surface beside those of `Surface`: the skirt, and its inner side."""
_THICKNESS: Final = 1.5e-3
_OUTSIDE_LIFT, _LINING_LIFT = 5e-3, 12e-3
_STRIPES, _STRIPE_WIDTH, _BAR, _WAIST = 22, 0.30, 0.085, 0.25
_COLOURS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((0.36, 0.045, 0.05), (0.65, 0.58, 0.42), (0.03, 0.05, 0.12)),
    ((0.04, 0.14, 0.28), (0.62, 0.60, 0.52), (0.40, 0.10, 0.06)),
    ((0.28, 0.20, 0.05), (0.62, 0.55, 0.45), (0.05, 0.10, 0.06)),
)
"""Ground, stripes around and bars across."""


@dataclass(frozen=True)
class Doll:
    """A dressed person."""

    person: Person
    figure: Figure
    """Body, hair, skirt and lining; the last two have as many vertices each as the skirt."""
    dresser: Dresser
    colours: int
    """Which of the skirt's colours."""

    @property
    def rest(self) -> Float[Tensor, "vertices 3"]:
        """Rest positions of all that is drawn, metres."""
        skirt = torch.from_numpy(self.dresser.skirt.rest).float()
        body = self.person.personal.vertices
        return torch.cat([body, self.figure.hair_rest, skirt, skirt])

    @property
    def occluding(self) -> Int[Tensor, "faces 3"]:
        """Triangles that cast shadows: all but the lining, which lies behind the skirt."""
        return self.figure.faces[self.figure.surfaces != LINING]


def make_doll(settings: BodyCaptureSettings) -> Doll:
    """Draw a person from a seed, and dress them."""
    generic = default_body_rig()
    bare = make_person(generic, settings.seed)
    worn = dressed_vertices(bare.rig, generic)
    person = replace(bare, personal=replace(bare.personal, vertices=worn))
    dressed = replace(bare.rig, vertices=worn)
    skirt = grow_skirt(dressed, columns=settings.skirt_columns, rows=settings.skirt_rows,
                       seed=settings.seed)  # fmt: skip
    dresser = make_dresser(dressed, skirt, settle_steps=settings.settle_steps)
    figure = make_figure(person, settings.hair_locks, settings.seed)
    return Doll(person, _with_skirt(figure, dresser), dresser, settings.seed % len(_COLOURS))


def pose_doll(doll: Doll, pose: Pose) -> PosedFigure:
    """Pose body and hair, and let the skirt come to rest."""
    body = pose_figure(doll.figure, pose)
    skirt = hang(doll.dresser, pose)
    normals = vertex_normals(skirt, torch.from_numpy(doll.dresser.skirt.faces))
    return PosedFigure(
        torch.cat([body.vertices, skirt, skirt - _THICKNESS * normals]),
        torch.cat([body.normals, normals, -normals]),
        torch.cat([body.turns, torch.eye(3).expand(2 * len(skirt), 3, 3)]),
        body.world_from_rest,
    )


def paint_doll(
    doll: Doll, paint: SkinPaint, surfaces: Int[Tensor, "points"], attributes: Tensor
) -> Painted:
    """Paint points of a doll; the arguments are those of `paint_points`."""
    painted = paint_points(doll.figure, paint, surfaces, attributes, dress_skin)
    places, material = attributes[:, :3], painted.material
    for kind, shade in ((OUTSIDE, 1.0), (LINING, 0.45)):
        chosen = surfaces == kind
        cloth = paint_skirt(places[chosen], paint, doll.colours)
        cloth = replace(cloth, albedo=shade * cloth.albedo)
        material = material.replaced(chosen, cloth)
    return Painted(material, painted.normals)


def paint_skirt(places: Float[Tensor, "points 3"], paint: SkinPaint, colours: int) -> Material:
    """Paint a plaid: stripes that run down and widen, bars across, and an uneven weave.

    Args:
        places: Sine and cosine of the angle around the waist, and metres below it.
        paint: Random patterns.
        colours: Which of the colours.
    """
    ground, stripe, bar = (torch.tensor(colour) for colour in _COLOURS[colours])
    angle, below = torch.atan2(places[:, 0], places[:, 1]), places[:, 2]
    down = smoothstep(torch.cos(_STRIPES * angle), 1 - 2 * _STRIPE_WIDTH, 1.1 - 2 * _STRIPE_WIDTH)
    thin = smoothstep(torch.cos(_STRIPES * angle + 2.6), 0.90, 0.95)
    across = smoothstep(torch.cos(2 * torch.pi * below / _BAR), 0.45, 0.60)
    base = even_material(len(places), (0.5, 0.5, 0.5), 0.8, 0.03)
    albedo = torch.lerp(ground.expand_as(base.albedo), stripe, 0.9 * down[:, None])
    albedo = torch.lerp(albedo, bar, 0.7 * across[:, None])
    albedo = torch.lerp(albedo, stripe, 0.6 * thin[:, None])
    cloth = torch.stack([_WAIST * places[:, 0], below, _WAIST * places[:, 1]], -1)
    weave = 1 + 0.18 * paint.coarse(cloth, 0.022) + 0.12 * paint.fine(cloth, 0.009)
    return replace(base, albedo=albedo * weave[:, None])


def labels_of(
    surfaces: Int[Tensor, "points"], places: Float[Tensor, "points 3"]
) -> Int[Tensor, "points"]:
    """The label of each point: garment on skirt, lining and top, body elsewhere."""
    on_top = (surfaces == int(Surface.SKIN)) & (top_depth(places) > 0)
    return torch.where((surfaces >= OUTSIDE) | on_top, LABEL_GARMENT, LABEL_BODY)


def _with_skirt(figure: Figure, dresser: Dresser) -> Figure:
    """The figure, with skirt and lining after its hair."""
    skirt = dresser.skirt
    faces, count, first = torch.from_numpy(skirt.faces), len(skirt.rest), len(figure.places)
    plain = torch.zeros(2 * count)
    receivers = torch.arange(first, first + 2 * count)
    lifts = torch.tensor([_OUTSIDE_LIFT, _LINING_LIFT]).repeat_interleave(count)
    kinds = torch.tensor([OUTSIDE, LINING]).repeat_interleave(len(faces))
    return replace(
        figure,
        faces=torch.cat([figure.faces, faces + first, faces.flip(1) + first + count]),
        surfaces=torch.cat([figure.surfaces, kinds]),
        places=torch.cat([figure.places, skirt.places, skirt.places]),
        lips=torch.cat([figure.lips, plain]),
        tint=torch.cat([figure.tint, plain]),
        scalp=torch.cat([figure.scalp, plain - 1]),
        receivers=torch.cat([figure.receivers, receivers]),
        lit_as=torch.cat([figure.lit_as, torch.arange(2 * count) + len(figure.receivers)]),
        lifts=torch.cat([figure.lifts, lifts]),
    )
