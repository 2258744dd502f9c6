import math

import pytest
import torch
from tests.light.maps import turned, unit_vectors

from incarnate.light.environment import (
    Environment,
    directions_of_texels,
    map_coordinates,
    solid_angles_of_texels,
)


def test_axes_read_the_columns_and_rows_of_the_conventions() -> None:
    expected = {
        (1.0, 0.0, 0.0): (0.5, 0.5),
        (0.0, 0.0, 1.0): (0.75, 0.5),
        (0.0, 0.0, -1.0): (0.25, 0.5),
        (0.0, 1.0, 0.0): (0.5, 0.0),
        (0.0, -1.0, 0.0): (0.5, 1.0),
    }
    for direction, coordinates in expected.items():
        found = map_coordinates(torch.tensor(direction))
        torch.testing.assert_close(found, torch.tensor(coordinates))


@pytest.mark.parametrize("height", [2, 7, 32])
def test_texel_centres_read_themselves(height: int) -> None:
    directions = directions_of_texels(height, 2 * height, torch.float64)
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(height, 2 * height).double())
    coordinates = map_coordinates(directions)
    column = (torch.arange(2 * height).double() + 0.5) / (2 * height)
    row = (torch.arange(height).double() + 0.5) / height
    torch.testing.assert_close(coordinates[..., 0], column.expand(height, -1))
    torch.testing.assert_close(coordinates[..., 1], row[:, None].expand(-1, 2 * height))


@pytest.mark.parametrize("height", [1, 5, 64])
def test_solid_angles_sum_to_the_sphere(height: int) -> None:
    total = solid_angles_of_texels(height, 2 * height, torch.float64).sum()
    torch.testing.assert_close(total, torch.tensor(4 * math.pi).double())


def test_solid_angle_of_small_texels_is_sine_times_steps() -> None:
    height = 256
    step = math.pi / height
    sine = directions_of_texels(height, 2 * height, torch.float64)[..., [0, 2]].norm(dim=-1)
    expected = sine * step * step
    # The midpoint rule's error is step² / 24.
    torch.testing.assert_close(
        solid_angles_of_texels(height, 2 * height, torch.float64), expected, rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("angle", [-4.0, 0.3, math.pi / 2, 7.0])
def test_rotation_turns_light_as_a_vector(angle: float, generator: torch.Generator) -> None:
    directions = unit_vectors(50, generator).double()
    there = map_coordinates(turned(directions, angle), rotation=angle)
    back = map_coordinates(directions)
    difference = (there - back + 0.5) % 1.0 - 0.5
    # The helper's cosine is float32.
    torch.testing.assert_close(difference, torch.zeros(50, 2).double(), atol=1e-6, rtol=0)


def test_rotations_add_up_and_gains_multiply() -> None:
    env = Environment(torch.rand(2, 4, 3), name="lamp")
    assert env.rotated(0.5).rotated(0.25).rotation == 0.75
    gain = torch.tensor([1.0, 2.0, 0.5])
    torch.testing.assert_close(env.scaled(3.0).scaled(gain).radiance, env.radiance * 3 * gain)
    assert env.rotated(1.0).scaled(2.0).name == "lamp"
