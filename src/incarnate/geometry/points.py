"""Choosing points that spread over a set."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def spread_indices(points: Float[Tensor, "points width"], count: int) -> Int[Tensor, "chosen"]:
    """Farthest-point sampling: indices of points that keep their distance, the first one first."""
    chosen: list[int] = [0]
    distance = (points - points[0]).norm(dim=-1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).norm(dim=-1))
    return torch.tensor(chosen)
