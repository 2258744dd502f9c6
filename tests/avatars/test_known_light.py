"""A known avatar under a known light gives the picture that theory says, from splats to pixels."""

import math

import torch
from tests.light.maps import source
from torch import Tensor

from incarnate.avatars.avatar import render, render_alpha
from incarnate.avatars.codes import fit_code_projection
from incarnate.avatars.editing import Edit, edit_avatar
from incarnate.avatars.head import HeadAvatar, HeadModel
from incarnate.avatars.seeding import disc_log_scales, quaternions_from_normals
from incarnate.avatars.start import HeadStart, surroundings_of
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.light.brdf import ggx_specular, specular_albedo
from incarnate.light.environment import Environment
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import rest_pose

CENTER, RADIUS = torch.tensor([0.0, 1.5, 0.0]), 0.1
ALBEDO, ROUGHNESS, F0 = (0.5, 0.3, 0.7), 0.7, 0.04


def ball(count: int = 4000) -> HeadAvatar:
    """A ball of one material that nothing shadows, made as a head is."""
    i = torch.arange(count) + 0.5
    azimuth, y = i * math.pi * (3 - 5**0.5), 1 - 2 * i / count
    ring = (1 - y * y).sqrt()
    normals = torch.stack([ring * azimuth.cos(), y, ring * azimuth.sin()], -1)
    rig = default_head_rig()
    spacing = torch.full((count,), RADIUS * math.sqrt(4 * math.pi / count))
    start = HeadStart(
        means=CENTER + RADIUS * normals,
        quaternions=quaternions_from_normals(normals),
        log_scales=disc_log_scales(spacing),
        opacity_logits=torch.full((count,), 3.0),
        albedo_logits=torch.zeros(count, 3),
        roughness_logits=torch.zeros(count),
        rig_basis=torch.zeros(count, 3, rig.num_expressions),
        skinning_logits=torch.zeros(count, rig.num_joints),
    )
    model = HeadModel(num_codes=2, occlusion="off", shadows="off")
    projection = fit_code_projection(rig, rest_pose(rig, 4), model.num_codes)
    avatar = HeadAvatar(model, rig, projection, start, surroundings_of(start, model.num_nodes))
    return edit_avatar(avatar, Edit(albedo=ALBEDO, roughness=ROUGHNESS, reflectance=F0))


def camera() -> Camera:
    view = look_at(CENTER + torch.tensor([0.0, 0.0, 0.8]), CENTER)
    return Camera(pinhole_intrinsics(0.3, 64, 64), view, 64, 64)


def seen_sphere(view: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Which pixels see the sphere less its rim, and normal and direction to the eye at each."""
    rays = torch.nn.functional.normalize(view.pixel_rays(), dim=-1)
    offset = view.center - CENTER
    along = (rays * offset).sum(-1)
    discriminant = along.square() - offset.square().sum() + RADIUS**2
    point = offset + (-along - discriminant.clamp(min=0).sqrt())[..., None] * rays
    normals = point / RADIUS
    # Splats are flat: at the rim they reach beyond the sphere, and their normals are mixed.
    inside = (discriminant > 0) & ((normals * -rays).sum(-1) > 0.5)
    return inside, normals[inside], -rays[inside]


def test_constant_light_gives_what_the_material_returns() -> None:
    avatar, view = ball(), camera()
    radiance = torch.tensor([0.8, 1.0, 1.5])
    light = Environment(radiance.expand(16, 32, 3).contiguous())
    pose = rest_pose(avatar.rig)
    picture, alpha = render(avatar, pose, view, light), render_alpha(avatar, pose, view)
    inside, normals, to_eye = seen_sphere(view)
    cosine = (normals * to_eye).sum(-1, keepdim=True)
    gloss = specular_albedo(torch.full_like(cosine, ROUGHNESS), cosine, torch.full_like(cosine, F0))
    expected = radiance * (torch.tensor(ALBEDO) * (1 - gloss) + gloss)
    found = picture[inside] / alpha[inside, None]
    # Only n·v is inexact, by flat splats some 5 mm wide on a ball of 100 mm; gloss is 4 to 8 %.
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0)


def test_light_from_one_side_follows_lambert_and_ggx() -> None:
    avatar, view = ball(), camera()
    toward = torch.nn.functional.normalize(torch.tensor([1.0, 0.5, 1.0]), dim=0)
    picture = render(avatar, rest_pose(avatar.rig), view, source(128, toward))
    inside, normals, to_eye = seen_sphere(view)
    n_dot_l, n_dot_v = normals @ toward, (normals * to_eye).sum(-1)
    half = torch.nn.functional.normalize(to_eye + toward, dim=-1)
    material = (torch.tensor(ROUGHNESS), torch.tensor(F0))
    shine = ggx_specular(
        n_dot_l, n_dot_v, (normals * half).sum(-1), (to_eye * half).sum(-1), material
    )
    size = torch.full_like(n_dot_v[:, None], 1.0)
    gloss = specular_albedo(ROUGHNESS * size, n_dot_v[:, None], F0 * size)
    reflected = torch.tensor(ALBEDO) * (1 - gloss) / math.pi + shine[:, None]
    irradiance = torch.tensor([1.0, 2.0, 4.0]) * n_dot_l.clamp(min=0)[:, None]
    expected = reflected * irradiance
    error = (picture[inside] - expected).abs()
    # The light has a width of 0.05 rad, so has a texel; the split sum lets rough gloss lean off
    # its way (a few percent of 4 % here); the worst pixels are those where the light just grazes.
    assert (error.mean(0) < 0.025 * expected.mean(0)).all()
    assert (error.amax(0) < 0.06 * expected.amax(0)).all()
