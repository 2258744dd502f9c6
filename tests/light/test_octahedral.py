import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.light.maps import AXES, unit_vectors
from torch import Tensor

from incarnate.light.octahedral import (
    direction_from_square,
    directions_of_octahedral_texels,
    octahedral_taps,
    square_from_direction,
)

coordinate = st.floats(-1, 1, allow_nan=False, width=32)


def read(texels: Tensor, directions: Tensor, side: int) -> Tensor:
    square = square_from_direction(directions)
    taps, weights = octahedral_taps(square, square.new_full((1,), float(side)))
    return sum(
        (texels[tap] * weight[:, None] for tap, weight in zip(taps, weights, strict=True)),
        start=torch.zeros(()),
    )


@given(coordinate, coordinate, coordinate)
def test_directions_come_back(x: float, y: float, z: float) -> None:
    vector = torch.tensor([x, y, z], dtype=torch.float64)
    if vector.norm() < 1e-3:
        return
    direction = torch.nn.functional.normalize(vector, dim=0)
    square = square_from_direction(vector)
    assert square.abs().max() <= 1
    torch.testing.assert_close(direction_from_square(square), direction)


@given(coordinate, coordinate)
def test_squares_come_back(a: float, b: float) -> None:
    square = torch.tensor([a, b], dtype=torch.float64)
    direction = direction_from_square(square)
    back = square_from_direction(direction)
    # On the square's edges two points stand for one direction: compare directions there.
    torch.testing.assert_close(direction_from_square(back), direction)
    if square.abs().max() < 1 - 1e-9:
        torch.testing.assert_close(back, square, atol=1e-12, rtol=0)


def test_axes_lie_at_the_middle_the_corners_and_the_edges() -> None:
    squares = square_from_direction(AXES)
    torch.testing.assert_close(squares[2], torch.zeros(2))
    torch.testing.assert_close(squares[3].abs(), torch.ones(2))
    torch.testing.assert_close(squares[0], torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(squares[4], torch.tensor([0.0, 1.0]))


@pytest.mark.parametrize("side", [2, 8, 32])
def test_texels_read_themselves(side: int) -> None:
    directions = directions_of_octahedral_texels(side, torch.float64)
    assert len(directions) == (side + 1) ** 2
    torch.testing.assert_close(read(directions, directions, side), directions)


@pytest.mark.parametrize("side", [2, 8, 32])
def test_weights_are_shares_of_texels_that_exist(side: int, generator: torch.Generator) -> None:
    square = torch.cat([torch.rand(500, 2, generator=generator) * 2 - 1, AXES[:, [0, 2]]])
    taps, weights = octahedral_taps(square, torch.tensor([float(side)]))
    torch.testing.assert_close(torch.stack(weights).sum(0), torch.ones(506))
    # Rounding of p + q − 1 can leave a weight a few 1e-7 below zero.
    assert min(float(weight.min()) for weight in weights) > -1e-5
    assert min(int(tap.min()) for tap in taps) >= 0
    assert max(int(tap.max()) for tap in taps) < (side + 1) ** 2


def creases() -> Tensor:
    """Directions along the map's creases: the planes x = 0, y = 0 and z = 0."""
    angle = torch.linspace(0, 2 * math.pi, 181, dtype=torch.float64)[:-1]
    c, s, o = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return torch.cat([torch.stack(axes, -1) for axes in ((o, c, s), (c, o, s), (c, s, o))])


def test_reads_are_continuous_across_creases(generator: torch.Generator) -> None:
    side = 8
    # Texels on the edges exist twice and have to agree, as they do in a filtered map.
    mixing = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    texels = (directions_of_octahedral_texels(side, torch.float64) @ mixing).sin()
    on = creases()
    for _ in range(4):
        step = 1e-7 * unit_vectors(len(on), generator)
        # Texels differ by less than 3, and lie more than 0.05 rad apart.
        torch.testing.assert_close(
            read(texels, on + step, side), read(texels, on - step, side), atol=3e-5, rtol=0
        )


def test_creases_do_not_show_in_smooth_light() -> None:
    side = 32
    directions = directions_of_octahedral_texels(side, torch.float64)
    on = creases()
    off = torch.nn.functional.normalize(on + 0.01, dim=-1)
    error_on = (read(directions, on, side) - on).norm(dim=-1)
    error_off = (read(directions, off, side) - off).norm(dim=-1)
    # Linear interpolation over cells of 0.15 rad from corner to corner: 0.15²/8. Blending across a
    # crease is off by half a texel, 0.04.
    assert error_on.max() < 3e-3
    assert error_off.max() < 3e-3


def test_the_gradient_of_a_read_is_that_of_its_differences(generator: torch.Generator) -> None:
    side = 8
    texels = torch.rand((side + 1) ** 2, 3, generator=generator, dtype=torch.float64)
    directions = unit_vectors(20, generator).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda d: read(texels, d, side), (directions,))
