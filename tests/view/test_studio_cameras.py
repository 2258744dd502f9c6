"""A visitor put where a camera is sees what that camera sees."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.avatars.people import portrait_camera

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.view.studio_cameras import (
    Viewpoint,
    beside,
    orbit_point,
    vertical_fov,
    viewpoint_of,
)

coordinate = st.floats(-2.0, 2.0)


@given(eye=st.tuples(coordinate, coordinate, coordinate), fov=st.floats(0.1, 2.0))
def test_a_camera_comes_back_from_its_viewpoint(
    eye: tuple[float, float, float], fov: float
) -> None:
    place = torch.tensor(eye) + torch.tensor([0.0, 0.0, 5.0])
    view = look_at(place, torch.zeros(3))
    camera = Camera(pinhole_intrinsics(fov, 64, 48), view, 64, 48)
    again = viewpoint_of(camera).camera(64)
    assert (again.width, again.height) == (64, 48)
    points = torch.tensor([[0.1, 0.2, 0.3], [-0.3, 0.1, 0.0]])
    # Single precision through a quaternion, over at most 7 m: a hundredth of a pixel.
    torch.testing.assert_close(again.project(points), camera.project(points), atol=1e-2, rtol=0)


@pytest.mark.parametrize("aspect", [0.4, 1.0, 2.5])
def test_a_window_of_any_shape_is_filled_and_keeps_its_vertical_view(aspect: float) -> None:
    viewpoint = Viewpoint((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.8, aspect)
    camera = viewpoint.camera(200)
    assert max(camera.width, camera.height) == 200
    assert camera.width / camera.height == pytest.approx(aspect, rel=0.01)
    assert vertical_fov(camera) == pytest.approx(0.8)
    # What the window shows at its right edge, at distance one, is at the picture's right edge.
    edge = torch.tensor([[aspect * math.tan(0.4), 0.0, 1.0]])
    assert float(camera.project(edge)[0, 0]) == pytest.approx(camera.width, rel=1e-5)


def test_visitors_orbit_about_a_point_before_the_camera() -> None:
    camera = portrait_camera(48)
    points = torch.tensor([[0.0, 1.5, 0.1], [0.1, 1.6, 0.1], [-0.1, 1.4, 0.1]])
    pixel = camera.project(orbit_point(camera, points)[None])[0]
    torch.testing.assert_close(pixel, torch.tensor([24.0, 24.0]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("fov", [0.2, 0.6, 1.2])
@pytest.mark.parametrize("eye", [(0.0, 1.5, 2.0), (-3.0, 1.0, 0.5)])
def test_beside_a_camera_one_sees_it_and_what_it_sees(
    eye: tuple[float, float, float], fov: float
) -> None:
    points = torch.tensor([[0.0, 1.5, 0.1], [0.1, 1.6, 0.1], [-0.1, 1.4, 0.1]])
    view = look_at(torch.tensor(eye), points[0])
    camera = Camera(pinhole_intrinsics(fov, 64, 64), view, 64, 64)
    outside = beside(camera, points)
    shown = torch.cat([points, camera.center[None]])
    pixels = outside.project(shown)
    assert bool(((pixels > 0) & (pixels < 64)).all())
    # It stands behind the camera, as the camera sees it, and upright.
    assert float((camera.camera_from_world[2, :3] * (outside.center - camera.center)).sum()) < 0
    assert float(outside.camera_from_world[1, 1]) < 0
