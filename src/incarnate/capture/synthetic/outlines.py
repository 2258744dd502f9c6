"""Where the features of the face lie on the embedded head rig, in its rest coordinates (metres).

Measured on orthographic pictures of the rig; `incarnate-head` keeps these coordinates.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Outline = tuple[tuple[float, float], ...]

HAIRLINE: Outline = (
    (0.126, 1.634), (0.112, 1.617), (0.090, 1.604), (0.083, 1.580), (0.072, 1.560),
    (0.068, 1.538), (0.060, 1.538), (0.055, 1.556), (0.034, 1.557), (0.022, 1.540),
    (0.016, 1.510), (-0.005, 1.478), (-0.300, 1.462), (-0.300, 1.900), (0.126, 1.900),
)  # fmt: skip
"""Seen from the side, as (z, y): hair grows inside."""
LEFT_BROW: Outline = (
    (0.0120, 1.5672), (0.0170, 1.5688), (0.0230, 1.5705), (0.0300, 1.5720), (0.0370, 1.5728),
    (0.0430, 1.5720), (0.0490, 1.5695), (0.0535, 1.5665),
)  # fmt: skip
"""Seen from the front, as (x, y); the right brow is its mirror image."""
LEFT_EYE: Outline = (
    (0.0170, 1.5500), (0.0215, 1.5545), (0.0270, 1.5568), (0.0325, 1.5572), (0.0380, 1.5555),
    (0.0425, 1.5525), (0.0380, 1.5492), (0.0320, 1.5480), (0.0260, 1.5480), (0.0210, 1.5487),
)  # fmt: skip
"""The lids' margin, seen from the front."""
COLLAR_FRONT, COLLAR_BACK = (0.105, 1.392), (-0.040, 1.432)
"""The neckline seen from the side, as (z, y)."""


def distance_to_line(
    points: Float[Tensor, "points 2"], line: Outline, *, closed: bool = False
) -> Float[Tensor, "points"]:
    """Distance of points to a polyline, metres."""
    nodes = torch.tensor(line, dtype=points.dtype)
    ends = nodes.roll(-1, 0) if closed else nodes[1:]
    starts = nodes if closed else nodes[:-1]
    nearest = torch.full_like(points[:, 0], torch.inf)
    for start, end in zip(starts, ends, strict=True):
        along = ((points - start) @ (end - start) / ((end - start) ** 2).sum()).clamp(0, 1)
        offset = points - start - along[:, None] * (end - start)
        nearest = torch.minimum(nearest, offset.norm(dim=-1))
    return nearest


def signed_distance(points: Float[Tensor, "points 2"], outline: Outline) -> Float[Tensor, "points"]:
    """Distance to a closed outline, metres; positive inside."""
    distance = distance_to_line(points, outline, closed=True)
    return torch.where(_inside(points, outline), distance, -distance)


def _inside(points: Float[Tensor, "points 2"], outline: Outline) -> Bool[Tensor, "points"]:
    """Even–odd rule: how often a ray to the right crosses the outline."""
    nodes = torch.tensor(outline, dtype=points.dtype)
    inside = torch.zeros(len(points), dtype=torch.bool)
    for (ax, ay), (bx, by) in zip(nodes.tolist(), nodes.roll(-1, 0).tolist(), strict=True):
        if ay == by:
            continue
        crosses = (points[:, 1] < ay) != (points[:, 1] < by)
        inside ^= crosses & (points[:, 0] < ax + (points[:, 1] - ay) * (bx - ax) / (by - ay))
    return inside


def smoothstep(values: Tensor, low: float, high: float) -> Tensor:
    """0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger one."""
    t = ((values - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
