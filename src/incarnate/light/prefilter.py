"""Environment light made ready for shading: irradiance, and GGX-blurred copies by roughness."""

import functools
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.light.environment import Environment
from incarnate.light.filters import filtered_radiance, level_sides
from incarnate.light.octahedral import octahedral_taps, square_from_direction


@dataclass(frozen=True)
class PrefilteredLight:
    """An environment's irradiance and GGX-filtered radiance, read by direction."""

    texels: Float[Tensor, "texels 3"]
    """Octahedral maps, linear RGB, in one buffer: irradiance, then rising roughness."""
    sides: tuple[int, ...]
    """Cells along a side of each map, which has (side + 1)² texels; those after the first have
    roughness evenly spaced from 0 to 1."""
    rotation: float = 0.0
    """Turn about +y in radians, as in `Environment`."""

    @property
    def offsets(self) -> tuple[int, ...]:
        """Row of `texels` at which each map starts."""
        sizes = [(side + 1) ** 2 for side in self.sides]
        return tuple(sum(sizes[:i]) for i in range(len(sizes)))

    def rotated(self, angle: float) -> "PrefilteredLight":
        """The same light turned by a further angle (radians) about +y, without filtering again."""
        return replace(self, rotation=self.rotation + angle)

    def scaled(self, gain: float | Float[Tensor, "3"]) -> "PrefilteredLight":
        """The same light, brighter by a factor (exposure), or by one a colour channel."""
        return replace(self, texels=self.texels * gain)

    def irradiance(self, normals: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
        """Irradiance over π on surfaces with unit normals: a white light of radiance 1 gives 1."""
        square = square_from_direction(self._local(normals.reshape(-1, 3)))
        side = square.new_full((1,), self.sides[0])
        read = self._weighted_texels(*octahedral_taps(square, side))
        return read.reshape(normals.shape)

    def specular(
        self, directions: Float[Tensor, "*batch 3"], roughness: Float[Tensor, "*batch 1"]
    ) -> Float[Tensor, "*batch 3"]:
        """Radiance along reflected directions, blurred by the GGX lobe of a roughness in [0, 1].

        Args:
            directions: Mirror directions, world axes; their length does not matter.
            roughness: Perceptual roughness, α = roughness²; clamped to [0, 1].
        """
        square = square_from_direction(self._local(directions.reshape(-1, 3)))
        num_levels = len(self.sides) - 1
        level = roughness.reshape(-1).clamp(0, 1) * (num_levels - 1)
        lower = level.detach().floor().clamp(max=num_levels - 2)
        part = level - lower
        sides = square.new_tensor(self.sides)
        offsets = torch.tensor(self.offsets, device=square.device)
        read = torch.zeros_like(square[:, :1])
        for step, share in ((1, 1 - part), (2, part)):
            index = lower.long() + step
            taps, weights = octahedral_taps(square, sides[index])
            start = offsets[index]
            read = read + self._weighted_texels(
                [start + tap for tap in taps], [share * weight for weight in weights]
            )
        return read.reshape(directions.shape)

    def _local(self, directions: Float[Tensor, "batch 3"]) -> Float[Tensor, "batch 3"]:
        """Directions in the axes in which the maps were filtered."""
        if self.rotation == 0.0:
            return directions
        angle = torch.tensor(self.rotation, dtype=torch.float64)
        c, s = angle.cos().item(), angle.sin().item()
        turn = directions.new_tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
        return directions @ turn

    def _weighted_texels(
        self, taps: list[Tensor], weights: list[Tensor]
    ) -> Float[Tensor, "batch 3"]:
        # One gather a tap: three times faster with its gradient than one gather of all taps.
        terms = (
            self.texels.index_select(0, tap) * weight[:, None]
            for tap, weight in zip(taps, weights, strict=True)
        )
        return functools.reduce(torch.add, terms)


def prefilter(env: Environment) -> PrefilteredLight:
    """Filter an environment for shading; differentiable, and linear, in its radiance.

    A map of at most 32 rows costs one product with a cached matrix (a few milliseconds, forward
    and backward); a larger one about a second.
    """
    sides = level_sides(env.radiance.shape[0])
    return PrefilteredLight(filtered_radiance(env.radiance), sides, env.rotation)
