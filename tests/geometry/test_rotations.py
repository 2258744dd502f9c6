"""Group laws, round trips near the singular points, and gradients of the rotation maps."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from incarnate.geometry import rotations

# float64 carries 16 digits; these formulas lose three or four of them at the worst points.
assert_exact = partial(torch.testing.assert_close, atol=1e-12, rtol=0.0)
# Near π the half angle's cosine is near 0 and the axis comes from a difference: half the digits.
assert_close_near_pi = partial(torch.testing.assert_close, atol=1e-7, rtol=0.0)

angles = st.floats(-math.pi + 1e-3, math.pi - 1e-3)
axis_angles = st.tuples(angles, angles, angles).map(
    lambda v: torch.tensor(v, dtype=torch.float64) / math.sqrt(3)
)
quaternions = st.tuples(*[st.floats(-1, 1)] * 4).map(lambda v: torch.tensor(v, dtype=torch.float64))
BATCHES = [(), (1,), (3,), (2, 3), (0,)]


def random_rotations(generator: torch.Generator, *batch: int) -> Tensor:
    quaternion = torch.randn(*batch, 4, generator=generator, dtype=torch.float64)
    return rotations.matrix_from_quaternion(quaternion)


def assert_rotation(matrix: Tensor) -> None:
    identity = torch.eye(3, dtype=matrix.dtype).expand_as(matrix)
    assert_exact(matrix @ matrix.mT, identity)
    assert_exact(torch.linalg.det(matrix), torch.ones_like(matrix[..., 0, 0]))


@given(quaternions)
def test_a_quaternion_gives_a_rotation(quaternion: Tensor) -> None:
    assert_rotation(rotations.matrix_from_quaternion(quaternion))


@given(quaternions, quaternions)
def test_the_quaternion_product_is_the_matrix_product(first: Tensor, second: Tensor) -> None:
    first, second = map(rotations.quaternion_normalized, (first, second))
    assert_exact(
        rotations.matrix_from_quaternion(rotations.quaternion_product(first, second)),
        rotations.matrix_from_quaternion(first) @ rotations.matrix_from_quaternion(second),
    )


@given(quaternions, quaternions, quaternions)
def test_the_quaternion_product_is_associative(a: Tensor, b: Tensor, c: Tensor) -> None:
    product = rotations.quaternion_product
    assert_exact(product(product(a, b), c), product(a, product(b, c)))


@given(axis_angles)
def test_the_opposite_axis_angle_is_the_inverse(axis_angle: Tensor) -> None:
    forth = rotations.matrix_from_axis_angle(axis_angle)
    back = rotations.matrix_from_axis_angle(-axis_angle)
    assert_exact(forth @ back, torch.eye(3, dtype=torch.float64))


@given(axis_angles)
def test_axis_angle_is_the_matrix_exponential(axis_angle: Tensor) -> None:
    x, y, z = axis_angle.tolist()
    skew = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
    # SciPy's: torch's own is off by 5e-11 at small angles.
    exponential = torch.from_numpy(scipy.linalg.expm(skew.numpy()))
    assert_exact(rotations.matrix_from_axis_angle(axis_angle), exponential)


@given(axis_angles)
def test_axis_angle_survives_the_round_trip_through_a_matrix(axis_angle: Tensor) -> None:
    back = rotations.axis_angle_from_matrix(rotations.matrix_from_axis_angle(axis_angle))
    assert_close_near_pi(back, axis_angle)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-8, 1e-4, 1e-3, 9.99e-4, math.pi - 1e-6])
def test_round_trip_near_the_singular_angles(angle: float) -> None:
    axis = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    axis_angle = angle * axis / axis.norm()
    back = rotations.axis_angle_from_matrix(rotations.matrix_from_axis_angle(axis_angle))
    assert_close_near_pi(back, axis_angle)


@pytest.mark.parametrize("axis", torch.eye(3, dtype=torch.float64).unbind())
def test_a_half_turn_comes_back_as_the_same_rotation(axis: Tensor) -> None:
    # At π both signs of the axis are right, so the rotations are compared, not the vectors.
    half_turn = rotations.matrix_from_axis_angle(math.pi * axis)
    back = rotations.axis_angle_from_matrix(half_turn)
    assert back.norm().item() == pytest.approx(math.pi)
    assert_close_near_pi(rotations.matrix_from_axis_angle(back), half_turn)


def test_a_quaternion_comes_back_with_positive_w(generator: torch.Generator) -> None:
    quaternion = torch.randn(200, 4, generator=generator, dtype=torch.float64)
    unit = rotations.quaternion_normalized(quaternion)
    expected = torch.where(unit[:, :1] < 0, -unit, unit)
    matrix = rotations.matrix_from_quaternion(quaternion)
    assert_exact(rotations.quaternion_from_matrix(matrix), expected)


def test_the_zero_quaternion_is_the_identity() -> None:
    matrix = rotations.matrix_from_quaternion(torch.zeros(2, 4))
    torch.testing.assert_close(matrix, torch.eye(3).expand(2, 3, 3))


@pytest.mark.parametrize("batch", BATCHES)
def test_leading_dimensions_and_dtype_are_kept(batch: tuple[int, ...]) -> None:
    axis_angle = torch.zeros(*batch, 3, dtype=torch.float32)
    quaternion = rotations.quaternion_from_axis_angle(axis_angle)
    matrix = rotations.matrix_from_quaternion(quaternion)
    back = rotations.axis_angle_from_matrix(matrix)
    assert quaternion.shape == (*batch, 4)
    assert matrix.shape == (*batch, 3, 3)
    assert back.shape == (*batch, 3)
    assert {quaternion.dtype, matrix.dtype, back.dtype} == {torch.float32}


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (rotations.matrix_from_axis_angle, torch.zeros(3)),
        (rotations.quaternion_from_axis_angle, torch.zeros(3)),
        (rotations.axis_angle_from_quaternion, torch.tensor([1.0, 0.0, 0.0, 0.0])),
        (rotations.axis_angle_from_matrix, torch.eye(3)),
        (rotations.quaternion_normalized, torch.zeros(4)),
        (rotations.quaternion_normalized, torch.tensor([1.0, 0.0, 0.0, 0.0])),
        (rotations.orthonormalized, torch.eye(3)),
    ],
)
def test_gradients_are_finite_at_the_identity(
    function: Callable[[Tensor], Tensor], at: Tensor
) -> None:
    point = at.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(point).sum(), point)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("angle", [0.0, 5e-4, 2e-3, 1.0, 3.0])
def test_gradients_match_finite_differences(angle: float) -> None:
    # Angles on both sides of the 1 mrad where the series gives way to the formula.
    axis_angle = torch.tensor([0.6, 0.0, -0.8], dtype=torch.float64) * angle
    assert torch.autograd.gradcheck(
        rotations.matrix_from_axis_angle, axis_angle.requires_grad_(), eps=1e-6, atol=1e-6
    )


def test_nearest_rotation_leaves_rotations_and_mends_reflections(
    generator: torch.Generator,
) -> None:
    matrix = random_rotations(generator, 20)
    assert_exact(rotations.nearest_rotation(matrix), matrix)
    reflected = matrix * torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    assert_rotation(rotations.nearest_rotation(reflected))


def test_no_small_turn_is_nearer_than_the_nearest_rotation(generator: torch.Generator) -> None:
    matrix = torch.randn(10, 3, 3, generator=generator, dtype=torch.float64)
    nearest = rotations.nearest_rotation(matrix)
    distance = (nearest - matrix).norm(dim=(-2, -1))
    for turn in 0.05 * torch.randn(8, 3, generator=generator, dtype=torch.float64):
        other = rotations.matrix_from_axis_angle(turn) @ nearest
        assert ((other - matrix).norm(dim=(-2, -1)) >= distance).all()


def test_orthonormalized_is_exact_for_rotations_and_keeps_the_first_axis(
    generator: torch.Generator,
) -> None:
    matrix = random_rotations(generator, 20)
    assert_exact(rotations.orthonormalized(matrix), matrix)
    blend = 0.7 * matrix[:10] + 0.3 * matrix[10:]
    result = rotations.orthonormalized(blend)
    assert_rotation(result)
    first = torch.nn.functional.normalize(blend[..., 0], dim=-1)
    assert_exact(result[..., 0], first)
