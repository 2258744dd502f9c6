"""The head avatar: laws of its deformation, and light that behaves like light."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses

from incarnate.avatars.avatar import render, render_alpha
from incarnate.avatars.head import SPLAT_PARAMETERS, HeadModel, thin_axis
from incarnate.geometry.rotations import matrix_from_axis_angle, matrix_from_quaternion
from incarnate.light.environment import Environment
from incarnate.rigs.rig import rest_pose
from incarnate.splats.rasterize import rasterize


def test_rest_pose_leaves_splats_where_they_start() -> None:
    avatar = small_avatar()
    splats = avatar.splat(rest_pose(avatar.rig), portrait_camera())
    with torch.no_grad():
        codes = avatar.projection(rest_pose(avatar.rig))
        rest = avatar.means + avatar.corrective_basis @ codes
    torch.testing.assert_close(splats.means, rest, rtol=0, atol=1e-6)
    turned = (matrix_from_quaternion(splats.quaternions)
              - matrix_from_quaternion(avatar.quaternions)).abs()  # fmt: skip
    assert turned.max() < 1e-5


def test_root_motion_moves_all_splats_rigidly() -> None:
    avatar, camera = small_avatar(), portrait_camera()
    pose = talking_poses(avatar.rig, 5)[2]
    turn, shift = torch.tensor([0.2, -0.4, 0.1]), torch.tensor([0.03, -0.02, 0.05])
    moved = avatar.splat(replace(pose, root_rotation=turn, root_translation=shift), camera)
    still = avatar.splat(pose, camera)
    rotation, pivot = matrix_from_axis_angle(turn), avatar.rig.joints[0]
    expected = (still.means - pivot) @ rotation.T + pivot + shift
    # Positions are about 1.5 m from the origin in float32.
    torch.testing.assert_close(moved.means, expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(
        thin_axis(moved.quaternions), thin_axis(still.quaternions) @ rotation.T, rtol=0, atol=1e-5
    )


def test_thin_axis_is_the_third_column() -> None:
    quaternions = torch.randn(20, 4, dtype=torch.float64)
    expected = matrix_from_quaternion(quaternions)[..., 2]
    torch.testing.assert_close(thin_axis(quaternions), expected, rtol=0, atol=1e-12)


def test_expression_moves_splats_as_the_rig_says() -> None:
    avatar, camera = small_avatar(), portrait_camera()
    rest = rest_pose(avatar.rig)
    expression = rest.expression.clone()
    expression[avatar.rig.expression_names.index("cheekPuff")] = 1.0
    puffed = avatar.splat(replace(rest, expression=expression), camera)
    moved = puffed.means - avatar.splat(rest, camera).means
    expected = avatar.rig_basis @ expression
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shading", ["shaded", "baked"])
def test_every_parameter_learns(shading: str) -> None:
    avatar = small_avatar(HeadModel(num_codes=4, shading=shading))  # type: ignore[arg-type]
    image = render(avatar, talking_poses(avatar.rig, 5)[1], portrait_camera())
    weights = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    (image * weights).sum().backward()
    unlit = {"roughness_logits", "reflectance_logits", "occlusion_logits", "occlusion_basis"}
    unlit |= {"splat_residual"}
    for name in SPLAT_PARAMETERS:
        gradient = getattr(avatar, name).grad
        learns = gradient is not None and bool(gradient.any())
        assert learns == (shading == "shaded" or name not in unlit), name
        assert gradient is None or bool(gradient.isfinite().all()), name
    assert (avatar.light_logits.grad is not None) == (shading == "shaded")


def test_frozen_bases_do_not_learn() -> None:
    avatar = small_avatar(HeadModel(num_codes=4, bases="frozen"))
    render(avatar, talking_poses(avatar.rig, 5)[1], portrait_camera()).sum().backward()
    assert avatar.corrective_basis.grad is None
    assert avatar.skinning_logits.grad is None


def test_brightness_follows_the_light_linearly() -> None:
    avatar, camera, pose = small_avatar(), portrait_camera(), rest_pose(small_avatar().rig)
    light = Environment(torch.rand(16, 32, 3, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        once, thrice = (render(avatar, pose, camera, light.scaled(g)) for g in (1.0, 3.0))
    torch.testing.assert_close(3 * once, thrice, rtol=1e-4, atol=1e-5)


def test_light_from_the_left_brightens_the_left() -> None:
    avatar, camera, pose = small_avatar(), portrait_camera(), rest_pose(small_avatar().rig)
    radiance = torch.full((16, 32, 3), 0.05)
    radiance[4:10, 14:18] = 5.0  # the middle of the map lies toward +x, the subject's left
    with torch.no_grad():
        image = render(avatar, pose, camera, Environment(radiance)).mean(-1)
        turned = render(avatar, pose, camera, Environment(radiance, torch.pi)).mean(-1)
    half = image.shape[1] // 2
    # The camera faces the subject: the subject's left is the picture's right.
    assert image[:, half:].mean() > 1.5 * image[:, :half].mean()
    assert turned[:, :half].mean() > 1.5 * turned[:, half:].mean()


@pytest.mark.parametrize("name", ["residual", "splat_residual"])
def test_what_the_training_light_leaves_unexplained_stays_with_it(name: str) -> None:
    avatar, camera, pose = small_avatar(), portrait_camera(), rest_pose(small_avatar().rig)
    other = Environment(torch.ones(16, 32, 3))
    with torch.no_grad():
        before = render(avatar, pose, camera), render(avatar, pose, camera, other)
        getattr(avatar, name).fill_(-0.3)
        after = render(avatar, pose, camera), render(avatar, pose, camera, other)
    assert after[0].sum() < 0.9 * before[0].sum()
    torch.testing.assert_close(after[1], before[1])


def test_background_shows_where_the_avatar_is_not() -> None:
    avatar, camera, pose = small_avatar(), portrait_camera(), rest_pose(small_avatar().rig)
    with torch.no_grad():
        alpha = render_alpha(avatar, pose, camera)
        black = render(avatar, pose, camera)
        white = render(avatar, pose, camera, background=torch.ones(1, 1, 3))
    torch.testing.assert_close(white - black, (1 - alpha)[..., None].expand_as(black))
    assert alpha[0, 0] == 0
    assert alpha.max() > 0.9


def test_splatted_normals_face_the_camera_at_the_nose() -> None:
    avatar, camera = small_avatar(num_splats=4000), portrait_camera()
    with torch.no_grad():
        raster = rasterize(avatar.splat(rest_pose(avatar.rig), camera), camera)
    nearest = raster.depth.masked_fill(raster.alpha < 0.9, 10).flatten().argmin()
    normal = raster["normal"].flatten(0, 1)[nearest]
    assert normal[2] > 0.5
