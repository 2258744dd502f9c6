"""Look-up in grids: exact for linear functions, with the gradient that finite differences show."""

import torch

from incarnate.geometry.grids import Grid, grid_around


def make_grid() -> Grid:
    return Grid(torch.tensor([-0.3, 0.1, 0.2]).double(), 0.1, (6, 5, 4))


def inside(grid: Grid, count: int, generator: torch.Generator) -> torch.Tensor:
    extent = grid.voxel_size * (torch.tensor(grid.shape) - 1)
    return grid.origin + extent * torch.rand(count, 3, generator=generator, dtype=torch.float64)


def test_centers_are_where_values_are_looked_up_unchanged(generator: torch.Generator) -> None:
    grid = make_grid()
    values = torch.randn(grid.num_voxels, 2, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(grid.look_up(values, grid.centers()), values)


def test_linear_functions_are_exact(generator: torch.Generator) -> None:
    grid = make_grid()
    slope = torch.tensor([[1.0, -2], [0.5, 3], [4, 0]]).double()
    points = inside(grid, 100, generator)
    torch.testing.assert_close(grid.look_up(grid.centers() @ slope, points), points @ slope)


def test_shares_are_a_partition_of_unity_everywhere(generator: torch.Generator) -> None:
    grid = make_grid()
    points = 2 * torch.randn(200, 3, generator=generator, dtype=torch.float64)
    index, shares, slopes = grid.corners(points)
    assert (shares >= 0).all()
    assert ((index >= 0) & (index < grid.num_voxels)).all()
    torch.testing.assert_close(shares.sum(-1), torch.ones(200).double())
    torch.testing.assert_close(slopes.sum(1), torch.zeros(200, 3).double())


def test_gradients_are_those_of_finite_differences(generator: torch.Generator) -> None:
    grid = make_grid()
    values = torch.randn(grid.num_voxels, 1, generator=generator, dtype=torch.float64)
    points = inside(grid, 50, generator).requires_grad_()
    grid.look_up(values, points).sum().backward()
    index, _, slopes = grid.corners(points.detach())
    assert points.grad is not None
    torch.testing.assert_close(points.grad, (slopes * values[index]).sum(1))
    step = 1e-6 * torch.eye(3).double()
    for axis in range(3):
        ahead, behind = (
            grid.look_up(values, points.detach() + sign * step[axis])[:, 0] for sign in (1, -1)
        )
        # Values are linear along an axis within a voxel: only rounding is left.
        numeric = (ahead - behind) / 2e-6
        torch.testing.assert_close(numeric, points.grad[:, axis], rtol=0, atol=1e-8)


def test_beyond_the_border_values_stay(generator: torch.Generator) -> None:
    grid = make_grid()
    values = torch.randn(grid.num_voxels, 1, generator=generator, dtype=torch.float64)
    far = grid.origin - torch.tensor([5.0, 0, 0]).double()
    torch.testing.assert_close(grid.look_up(values, far[None]), values[:1])
    _, _, slopes = grid.corners(far[None])
    assert (slopes[..., 0] == 0).all()


def test_a_grid_around_points_holds_them_with_its_margin() -> None:
    points = torch.tensor([[0.0, 1, 2], [0.3, 1.5, 2.2]])
    grid = grid_around(points, margin=0.1, voxel_size=0.07)
    last = grid.origin + grid.voxel_size * (torch.tensor(grid.shape) - 1)
    # Rounding of float32 at about two.
    assert (grid.origin <= points.amin(0) - 0.1 + 1e-6).all()
    assert (last >= points.amax(0) + 0.1 - 1e-6).all()
