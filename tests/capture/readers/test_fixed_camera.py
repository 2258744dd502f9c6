"""Cameras that move become a world that moves, with the same pictures."""

import pytest
import torch

from incarnate.capture.readers.fixed_camera import fixed_cameras, moved_root
from incarnate.errors import CaptureError
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform, transform_points


def random_transforms(*batch: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    turn = 0.4 * torch.randn(*batch, 3, generator=generator, dtype=torch.float64)
    shift = torch.randn(*batch, 3, generator=generator, dtype=torch.float64)
    return rigid_transform(matrix_from_axis_angle(turn), shift)


def test_cameras_that_stand_still_stay() -> None:
    moving = random_transforms(3)[:, None].expand(3, 5, 4, 4)
    cameras, worlds = fixed_cameras(moving)
    assert torch.equal(cameras, moving[:, 0])
    assert torch.equal(worlds, torch.eye(4, dtype=torch.float64).expand(5, 4, 4))


@pytest.mark.parametrize("views", [1, 3])
def test_what_moved_with_the_cameras_moves_with_the_world(views: int) -> None:
    moving = random_transforms(views, 1, seed=1) @ random_transforms(5, seed=2)
    cameras, worlds = fixed_cameras(moving)
    # Products of a few float64 matrices.
    torch.testing.assert_close(cameras[:, None] @ worlds, moving, atol=1e-12, rtol=0)


def test_cameras_that_move_against_each_other_are_refused() -> None:
    with pytest.raises(CaptureError, match="move against each other"):
        fixed_cameras(random_transforms(2, 5))


def test_a_moved_root_takes_every_point_where_the_world_goes() -> None:
    generator = torch.Generator().manual_seed(4)
    rotation, translation = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64)
    points = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    root, worlds = points[0], random_transforms(5)

    def posed(turn: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        matrices = matrix_from_axis_angle(turn)
        return (points - root) @ matrices.mT + root + shift[:, None]

    expected = transform_points(worlds, posed(rotation, translation))
    found = posed(*moved_root(rotation, translation, worlds, root))
    # Rounding of float64 through axis-angle and back.
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)
