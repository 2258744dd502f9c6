"""People stand upright whatever the axes of the set."""

import itertools

import pytest
import torch

from incarnate.capture.readers.upright import upright
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle

AXES = [
    torch.eye(3, dtype=torch.float64)[list(order)] for order in itertools.permutations(range(3))
]
AXES = [axes * torch.linalg.det(axes) for axes in AXES]


@pytest.mark.parametrize("set_from_world", AXES)
def test_axes_are_undone(set_from_world: torch.Tensor, generator: torch.Generator) -> None:
    # People lean and turn by up to some thirty degrees.
    leaning = matrix_from_axis_angle(
        0.2 * torch.randn(9, 3, generator=generator, dtype=torch.float64)
    )
    world_from_set = upright(axis_angle_from_matrix(set_from_world @ leaning))
    assert torch.equal(world_from_set[:3, :3] @ set_from_world, torch.eye(3, dtype=torch.float64))
    assert torch.equal(world_from_set[:3, 3], torch.zeros(3, dtype=torch.float64))
