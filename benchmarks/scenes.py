"""Synthetic people of splats: flat discs on a body of capsules, or on one head."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from incarnate.geometry.cameras import Camera, pinhole_intrinsics
from incarnate.splats.splats import Splats

Subject = Literal["body", "head"]


@dataclass(frozen=True)
class Capsule:
    """A segment with a radius, metres."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float

    @property
    def length(self) -> float:
        """Of the segment."""
        return math.dist(self.start, self.end)

    @property
    def area(self) -> float:
        """Of the whole surface."""
        return 2 * math.pi * self.radius * (self.length + 2 * self.radius)


_HEAD = Capsule((0, 1.60, 0), (0, 1.66, 0), 0.095)
_BODY = (
    Capsule((0, 1.00, 0), (0, 1.38, 0), 0.155),
    _HEAD,
    *(Capsule((side * 0.10, 0.08, 0), (side * 0.10, 0.95, 0), 0.075) for side in (-1, 1)),
    *(Capsule((side * 0.20, 1.42, 0), (side * 0.55, 0.95, 0), 0.045) for side in (-1, 1)),
)


def make_scene(
    num_splats: int, size: int, num_channels: int = 3, subject: Subject = "body"
) -> tuple[Splats, Camera]:
    """A subject that fills 92 % of a square image's height; the same for the same arguments.

    Splats are as large as their spacing and a quarter as thick; half of them are nearly opaque.
    """
    generator = torch.Generator().manual_seed(0)
    capsules = _BODY if subject == "body" else (_HEAD,)
    areas = torch.tensor([capsule.area for capsule in capsules])
    counts = torch.multinomial(areas, num_splats, replacement=True, generator=generator)
    parts = [
        _surface(capsule, int((counts == i).sum()), generator) for i, capsule in enumerate(capsules)
    ]
    means, normals = (torch.cat(part) for part in zip(*parts, strict=True))
    spacing = math.sqrt(float(areas.sum()) / num_splats)
    across = spacing * (0.6 + 0.7 * torch.rand(num_splats, 2, generator=generator))
    scales = torch.cat([across, 0.25 * across.mean(1, keepdim=True)], 1)
    opaque = torch.rand(num_splats, generator=generator) < 0.5
    share = torch.rand(num_splats, generator=generator)
    opacities = torch.where(opaque, 0.7 + 0.29 * share, 0.1 + 0.6 * share)
    features = torch.rand(num_splats, num_channels, generator=generator)
    splats = Splats(
        means, _turning_z_to(normals), scales.log(), opacities.logit(), features,
        tuple(f"channel{i}" for i in range(num_channels)),
    )  # fmt: skip
    return splats, _camera(means, size)


def _surface(capsule: Capsule, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random points on a capsule, and the normals there."""
    start, end = torch.tensor(capsule.start), torch.tensor(capsule.end)
    axis = (end - start) / capsule.length
    direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=1)
    along = direction @ axis
    radial = torch.nn.functional.normalize(direction - along[:, None] * axis, dim=1)
    place = torch.rand(count, 1, generator=generator)
    side_share = capsule.length / (capsule.length + 2 * capsule.radius)
    on_side = torch.rand(count, 1, generator=generator) < side_share
    normals = torch.where(on_side, radial, direction)
    cap = torch.where(along[:, None] > 0, end, start)
    return torch.where(
        on_side, start + place * (end - start), cap
    ) + capsule.radius * normals, normals


def _turning_z_to(normals: Tensor) -> Tensor:
    """Quaternions that turn +z to each normal."""
    w = 1 + normals[:, 2]
    turned = torch.stack([w, -normals[:, 1], normals[:, 0], torch.zeros_like(w)], 1)
    half_turn = torch.tensor([0.0, 1.0, 0.0, 0.0])
    return torch.nn.functional.normalize(torch.where(w[:, None] < 1e-4, half_turn, turned), dim=1)


def _camera(means: Tensor, size: int) -> Camera:
    low, high = float(means[:, 1].min()), float(means[:, 1].max())
    fov, yaw = math.radians(30), math.radians(25)
    rotation = torch.tensor(
        [[math.cos(yaw), 0, math.sin(yaw)], [0, -1, 0], [math.sin(yaw), 0, -math.cos(yaw)]]
    )
    view = torch.eye(4)
    view[:3, :3] = rotation
    view[:3, 3] = -rotation @ torch.tensor([0, 0.5 * (low + high), 0])
    view[2, 3] += 0.5 * (high - low) / 0.92 / math.tan(fov / 2)
    return Camera(pinhole_intrinsics(fov, size, size), view, size, size)
