"""Points that spread keep their distance."""

import torch

from incarnate.geometry.points import spread_indices


def test_farthest_points_keep_the_greatest_distance() -> None:
    line = torch.tensor([[0.0], [0.1], [0.9], [1.0], [0.5]])
    assert spread_indices(line, 3).tolist() == [0, 3, 4]


def test_farthest_points_cover_better_than_the_first_ones(generator: torch.Generator) -> None:
    points = torch.rand(300, 2, generator=generator)

    def gap(chosen: torch.Tensor) -> float:
        return float(torch.cdist(points, points[chosen]).amin(1).max())

    chosen = spread_indices(points, 25)
    assert len(set(chosen.tolist())) == 25
    assert gap(chosen) < 0.7 * gap(torch.arange(25))


def test_no_more_points_than_there_are() -> None:
    assert sorted(spread_indices(torch.rand(4, 3), 9).tolist()) == [0, 1, 2, 3]
