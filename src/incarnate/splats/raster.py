"""What a rasterizer returns: named maps, alpha and depth."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from incarnate.splats.splats import columns_of

# Below this coverage a normalised value means nothing; it is the alpha cut of one splat.
MIN_ALPHA = 1.0 / 255.0


@dataclass(frozen=True)
class Raster:
    """Alpha-weighted sums of splatted channels, `a` = Σ wᵢ and `sum` = Σ wᵢ fᵢ (linear)."""

    sums: Float[Tensor, "height width channels"]
    """Σ wᵢ fᵢ for each channel column."""
    alpha: Float[Tensor, "height width"]
    """Σ wᵢ = 1 − transmittance, in [0, 1]."""
    depth_sum: Float[Tensor, "height width"]
    """Σ wᵢ zᵢ, z in camera space, metres."""
    channels: tuple[str, ...]
    """One name a column of `sums`, as in `Splats.channels`."""

    def sum(self, name: str) -> Float[Tensor, "height width width_of_channel"]:
        """The raw alpha-weighted sum of a channel."""
        return self.sums[..., columns_of(self.channels, name)]

    def __getitem__(self, name: str) -> Float[Tensor, "height width width_of_channel"]:
        """The channel divided by alpha: its expected value where a pixel is covered, else ~0."""
        return self.sum(name) / self.alpha.clamp(min=MIN_ALPHA)[..., None]

    @property
    def depth(self) -> Float[Tensor, "height width"]:
        """Expected camera-space z in metres where a pixel is covered, else ~0."""
        return self.depth_sum / self.alpha.clamp(min=MIN_ALPHA)
