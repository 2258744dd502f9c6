import math

import pytest
import torch

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.light.environment import Environment
from incarnate.view.paths import center_of, light_sweep, orbit, turntable


@pytest.fixture
def camera() -> Camera:
    pose = look_at(torch.tensor([0.1, 0.3, 2.0]).double(), torch.tensor([0.0, 0.2, 0.0]).double())
    return Camera(pinhole_intrinsics(0.4, 60, 40, torch.float64), pose, 60, 40)


TARGET = torch.tensor([0.05, 0.1, -0.2]).double()


@pytest.mark.parametrize("angle", [-2.0, 0.0, 0.7, math.pi])
def test_target_keeps_its_place_and_distance(camera: Camera, angle: float) -> None:
    moved = orbit(camera, TARGET, angle)
    torch.testing.assert_close(moved.project(TARGET[None]), camera.project(TARGET[None]))
    torch.testing.assert_close((moved.center - TARGET).norm(), (camera.center - TARGET).norm())
    # The way is level: height stays.
    torch.testing.assert_close(moved.center[1], camera.center[1])
    assert moved.intrinsics is camera.intrinsics


def test_positive_angle_goes_to_the_persons_left() -> None:
    pose = look_at(torch.tensor([0, 0, 1.0]), torch.zeros(3))
    front = Camera(pinhole_intrinsics(0.4, 8, 8), pose, 8, 8)
    quarter = orbit(front, torch.zeros(3), math.pi / 2)
    # A quarter turn of a unit vector in float32.
    torch.testing.assert_close(quarter.center, torch.tensor([1.0, 0, 0]), atol=1e-6, rtol=0)


def test_orbits_add_up(camera: Camera) -> None:
    twice = orbit(orbit(camera, TARGET, 0.3), TARGET, 0.5)
    torch.testing.assert_close(
        twice.camera_from_world, orbit(camera, TARGET, 0.8).camera_from_world
    )


def angles(cameras: list[Camera]) -> list[float]:
    start = cameras[0].center - TARGET
    found = []
    for camera in cameras:
        arm = camera.center - TARGET
        cross = start[2] * arm[0] - start[0] * arm[2]
        found.append(math.atan2(cross.item(), (start[0] * arm[0] + start[2] * arm[2]).item()))
    return found


def test_swing_reaches_both_sides_and_starts_in_the_middle(camera: Camera) -> None:
    turns = angles(turntable(camera, TARGET, num_frames=8, turn=0.6))
    assert turns[0] == 0
    assert max(turns) == pytest.approx(0.6)
    assert min(turns) == pytest.approx(-0.6)


def test_full_turn_is_even_and_closes(camera: Camera) -> None:
    turns = angles(turntable(camera, TARGET, num_frames=4, turn=2 * math.pi))
    assert [t % (2 * math.pi) for t in turns] == pytest.approx(
        [0, math.pi / 2, math.pi, 3 * math.pi / 2]
    )


def test_light_sweep_turns_once() -> None:
    lights = light_sweep(Environment(torch.ones(2, 4, 3), rotation=0.2), 4)
    assert [light.rotation for light in lights] == pytest.approx(
        [0.2 + i * math.pi / 2 for i in range(4)]
    )


def test_center_ignores_strays() -> None:
    points = torch.zeros(9, 3)
    points[0] = 1e6
    assert center_of(points).tolist() == [0, 0, 0]
    assert center_of(points[:0]).tolist() == [0, 0, 0]
