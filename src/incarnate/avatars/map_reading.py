"""Where splats lie in maps of any size, and how such maps are read there."""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

_CORNERS: Final = ((0, 0), (0, 1), (1, 0), (1, 1))


@dataclass(frozen=True)
class RowReading:
    """Bilinear reading of pixels that are rows: a weighted sum of four of them for each splat."""

    rows: Int[Tensor, "splats 4"]
    weights: Float[Tensor, "splats 4"]
    """Beyond the rim of a map there is nothing: zero."""

    def read(self, values: Float[Tensor, "rows channels"]) -> Float[Tensor, "splats channels"]:
        """Values where the splats lie."""
        return nn.functional.embedding_bag(
            self.rows, values, per_sample_weights=self.weights, mode="sum"
        )

    def compact(self) -> "tuple[RowReading, Int[Tensor, 'used']]":
        """A reading of nothing but the rows that it needs, and which rows those are."""
        used, places = self.rows.unique(return_inverse=True)
        return RowReading(places, self.weights), used


@dataclass(frozen=True)
class MapReading:
    """Bilinear reading of a pair of maps of one size."""

    size: int
    """Pixels along a side of the maps to be read."""
    places: tuple[Float[Tensor, "1 1 splats 2"], ...]
    """For front and back, as `grid_sample` counts: −1 to 1, column first."""
    by_rows: RowReading
    """The same, of the pair of maps flattened: front row by row, then back."""

    @classmethod
    def of(cls, mask: Bool[Tensor, "2 side side"], size: int) -> "MapReading":
        """For maps that show what the mask's maps show.

        Args:
            mask: Pixels that are splats, front and back.
            size: Pixels along a side of the maps to be read.
        """
        side, row, column = mask.nonzero().unbind(-1)
        # A pixel's value stands at its centre.
        share = (torch.stack([row, column], -1) + 0.5) / mask.shape[-1]
        exact = size * share - 0.5
        corners = exact.floor()[:, None] + exact.new_tensor(_CORNERS)
        weights = (1 - (exact[:, None] - corners).abs()).prod(-1)
        is_inside = ((corners >= 0) & (corners < size)).all(-1)
        near = corners.clamp(0, size - 1).long()
        rows = size**2 * side[:, None] + size * near[..., 0] + near[..., 1]
        reading = RowReading(rows, torch.where(is_inside, weights, torch.zeros_like(weights)))
        places = (2 * share.flip(-1) - 1).split([int(one.sum()) for one in mask])
        return cls(size, tuple(one[None, None] for one in places), reading)

    def read(self, maps: Float[Tensor, "2 channels size size"]) -> Float[Tensor, "splats channels"]:
        """Values of maps where the splats lie."""
        if not maps.requires_grad:
            return self.by_rows.read(maps.permute(0, 2, 3, 1).flatten(0, 2))
        # Forward it takes five times as long, but its backward pass is the faster one.
        sides = [
            nn.functional.grid_sample(side[None], places, align_corners=False)[0, :, 0].T
            for side, places in zip(maps, self.places, strict=True)
        ]
        return torch.cat(sides)
