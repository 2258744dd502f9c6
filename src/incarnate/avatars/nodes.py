"""A few hundred nodes spread over a head: what is smooth over it lives on them, not on splats."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.geometry.points import spread_indices

NODES_PER_SPLAT = 4
"""Each splat reads so many of the nearest nodes."""


@dataclass(frozen=True)
class NodeReads:
    """Which nodes each splat reads, and with what weights."""

    nodes: Int[Tensor, "splats reads"]
    weights: Float[Tensor, "splats reads"]
    """Rows sum to one."""


def spread_nodes(points: Float[Tensor, "splats 3"], count: int) -> Float[Tensor, "nodes 3"]:
    """Points that keep their distance from each other (farthest-point sampling)."""
    return points[spread_indices(points, count)]


def read_nodes(points: Float[Tensor, "splats 3"], nodes: Float[Tensor, "nodes 3"]) -> NodeReads:
    """Reads of the nearest nodes, weighted by a Gaussian as wide as nodes are apart."""
    blocks = [torch.cdist(block, nodes).topk(min(NODES_PER_SPLAT, len(nodes)), largest=False)
              for block in points.split(4096)]  # fmt: skip
    distance = torch.cat([block.values for block in blocks])
    nearest = torch.cat([block.indices for block in blocks])
    spacing = distance[:, -1:].clamp(min=1e-6)
    weights = torch.exp(-0.5 * (distance / (0.5 * spacing)).square())
    return NodeReads(nearest, weights / weights.sum(-1, keepdim=True))


def at_splats(
    values: Float[Tensor, "nodes width"], reads: NodeReads
) -> Float[Tensor, "splats width"]:
    """Values of nodes, interpolated to splats."""
    columns = (
        reads.weights[:, k, None] * values.index_select(0, reads.nodes[:, k])
        for k in range(reads.nodes.shape[1])
    )
    return torch.stack(list(columns)).sum(0)


def mean_over_splats(
    values: Float[Tensor, "splats width"], reads: NodeReads, num_nodes: int
) -> tuple[Float[Tensor, "nodes width"], Float[Tensor, "nodes"]]:
    """The weighted mean of the splats that read each node, and the total weight."""
    total = values.new_zeros(num_nodes, values.shape[1])
    weight = values.new_zeros(num_nodes)
    for k in range(reads.nodes.shape[1]):
        share = reads.weights[:, k]
        total = total.index_add(0, reads.nodes[:, k], share[:, None] * values)
        weight = weight.index_add(0, reads.nodes[:, k], share)
    return total / weight.clamp(min=1e-6)[:, None], weight
