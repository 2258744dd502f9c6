"""The renderer against what is known of a ball, and against the geometry of the head."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage
import torch
from tests.capture.synthetic.sphere import ball_studio, plain_fragments
from tests.capture.synthetic.views import close_camera

from incarnate.capture.synthetic.figure import Figure, PosedFigure, Surface, pose_figure
from incarnate.capture.synthetic.lighting import sampled_lights
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.picture import Fragments, Studio, light_up, resolved, see
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.capture.synthetic.visibility import spread_occluders
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.light.environment import Environment, directions_of_texels
from incarnate.light.prefilter import prefilter
from incarnate.light.sampling import irradiance_toward
from incarnate.light.shading import SurfaceMaps, shade_plainly
from incarnate.rigs.rig import rest_pose

WHITE = Environment(torch.ones(16, 32, 3))


def side_light() -> Environment:
    directions = directions_of_texels(32, 64)
    return Environment(1 + 0.9 * directions @ torch.tensor([[0.8, 0.7, 0.6], [0.3, 0, 0],
                                                            [0.2, 0.2, 0.2]]))  # fmt: skip


@pytest.fixture(scope="module")
def studio(figure: Figure) -> Studio:
    rest = torch.cat([figure.person.rig.vertices, figure.hair_rest])
    return Studio(
        figure,
        make_skin_paint(draw_palette(7), 7),
        spread_occluders(rest, figure.faces),
        close_camera(96),
        2,
    )


@pytest.fixture(scope="module")
def rest(figure: Figure) -> PosedFigure:
    return pose_figure(figure, rest_pose(figure.person.rig))


@pytest.fixture(scope="module")
def seen(studio: Studio, rest: PosedFigure) -> Fragments:
    return see(studio, rest)


def test_a_matt_ball_shows_the_irradiance(figure: Figure) -> None:
    studio, posed = ball_studio(figure)
    fragments = plain_fragments(studio, posed, 0.6, roughness=1.0)
    rgba = light_up(studio, posed, fragments, sampled_lights(side_light(), 2048, 0))
    normals = resolved(studio, fragments, fragments.normals)
    whole = rgba[..., 3] == 1
    straight = torch.nn.functional.normalize(normals[whole], dim=-1)
    exact = 0.6 * torch.stack([irradiance_toward(side_light(), n) for n in straight[::5]])
    error = (rgba[whole][::5, :3] - exact).abs() / exact
    # Lambert, less what the glossy layer takes and gives: F0 = 4 % and its Fresnel at the rim.
    assert error.mean() < 0.05


def test_a_white_ball_in_a_white_room_is_white(figure: Figure) -> None:
    studio, posed = ball_studio(figure)
    lights = sampled_lights(WHITE, 2048, 0)
    for roughness in (0.35, 0.7):
        fragments = plain_fragments(studio, posed, 1.0, roughness=roughness)
        rgba = light_up(studio, posed, fragments, lights)
        inside = rgba[..., 3] == 1
        # 2048 samples, and shadow maps that eat a little light near the horizon; never more than 1
        # by more than the noise of the samples.
        assert rgba[inside][:, :3].mean() == pytest.approx(1.0, abs=0.03)
        assert rgba[inside][:, 0].quantile(0.99) < 1.08


def test_the_avatars_shading_agrees_on_a_ball(figure: Figure) -> None:
    studio, posed = ball_studio(figure)
    fragments = plain_fragments(studio, posed, 0.4, roughness=0.45)
    rgba = light_up(studio, posed, fragments, sampled_lights(side_light(), 2048, 0))
    material = fragments.material
    maps = SurfaceMaps(material.albedo, material.roughness, material.reflectance, fragments.normals)
    shaded = shade_plainly(maps, fragments.views, prefilter(side_light())).radiance
    other = resolved(studio, fragments, shaded)
    inside = rgba[..., 3] == 1
    error = (rgba[..., :3] - other)[inside].abs() / other[inside]
    # Split sum against samples: 2048 of them are good for 2 %, the rim of the ball for 10.
    assert error.mean() < 0.04


def test_more_light_is_more_light_by_the_same_factor(figure: Figure) -> None:
    studio, posed = ball_studio(figure)
    fragments = plain_fragments(studio, posed, 0.5)
    once, twice = (
        light_up(studio, posed, fragments, sampled_lights(side_light().scaled(gain), 128, 0))
        for gain in (1.0, 2.0)
    )
    assert torch.allclose(2 * once[..., :3], twice[..., :3], atol=1e-5)
    assert torch.equal(once[..., 3], twice[..., 3])


def test_coverage_is_soft_at_edges_only(figure: Figure) -> None:
    studio, posed = ball_studio(figure)
    fragments = plain_fragments(studio, posed, 0.5)
    ones = torch.ones(len(fragments.samples), 1)
    matte = resolved(studio, fragments, ones)[..., 0]
    exact = torch.pi * (0.12 / 1.0 * studio.camera.intrinsics[0, 0]) ** 2
    # Perspective makes the outline of a near ball 0.7 % wider, and samples count whole.
    assert matte.sum() == pytest.approx(float(exact), rel=0.03)
    soft = (matte > 0) & (matte < 1)
    assert 40 < soft.sum() < 200


def test_normals_follow_the_depth(studio: Studio, rest: PosedFigure, seen: Fragments) -> None:
    fine = studio.fine_camera
    depth = rasterize_mesh(rest.vertices, studio.figure.faces, fine).depth
    rays = fine.pixel_rays()
    forward = fine.camera_from_world[2, :3]
    points = rays * (depth / (rays @ forward))[..., None]
    across = points[1:-1, 2:] - points[1:-1, :-2]
    down = points[2:, 1:-1] - points[:-2, 1:-1]
    from_depth = torch.nn.functional.normalize(torch.linalg.cross(down, across), dim=-1)
    normals = torch.zeros(fine.height * fine.width, 3)
    normals[seen.samples] = seen.normals
    normals = normals.reshape(fine.height, fine.width, 3)[1:-1, 1:-1]
    surfaces = torch.full((fine.height * fine.width,), -1)
    face = rasterize_mesh(rest.vertices, studio.figure.faces, fine).face.reshape(-1)
    surfaces[face >= 0] = studio.figure.surfaces[face[face >= 0]]
    skin = (surfaces == int(Surface.SKIN)).reshape(fine.height, fine.width)[1:-1, 1:-1]
    skin &= across.norm(dim=-1) < 4e-3
    skin &= down.norm(dim=-1) < 4e-3
    cosine = (normals * from_depth).sum(-1)[skin].clamp(-1, 1)
    degrees = torch.rad2deg(torch.acos(cosine))
    # Facets of 5 mm against smooth normals, and bumps of a few degrees.
    assert degrees.median() < 6
    assert degrees.mean() < 9


def test_the_face_has_no_holes(studio: Studio, seen: Fragments) -> None:
    matte = resolved(studio, seen, torch.ones(len(seen.samples), 1))[..., 0].numpy() > 0.5
    filled = np.asarray(scipy.ndimage.binary_fill_holes(matte), bool)
    assert (filled & ~matte).sum() == 0


def test_materials_are_possible(seen: Fragments) -> None:
    material = seen.material
    assert ((material.albedo >= 0) & (material.albedo < 0.9)).all()
    assert ((material.roughness > 0.1) & (material.roughness <= 1)).all()
    assert torch.allclose(seen.normals.norm(dim=-1), torch.ones(len(seen.samples)), atol=1e-4)
    assert ((seen.normals * seen.views).sum(-1) > 0).all()


def test_groups_are_pixels_and_surfaces(studio: Studio, seen: Fragments) -> None:
    assert (seen.groups[seen.leaders] == torch.arange(len(seen.leaders))).all()
    fine, factor = studio.fine_camera, studio.supersampling
    row, column = seen.samples // fine.width, seen.samples % fine.width
    pixel = row // factor * studio.camera.width + column // factor
    assert (pixel == pixel[seen.leaders][seen.groups]).all()
    assert torch.bincount(seen.groups).max() <= factor * factor


def test_light_comes_from_where_it_is(studio: Studio, rest: PosedFigure, seen: Fragments) -> None:
    halves = []
    for x in (1.0, -1.0):
        directions = directions_of_texels(32, 64)
        glow = (directions @ torch.tensor([0.9 * x, 0.1, 0.42]) > 0.9).float()
        env = Environment(0.02 + 20 * glow[..., None].expand(32, 64, 3))
        image = light_up(studio, rest, seen, sampled_lights(env, 128, 0))[..., :3].mean(-1)
        # The subject's left, +x, is right in the picture.
        halves.append((image[:, 48:].mean() / image[:, :48].mean()).item())
    assert halves[0] > 1.7
    assert halves[1] < 1 / 1.7


def test_supersampling_refines_the_same_picture(studio: Studio, rest: PosedFigure) -> None:
    lights = sampled_lights(side_light(), 96, 0)
    small = replace(studio, camera=studio.camera.resized(40, 40))
    pictures = []
    for factor in (2, 4):
        view = replace(small, supersampling=factor)
        pictures.append(light_up(view, rest, see(view, rest), lights))
    difference = (pictures[0] - pictures[1]).abs()
    assert difference.mean() < 0.02
