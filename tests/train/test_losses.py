"""The loss is zero for a perfect picture and an avatar at its start, and grows from there."""

import math
from dataclasses import replace

import pytest
import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses

from incarnate.avatars.avatar import render
from incarnate.geometry.colors import srgb_from_linear
from incarnate.splats.rasterize import rasterize
from incarnate.train.frames import TrainingFrame
from incarnate.train.losses import (
    albedo_loss,
    depth_normal_loss,
    light_penalty,
    normals_of_depth,
    picture_loss,
    restraints,
)
from incarnate.train.recipes import LossWeights

# So many splats that none has to be a blob to cover its share of the head.
DENSE = 3000


def test_a_perfect_picture_costs_nothing() -> None:
    avatar, camera = small_avatar(), portrait_camera()
    pose = talking_poses(avatar.rig, 5)[1]
    with torch.no_grad():
        raster = rasterize(avatar.splat(pose, camera), camera)
        image = render(avatar, pose, camera)
        frame = TrainingFrame(0, camera, srgb_from_linear(image), raster.alpha)
        terms = picture_loss(image, raster, frame, LossWeights())
        brighter = picture_loss(2 * image, raster, frame, LossWeights())
    # SSIM divides float32 variances.
    assert all(abs(float(value)) < 1e-5 for value in terms.values()), terms
    assert brighter["l1"] > 0.01


def test_an_avatar_at_its_start_is_not_restrained() -> None:
    avatar = small_avatar(num_splats=DENSE)
    terms = restraints(avatar, LossWeights())
    assert {"drift", "normal", "correctives", "light", "albedo", "materials"} <= set(terms)
    assert all(float(terms[name].detach()) < 1e-5 for name in terms), terms


def test_each_restraint_answers_to_its_own_fault() -> None:
    faults = {
        "drift": ("means", 0.005),
        "normal": ("quaternions", 0.3),
        "flatness": ("log_scales", 3.0),
        "correctives": ("corrective_basis", 0.001),
        "light": ("light_logits", 2.0),
        "materials": ("roughness_logits", 2.0),
        "residual": ("residual", 0.5),
        "splat_residual": ("splat_residual", 0.5),
        "occlusion": ("occlusion_logits", 1.0),
    }
    for name, (parameter, amount) in faults.items():
        avatar = small_avatar(num_splats=DENSE)
        with torch.no_grad():
            getattr(avatar, parameter).add_(amount)
        terms = restraints(avatar, LossWeights())
        assert float(terms[name].detach()) > 1e-4, name
        others = [other for other in terms if other != name]
        assert all(float(terms[other].detach()) < 1e-5 for other in others), (name, terms)


def test_a_light_is_held_to_what_it_started_from() -> None:
    # However peaked and dim the start is, leaving it costs, not being it.
    start = torch.full((8, 16, 3), 0.5)
    start[2, 3] = 20.0
    assert light_penalty(start, start) == 0
    dimmer = float(light_penalty(start / 2, start))
    assert dimmer == pytest.approx(math.log(2) ** 2, rel=0.05)
    flattened = light_penalty(torch.full_like(start, float(start.mean())), start)
    assert flattened > dimmer


def test_occlusion_counts_by_how_much_it_varies_over_the_poses() -> None:
    avatar = small_avatar(num_splats=DENSE)
    codes = torch.randn(20_000, avatar.model.num_codes, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        avatar.occlusion_basis.copy_(0.3 * codes[: avatar.num_splats])
        moved = codes @ avatar.occlusion_basis[0]
        avatar.occlusion_basis[1:] = 0
    term = float(restraints(avatar, LossWeights(occlusion=1.0))["occlusion"].detach())
    # The variance of 20,000 samples is known to 1 %.
    assert term * avatar.num_splats == pytest.approx(float(moved.square().mean()), rel=0.05)


def test_occlusion_that_is_switched_off_is_not_restrained() -> None:
    avatar = small_avatar(num_splats=DENSE)
    avatar.model = replace(avatar.model, occlusion="off")
    assert "occlusion" not in restraints(avatar, LossWeights())


def variety(log_albedo: torch.Tensor) -> float:
    """The albedo term of an avatar with given log albedos."""
    avatar = small_avatar(num_splats=DENSE)
    with torch.no_grad():
        avatar.albedo_logits.copy_(torch.logit(log_albedo[:, None].expand(-1, 3).exp()))
    return float(restraints(avatar, LossWeights())["albedo"].detach())


def test_gentle_shading_in_the_albedo_is_drawn_out_and_hair_beside_skin_left_alone() -> None:
    height = small_avatar(num_splats=DENSE).means.detach()[:, 1]
    height = (height - height.amin()) / (height.amax() - height.amin())
    gentle = [variety(-2 - amount * height) for amount in (0.1, 0.2)]
    hair = [variety(-2 - amount * (height > 0.8)) for amount in (2.0, 4.0)]
    # Quadratic near zero, logarithmic far out.
    assert gentle[1] > 3 * gentle[0] > 0
    assert hair[1] < 1.5 * hair[0]


def test_a_guessed_albedo_counts_where_a_frame_has_one() -> None:
    avatar, camera = small_avatar(), portrait_camera()
    pose = talking_poses(avatar.rig, 5)[1]
    raster = rasterize(avatar.splat(pose, camera), camera)
    drawn = srgb_from_linear(raster.sum("albedo")).detach()
    frame = TrainingFrame(0, camera, drawn, raster.alpha.detach())
    assert albedo_loss(raster, frame, LossWeights()) == {}
    same = albedo_loss(raster, replace(frame, albedo=drawn), LossWeights(pseudo_albedo=0.5))
    assert float(same["pseudo_albedo"].detach()) == 0
    lighter = replace(frame, albedo=drawn + 0.1)
    apart = albedo_loss(raster, lighter, LossWeights(pseudo_albedo=0.5))["pseudo_albedo"]
    assert float(apart.detach()) == pytest.approx(0.05)
    apart.backward()
    assert avatar.albedo_logits.grad is not None
    # A lighter guess asks for lighter albedo, of which the logits' gradient is negative.
    assert float(avatar.albedo_logits.grad.sum()) < 0


def test_normals_of_the_depth_of_a_plane_are_the_planes() -> None:
    camera = portrait_camera(24)
    normal = torch.nn.functional.normalize(torch.tensor([0.3, 0.2, 1.0]), dim=0)
    rays = camera.pixel_rays()
    distance = ((torch.tensor([0.0, 1.5, 0.0]) - camera.center) @ normal) / (rays @ normal)
    depth = distance * (rays @ camera.camera_from_world[2, :3])
    # Differences of float32 coordinates of a metre, over 30 mm.
    torch.testing.assert_close(
        normals_of_depth(depth, camera), normal.expand(22, 22, 3), rtol=0, atol=1e-4
    )


def test_normals_that_leave_the_depth_cost() -> None:
    camera = portrait_camera()
    avatar = small_avatar(num_splats=DENSE)
    with torch.no_grad():
        avatar.opacity_logits.add_(4)
    pose = talking_poses(avatar.rig, 5)[1]
    weights = LossWeights(depth_normal=1.0)
    near = depth_normal_loss(rasterize(avatar.splat(pose, camera), camera), camera, weights)
    with torch.no_grad():
        avatar.quaternions.add_(
            0.3 * torch.randn(DENSE, 4, generator=torch.Generator().manual_seed(0))
        )
    far = depth_normal_loss(rasterize(avatar.splat(pose, camera), camera), camera, weights)
    assert 0 < float(near["depth_normal"].detach()) < float(far["depth_normal"].detach())
    far["depth_normal"].backward()
    for parameter in (avatar.means, avatar.quaternions):
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
    off = LossWeights(depth_normal=0.0)
    assert depth_normal_loss(rasterize(avatar.splat(pose, camera), camera), camera, off) == {}
