"""The dressed person as a figure that the head's renderer draws."""

import torch

from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT
from incarnate.capture.synthetic.figure import Surface
from incarnate.capture.synthetic.painting import vertex_attributes
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.capture.synthetic_body.doll import (
    LINING,
    OUTSIDE,
    Doll,
    labels_of,
    paint_doll,
    paint_skirt,
    pose_doll,
)
from incarnate.geometry.meshes import vertex_normals
from incarnate.rigs.rig import rest_pose

PAINT = make_skin_paint(draw_palette(7), 7)


def test_every_vertex_is_lit_and_painted(doll: Doll) -> None:
    figure, count = doll.figure, len(doll.rest)
    for values in (figure.places, figure.lips, figure.tint, figure.scalp, figure.lit_as):
        assert len(values) == count
    assert figure.faces.max() == count - 1
    assert figure.lit_as.max() == len(figure.receivers) - 1
    assert len(figure.lifts) == len(figure.receivers)
    assert len(figure.surfaces) == len(figure.faces)
    skirt = len(doll.dresser.skirt.rest)
    assert torch.equal(figure.receivers[figure.lit_as[-2 * skirt :]],
                       torch.arange(count - 2 * skirt, count))  # fmt: skip


def test_a_pose_moves_all_of_it_and_the_lining_looks_inward(doll: Doll) -> None:
    posed = pose_doll(doll, rest_pose(doll.person.personal))
    skirt = len(doll.dresser.skirt.rest)
    assert len(posed.vertices) == len(posed.normals) == len(posed.turns) == len(doll.rest)
    outer, inner = posed.vertices[-2 * skirt : -skirt], posed.vertices[-skirt:]
    assert torch.allclose((outer - inner).norm(dim=-1), torch.tensor(1.5e-3), atol=1e-6)
    assert torch.equal(posed.normals[-2 * skirt : -skirt], -posed.normals[-skirt:])
    # The triangles of each side wind as its normals look.
    around = vertex_normals(posed.vertices, doll.figure.faces)[-2 * skirt :]
    assert ((around * posed.normals[-2 * skirt :]).sum(-1) > 0.99).all()


def test_the_lining_casts_no_shadow_of_its_own(doll: Doll) -> None:
    skirt = len(doll.dresser.skirt.rest)
    assert doll.occluding.max() == len(doll.rest) - skirt - 1


def test_labels_tell_cloth_from_the_rest() -> None:
    chest, face = (0.0, 1.2, 0.14), (0.0, 1.55, 0.12)
    surfaces = torch.tensor(
        [int(Surface.SKIN), int(Surface.SKIN), int(Surface.HAIR), OUTSIDE, LINING]
    )
    places = torch.tensor([chest, face, face, (0.0, 1.0, 0.2), (1.0, 0.0, 0.2)])
    expected = [LABEL_GARMENT, LABEL_BODY, LABEL_BODY, LABEL_GARMENT, LABEL_GARMENT]
    assert labels_of(surfaces, places).tolist() == expected


def test_cloth_has_a_pattern_without_a_seam() -> None:
    angle = torch.linspace(-torch.pi, torch.pi, 400)
    places = torch.stack([angle.sin(), angle.cos(), torch.full_like(angle, 0.3)], -1)
    albedo = paint_skirt(places, PAINT, 0).albedo
    assert ((albedo > 0) & (albedo < 0.9)).all()
    assert albedo.std(0).min() > 0.03
    # Both ends are the same place.
    assert torch.allclose(albedo[0], albedo[-1], atol=1e-3)


def test_the_lining_is_darker_than_the_outside(doll: Doll) -> None:
    posed = pose_doll(doll, rest_pose(doll.person.personal))
    attributes = vertex_attributes(doll.figure, posed)
    skirt = len(doll.dresser.skirt.rest)
    kinds = torch.tensor([OUTSIDE, LINING]).repeat_interleave(skirt)
    painted = paint_doll(doll, PAINT, kinds, attributes[-2 * skirt :])
    outside, lining = painted.material.albedo.split(skirt)
    assert (lining <= outside + 1e-6).all()
    assert torch.allclose(painted.normals.norm(dim=-1), torch.tensor(1.0), atol=1e-4)
