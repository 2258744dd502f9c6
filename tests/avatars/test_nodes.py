"""Nodes carry what is smooth: constants exactly, slopes nearly, and means back."""

import torch

from incarnate.avatars.nodes import (
    NODES_PER_SPLAT,
    at_splats,
    mean_over_splats,
    read_nodes,
    spread_nodes,
)


def cloud(count: int = 800) -> torch.Tensor:
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(2))


def test_spread_nodes_keep_their_distance_and_cover() -> None:
    points = cloud()
    nodes = spread_nodes(points, 40)
    apart = torch.cdist(nodes, nodes) + 10 * torch.eye(40)
    reach = torch.cdist(points, nodes).min(1).values
    # Farthest-point sampling: no point is farther from a node than two nodes are from each other.
    assert reach.max() <= apart.min() + 1e-6


def test_more_nodes_than_points_are_all_points() -> None:
    points = cloud(5)
    assert spread_nodes(points, 9).shape == (5, 3)
    assert read_nodes(points, points[:2]).nodes.shape == (5, 2)


def test_reads_sum_to_one_and_give_constants_back() -> None:
    points = cloud()
    reads = read_nodes(points, spread_nodes(points, 60))
    assert reads.nodes.shape == (800, NODES_PER_SPLAT)
    torch.testing.assert_close(reads.weights.sum(-1), torch.ones(800))
    constant = torch.tensor([[0.3, -2.0]]).expand(60, 2)
    torch.testing.assert_close(at_splats(constant, reads), constant[:1].expand(800, 2))


def test_smooth_values_come_back_smooth() -> None:
    points = cloud()
    nodes = spread_nodes(points, 200)
    read = at_splats(nodes, read_nodes(points, nodes))
    # Positions themselves are the smooth values: off by less than the nodes' spacing of 0.15.
    assert (read - points).norm(dim=-1).quantile(0.95) < 0.1


def test_means_weigh_the_splats_that_read_a_node() -> None:
    points = cloud(300)
    reads = read_nodes(points, spread_nodes(points, 20))
    values = torch.rand(300, 3, generator=torch.Generator().manual_seed(1))
    mean, weight = mean_over_splats(values, reads, 20)
    dense = torch.zeros(20, 300)
    for splat in range(300):
        dense[reads.nodes[splat], splat] += reads.weights[splat]
    torch.testing.assert_close(weight, dense.sum(1))
    torch.testing.assert_close(mean, dense @ values / dense.sum(1, keepdim=True))
