"""Top and shoes cover what they should, and lift it."""

import torch

from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.capture.synthetic_body.wardrobe import (
    dress_skin,
    dressed_vertices,
    shoe_depth,
    top_depth,
)
from incarnate.geometry.meshes import vertex_normals
from incarnate.rigs.embedded import default_body_rig

CHEST, BELLY, UPPER_ARM = (0.05, 1.20, 0.14), (0.12, 1.0, 0.05), (0.21, 1.27, 0.02)
FACE, ELBOW, HAND, THIGH = (
    (0.0, 1.55, 0.12),
    (0.33, 1.14, 0.02),
    (0.48, 0.97, 0.27),
    (0.1, 0.6, 0.1),
)


def test_the_top_covers_trunk_and_sleeves_only() -> None:
    assert (top_depth(torch.tensor([CHEST, BELLY, UPPER_ARM])) > 0.01).all()
    assert (top_depth(torch.tensor([FACE, ELBOW, HAND, THIGH])) < -0.01).all()
    mirrored = torch.tensor([CHEST, ELBOW]) * torch.tensor([-1.0, 1.0, 1.0])
    assert torch.equal(top_depth(mirrored), top_depth(torch.tensor([CHEST, ELBOW])))


def test_clothes_lift_the_surface_and_leave_the_rest() -> None:
    rig = default_body_rig()
    lift = dressed_vertices(rig, rig) - rig.vertices
    along = (lift * vertex_normals(rig.vertices, rig.faces)).sum(-1)
    top, shoe = top_depth(rig.vertices), shoe_depth(rig.vertices)
    skin = rig.parts == rig.part_names.index("skin")
    assert torch.allclose(along[skin & (top > 4e-3)], torch.tensor(3e-3), atol=1e-6)
    assert lift[(top < 0) & (shoe < 0)].abs().max() == 0
    feet = rig.vertices[shoe > 0.04], (rig.vertices + lift)[shoe > 0.04]
    # A shoe is larger than its foot by its ease of 5 %, and longer than wide.
    assert 1.0 < (feet[1][:, 2].max() - feet[1][:, 2].min()) / (
        feet[0][:, 2].max() - feet[0][:, 2].min()
    ) < 1.08  # fmt: skip


def test_paint_is_possible_and_differs_by_what_is_worn() -> None:
    paint = make_skin_paint(draw_palette(7), 7)
    places = torch.tensor([CHEST, THIGH, HAND, (0.19, 0.03, 0.1)])
    material = dress_skin(paint, places, torch.zeros(4, 1), torch.full((4, 1), -1.0))
    assert ((material.albedo > 0) & (material.albedo < 0.9)).all()
    assert material.albedo[3].max() < 0.1
    assert (material.albedo[1] - material.albedo[2]).abs().max() < 0.15
    assert (material.albedo[0] - material.albedo[1]).abs().max() > 0.05
