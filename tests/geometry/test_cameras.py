"""Cameras: rays meet pixel centres, crops and sizes keep the view, look_at looks."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics

# float64 pixels: coordinates up to a few hundred, so eleven digits after them.
assert_same_pixels = partial(torch.testing.assert_close, atol=1e-9, rtol=0.0)
assert_exact = partial(torch.testing.assert_close, atol=1e-12, rtol=0.0)


def skewed_camera(width: int = 7, height: int = 5) -> Camera:
    """A camera whose focal lengths differ and whose principal point is off the centre."""
    intrinsics = torch.tensor(
        [[11.0, 0.0, 2.25], [0.0, 13.0, 4.5], [0.0, 0.0, 1.0]], dtype=torch.float64
    )
    eye = torch.tensor([0.3, 1.2, 2.0], dtype=torch.float64)
    return Camera(intrinsics, look_at(eye, torch.zeros(3, dtype=torch.float64)), width, height)


def pixel_centers(camera: Camera) -> Tensor:
    ys, xs = torch.meshgrid(
        torch.arange(camera.height) + 0.5, torch.arange(camera.width) + 0.5, indexing="ij"
    )
    return torch.stack([xs, ys], -1).double()


def points_in_view(camera: Camera) -> Tensor:
    """One world point behind every pixel's centre, at differing depths."""
    rays = camera.pixel_rays()
    depths = torch.linspace(0.5, 3.0, camera.width * camera.height, dtype=torch.float64)
    return camera.center + rays * depths.reshape(camera.height, camera.width, 1)


def test_a_point_on_a_pixels_ray_projects_to_its_centre() -> None:
    camera = skewed_camera()
    projected = camera.project(points_in_view(camera).reshape(-1, 3))
    assert_same_pixels(projected, pixel_centers(camera).reshape(-1, 2))


def test_rays_are_unit_and_point_forward() -> None:
    camera = skewed_camera()
    rays = camera.pixel_rays()
    assert_exact(rays.norm(dim=-1), torch.ones_like(rays[..., 0]))
    assert (rays @ camera.camera_from_world[2, :3] > 0).all()


def test_the_projection_agrees_with_homogeneous_coordinates(generator: torch.Generator) -> None:
    camera = skewed_camera()
    points = torch.randn(3, 6, 3, generator=generator, dtype=torch.float64) * 0.2
    homogeneous = torch.cat([points, torch.ones_like(points[..., :1])], -1)
    matrix = camera.intrinsics @ camera.camera_from_world[:3]
    image = torch.einsum("ij,...j->...i", matrix, homogeneous)
    assert_same_pixels(camera.project(points), image[..., :2] / image[..., 2:])


@given(st.integers(1, 40), st.integers(1, 40))
def test_resizing_scales_the_picture(width: int, height: int) -> None:
    camera = skewed_camera()
    points = points_in_view(camera).reshape(-1, 3)
    scale = torch.tensor([width / camera.width, height / camera.height], dtype=torch.float64)
    resized = camera.resized(width, height)
    assert (resized.width, resized.height) == (width, height)
    assert_same_pixels(resized.project(points), camera.project(points) * scale)


def test_resizing_there_and_back_is_nothing() -> None:
    camera = skewed_camera()
    back = camera.resized(31, 17).resized(camera.width, camera.height)
    assert_exact(back.intrinsics, camera.intrinsics)


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_cropping_shifts_the_picture(left: int, top: int) -> None:
    camera = skewed_camera()
    points = points_in_view(camera).reshape(-1, 3)
    shift = torch.tensor([left, top], dtype=torch.float64)
    cropped = camera.cropped(left, top, 4, 3)
    assert (cropped.width, cropped.height) == (4, 3)
    assert_same_pixels(cropped.project(points), camera.project(points) - shift)


def test_a_crop_has_the_rays_of_its_window() -> None:
    camera = skewed_camera()
    window = camera.cropped(2, 1, 4, 3).pixel_rays()
    assert_exact(window, camera.pixel_rays()[1:4, 2:6])


def test_world_from_camera_puts_the_centre_where_the_eye_is() -> None:
    camera = skewed_camera()
    eye = torch.tensor([0.3, 1.2, 2.0], dtype=torch.float64)
    assert_exact(camera.center, eye)
    assert_exact(
        camera.world_from_camera @ camera.camera_from_world, torch.eye(4, dtype=torch.float64)
    )


def test_look_at_sees_its_target_in_the_middle_and_up_above() -> None:
    eye = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    target = torch.tensor([0.2, 1.5, -1.0], dtype=torch.float64)
    intrinsics = pinhole_intrinsics(math.radians(40), 64, 48, torch.float64)
    camera = Camera(intrinsics, look_at(eye, target), 64, 48)
    above = target + torch.tensor([0.0, 0.1, 0.0], dtype=torch.float64)
    middle, higher = camera.project(torch.stack([target, above]))
    assert_same_pixels(middle, torch.tensor([32.0, 24.0], dtype=torch.float64))
    assert higher[1] < 24, "y points down in the picture"
    assert torch.linalg.det(camera.camera_from_world[:3, :3]).item() == pytest.approx(1.0)


def test_the_default_view_has_the_subjects_left_on_the_right() -> None:
    # docs/conventions.md: the subject faces +z with x to its left; a camera in front mirrors that.
    eye = torch.tensor([0.0, 0.0, 2.0])
    camera = Camera(pinhole_intrinsics(0.5, 64, 64), look_at(eye, torch.zeros(3)), 64, 64)
    assert camera.project(torch.tensor([[0.1, 0.0, 0.0]]))[0, 0] > 32


def test_the_vertical_field_of_view_spans_the_height() -> None:
    intrinsics = pinhole_intrinsics(math.radians(60), 30, 20, torch.float64)
    half_height = intrinsics[1, 2] / intrinsics[1, 1]
    assert math.atan(half_height) == pytest.approx(math.radians(30))
    assert intrinsics[0, 0] == intrinsics[1, 1]


def test_to_moves_both_tensors() -> None:
    camera = skewed_camera().to(torch.float32)
    assert camera.intrinsics.dtype == camera.camera_from_world.dtype == torch.float32
