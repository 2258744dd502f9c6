"""Light and albedo are told apart on a head whose light and albedo are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses
from torch import Tensor

from incarnate.avatars.coloring import colored_start
from incarnate.avatars.head import HeadAvatar, HeadModel
from incarnate.avatars.intrinsics import light_roughness, part_light_from_albedo
from incarnate.avatars.observations import Observation, observe
from incarnate.avatars.seeding import start_on_surface
from incarnate.avatars.start import surroundings_of
from incarnate.capture.capture import Track
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.colors import bytes_from_linear
from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh
from incarnate.light.environment import Environment
from incarnate.light.prefilter import prefilter
from incarnate.light.shading import SurfaceMaps, shade_plainly
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import pose_rig

ALBEDO = torch.tensor([0.5, 0.3, 0.2])


def lamp() -> Environment:
    """Dim all around, bright toward the subject's left and above."""
    radiance = torch.full((16, 32, 3), 0.25)
    radiance[3:7, 14:18] = 8.0
    return Environment(radiance)


def drawn(mesh: MeshRaster, vertices: Tensor, rig: Rig, *, reflectance: float) -> Tensor:
    """The linear picture of a head of one albedo under the lamp, by the mesh z-buffer."""
    normals = mesh.interpolate(vertex_normals(vertices, rig.faces), rig.faces)
    normals = torch.nn.functional.normalize(normals, dim=-1)
    points = mesh.interpolate(vertices, rig.faces)
    to_camera = torch.nn.functional.normalize(portrait_camera(96).center - points, dim=-1)
    light = prefilter(lamp())
    if reflectance == 0:
        return ALBEDO * light.irradiance(normals)
    one = torch.ones_like(normals[..., :1])
    surface = SurfaceMaps(ALBEDO.expand_as(normals), 0.5 * one, reflectance * one, normals)
    return shade_plainly(surface, to_camera, light).radiance


@pytest.fixture(scope="module", params=[0.0, 0.028], ids=["matte", "glossy"])
def lit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[HeadAvatar, list[Observation]]:
    """Such a head's untrained avatar."""
    rig, camera = default_head_rig(), portrait_camera(96)
    poses = talking_poses(rig, 10)
    folder: Path = tmp_path_factory.mktemp("lit") / "capture"
    with CaptureWriter(folder, CaptureHeader("lit", {"front": camera}, fps=25.0)) as writer:
        for index in range(10):
            vertices = pose_rig(rig, poses[index]).vertices
            mesh = rasterize_mesh(vertices, rig.faces, camera)
            picture = drawn(mesh, vertices, rig, reflectance=request.param)
            rgb = bytes_from_linear(picture.clamp(0, 1))
            alpha = mesh.covered.numpy().astype(np.uint8)[..., None] * 255
            writer.write_image(
                writer.add_frame(index / 25, "train"), np.concatenate([rgb, alpha], -1)
            )
        writer.set_track(Track(rig, poses, torch.zeros(10), origin="truth"))
    capture = load_capture(folder)
    observations = observe(capture, load_track(capture), 8, 96)
    start = start_on_surface(rig, 1500, torch.Generator().manual_seed(0))
    start = colored_start(start, observations)
    model = HeadModel(num_codes=4)
    projection = small_avatar(model).projection
    avatar = HeadAvatar(model, rig, projection, start, surroundings_of(start, 40))
    part_light_from_albedo(avatar, observations, torch.Generator().manual_seed(0))
    return avatar, observations


def test_the_light_comes_from_where_it_does(lit: tuple[HeadAvatar, list[Observation]]) -> None:
    radiance = lit[0].learned_light.radiance.detach().mean(-1)
    # Front half of the sphere only: what lies behind a head hardly lights its face.
    left, right = radiance[2:8, 12:20].mean(), radiance[2:8, [30, 31, 0, 1, 2]].mean()
    assert left > 2 * right
    assert radiance[2:8, 12:20].mean() > 2 * radiance[10:14, 12:20].mean()


def test_the_albedo_keeps_no_shading(lit: tuple[HeadAvatar, list[Observation]]) -> None:
    albedo = lit[0].albedo().detach()
    skin = albedo[(albedo.mean(-1) > 0.05)]
    # Before, the colours spread over a factor of five; lit from one side, they agree to a tenth.
    spread = torch.log(skin).std(0)
    assert spread.max() < 0.15, spread
    chroma = skin.median(0).values
    torch.testing.assert_close(chroma / chroma.sum(), ALBEDO / ALBEDO.sum(), rtol=0, atol=0.05)


def test_a_light_is_rough_where_neighbours_differ_around_the_map_too() -> None:
    even = torch.full((4, 8, 3), 0.7)
    assert light_roughness(even) == 0
    # A step between the last and the first column counts like one between any others.
    steps = []
    for column in (0, 3):
        uneven = even.clone()
        uneven[:, column] = 2.0
        steps.append(light_roughness(uneven))
    torch.testing.assert_close(steps[0], steps[1])
    assert steps[0] > 0.1
