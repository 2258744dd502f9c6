"""Baked avatars: the colours of shading, by direction, for any kind of avatar."""

import pytest
import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses
from torch import Tensor

from incarnate.avatars.avatar import render
from incarnate.avatars.baking import BakeSettings, bake, shade_splats
from incarnate.avatars.head import HeadModel
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import srgb_from_linear
from incarnate.light.environment import Environment
from incarnate.light.prefilter import prefilter
from incarnate.light.shading import SurfaceMaps, shade_plainly
from incarnate.splats.files.cloud import SplatCloud
from incarnate.splats.harmonics import colours_along
from incarnate.splats.rasterize import rasterize
from incarnate.splats.splats import Splats

# A dim room, brighter from above, with a window at the person's left.
LIGHT = Environment(0.2 + torch.linspace(1, 0, 16)[:, None, None].expand(16, 32, 3).clone())
LIGHT.radiance[4:8, 14:20] += 4


def test_splats_are_shaded_as_surfaces_are() -> None:
    avatar, light = small_avatar(), LIGHT
    pose = talking_poses(avatar.rig, 4)[1]
    splats = avatar.splat(pose, portrait_camera(), light)
    direction = torch.tensor([0.48, -0.6, -0.64])
    seen = shade_splats(avatar, splats, direction, light)
    front = (splats["normal"] @ -direction) > 0.05
    exposure = splats["exposure"][front]
    occlusion = exposure.mean(-1, keepdim=True)
    surface = SurfaceMaps(
        albedo=splats["albedo"][front] * (exposure / occlusion),
        roughness=splats["roughness"][front],
        reflectance=splats["reflectance"][front],
        normal=splats["normal"][front],
        occlusion=occlusion,
    )
    to_camera = (-direction).expand(int(front.sum()), 3)
    expected = shade_plainly(surface, to_camera, prefilter(light)).radiance
    # The kernel's arithmetic differs from torch's by some 1e-5.
    torch.testing.assert_close(seen[front], expected, atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("light", [None, LIGHT], ids=["own", "window"])
def test_a_baked_picture_is_near_the_shaded_one(light: Environment | None) -> None:
    avatar, camera = small_avatar(), portrait_camera(64)
    pose = talking_poses(avatar.rig, 4)[1]
    with torch.no_grad():
        truth = srgb_from_linear(render(avatar, pose, camera, light)).clamp(0, 1)
    errors = [_error(bake(avatar, pose, camera, light, BakeSettings(degree=d)), camera, truth)
              for d in (0, 3)]  # fmt: skip
    # 600 splats, each wider than what light does between them: blending after shading costs most
    # here, 25 dB; a trained head has 32,000 (docs/export.md).
    assert errors[1] < 0.06
    assert errors[1] <= errors[0]


def test_a_baked_avatar_keeps_its_colours_whatever_the_light() -> None:
    avatar, camera = small_avatar(HeadModel(num_codes=4, shading="baked")), portrait_camera()
    cloud = bake(avatar, talking_poses(avatar.rig, 2)[0], camera, None, BakeSettings(degree=1))
    along = torch.nn.functional.normalize(torch.ones(len(cloud), 3), dim=-1)
    seen = colours_along(torch.from_numpy(cloud.harmonics), along)
    expected = srgb_from_linear(avatar.albedo().detach())
    # The damped fit leaves a millionth.
    torch.testing.assert_close(seen, expected, atol=1e-4, rtol=0)


def test_exposure_brightens_by_stops() -> None:
    avatar, camera = small_avatar(HeadModel(num_codes=4, shading="baked")), portrait_camera()
    pose = talking_poses(avatar.rig, 2)[0]
    dark = bake(avatar, pose, camera, None, BakeSettings(degree=0, exposure=-1.0))
    seen = colours_along(torch.from_numpy(dark.harmonics), torch.zeros(len(dark), 3) + 0.577)
    expected = srgb_from_linear(avatar.albedo().detach() / 2)
    torch.testing.assert_close(seen, expected, atol=1e-4, rtol=0)


def _error(cloud: SplatCloud, camera: Camera, truth: Tensor) -> float:
    """Root of the mean squared error of the cloud's picture, sRGB."""
    eye = torch.linalg.inv(camera.camera_from_world)[:3, 3]
    means = torch.from_numpy(cloud.means)
    along = torch.nn.functional.normalize(means - eye, dim=-1)
    splats = Splats(
        means=means,
        quaternions=torch.from_numpy(cloud.quaternions),
        log_scales=torch.from_numpy(cloud.log_scales),
        opacity_logits=torch.from_numpy(cloud.opacity_logits),
        features=colours_along(torch.from_numpy(cloud.harmonics), along),
        channels=("rgb",) * 3,
    )
    return (rasterize(splats, camera).sums - truth).square().mean().sqrt().item()
