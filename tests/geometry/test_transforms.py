"""Rigid transforms: group laws, and agreement with homogeneous coordinates."""

from functools import partial

import pytest
import torch
from torch import Tensor

from incarnate.geometry.rotations import matrix_from_quaternion
from incarnate.geometry.transforms import inverse_rigid, rigid_transform, transform_points

# float64, a handful of sums of numbers near one.
assert_exact = partial(torch.testing.assert_close, atol=1e-13, rtol=0.0)
BATCHES = [(), (4,), (2, 3)]


def random_transform(generator: torch.Generator, *batch: int) -> Tensor:
    rotation = matrix_from_quaternion(
        torch.randn(*batch, 4, generator=generator, dtype=torch.float64)
    )
    return rigid_transform(
        rotation, torch.randn(*batch, 3, generator=generator, dtype=torch.float64)
    )


@pytest.mark.parametrize("batch", BATCHES)
def test_the_inverse_undoes(batch: tuple[int, ...], generator: torch.Generator) -> None:
    transform = random_transform(generator, *batch)
    identity = torch.eye(4, dtype=torch.float64).expand(*batch, 4, 4)
    assert_exact(inverse_rigid(transform) @ transform, identity)
    assert_exact(transform @ inverse_rigid(transform), identity)
    assert_exact(inverse_rigid(inverse_rigid(transform)), transform)


@pytest.mark.parametrize("batch", BATCHES)
def test_points_follow_the_matrix(batch: tuple[int, ...], generator: torch.Generator) -> None:
    transform = random_transform(generator, *batch)
    points = torch.randn(*batch, 5, 3, generator=generator, dtype=torch.float64)
    homogeneous = torch.cat([points, torch.ones_like(points[..., :1])], -1)
    expected = torch.einsum("...ij,...pj->...pi", transform, homogeneous)[..., :3]
    assert_exact(transform_points(transform, points), expected)


def test_composition_applies_the_right_one_first(generator: torch.Generator) -> None:
    a_from_b, b_from_c = random_transform(generator), random_transform(generator)
    points_in_c = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    assert_exact(
        transform_points(a_from_b @ b_from_c, points_in_c),
        transform_points(a_from_b, transform_points(b_from_c, points_in_c)),
    )


def test_a_rigid_transform_rotates_then_translates() -> None:
    quarter_about_z = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    transform = rigid_transform(quarter_about_z, torch.tensor([10.0, 0.0, 0.0]))
    moved = transform_points(transform, torch.tensor([[1.0, 0.0, 0.0]]))
    torch.testing.assert_close(moved, torch.tensor([[10.0, 1.0, 0.0]]))


def test_one_transform_serves_many_batches_and_many_transforms_one_set(
    generator: torch.Generator,
) -> None:
    transforms = random_transform(generator, 4)
    points = torch.randn(2, 4, 5, 3, generator=generator, dtype=torch.float64)
    moved = transform_points(transforms, points)
    assert_exact(transform_points(transforms[1], points)[:, 1], moved[:, 1])
    assert_exact(transform_points(transforms, points[0, 0])[0], moved[0, 0])
