"""Each kind of surface is painted by its own rule."""

import torch

from incarnate.capture.synthetic.figure import Figure, Surface, pose_figure
from incarnate.capture.synthetic.painting import paint_points, vertex_attributes
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.rigs.rig import rest_pose

PAINT = make_skin_paint(draw_palette(7), 7)


def test_surfaces_keep_their_paint(figure: Figure) -> None:
    posed = pose_figure(figure, rest_pose(figure.person.rig))
    corners = figure.faces[:, 0]
    attributes = vertex_attributes(figure, posed)[corners]
    painted = paint_points(figure, PAINT, figure.surfaces, attributes)
    mean = {
        surface: painted.material.albedo[figure.surfaces == int(surface)].mean(0)
        for surface in Surface
    }
    assert mean[Surface.EYE].min() > mean[Surface.HAIR].max()
    assert mean[Surface.TEETH][2] > mean[Surface.MOUTH][2]
    assert mean[Surface.MOUTH][0] > 2 * mean[Surface.MOUTH][2]
    assert torch.allclose(painted.normals.norm(dim=-1), torch.ones(len(corners)), atol=1e-4)


def test_paint_does_not_move_with_the_face(figure: Figure) -> None:
    pose = rest_pose(figure.person.rig)
    pose.expression[figure.person.rig.expression_names.index("jawLeft")] = 1.0
    first = vertex_attributes(figure, pose_figure(figure, rest_pose(figure.person.rig)))
    second = vertex_attributes(figure, pose_figure(figure, pose))
    corners = figure.faces[:, 0]
    albedos = [
        paint_points(figure, PAINT, figure.surfaces, attributes[corners]).material.albedo
        for attributes in (first, second)
    ]
    assert torch.equal(*albedos)
    assert not torch.equal(first, second)


def test_the_chest_wears_cloth(figure: Figure) -> None:
    posed = pose_figure(figure, rest_pose(figure.person.rig))
    attributes = vertex_attributes(figure, posed)
    chest = (figure.places[:, 1] < 1.33) & (figure.places[:, 2] > 0)
    surfaces = torch.full((int(chest.sum()),), int(Surface.SKIN))
    painted = paint_points(figure, PAINT, surfaces, attributes[chest])
    cloth = torch.tensor(PAINT.palette.cloth)
    assert torch.allclose(painted.material.albedo.mean(0), cloth, rtol=0.3)
    assert (painted.material.roughness > 0.8).all()
