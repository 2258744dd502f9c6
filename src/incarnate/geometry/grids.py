"""A regular grid of cubic voxels in space, and trilinear look-up in it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

_CORNERS = tuple((x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1))


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a volume lie; values are held by whoever has them, in (x, y, z) order."""

    origin: Float[Tensor, "3"]
    """Position of the centre of voxel (0, 0, 0), metres."""
    voxel_size: float
    """Distance of neighbouring centres, metres."""
    shape: tuple[int, int, int]
    """Number of voxels along x, y and z."""

    @property
    def num_voxels(self) -> int:
        """How many voxels the grid has."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    def centers(self) -> Float[Tensor, "voxels 3"]:
        """The voxels' centres, z running fastest, metres."""
        axes = [
            self.origin[axis] + self.voxel_size * torch.arange(n).to(self.origin)
            for axis, n in enumerate(self.shape)
        ]
        return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, 2)

    def corners(
        self, points: Float[Tensor, "points 3"]
    ) -> tuple[Int[Tensor, "points 8"], Float[Tensor, "points 8"], Float[Tensor, "points 8 3"]]:
        """The eight voxels around each point; points beyond the grid are moved to its border.

        Returns:
            Their flat index, their share in the point's value, and the gradient of that share by
            the point (1/metres).
        """
        size = torch.tensor(self.shape, device=points.device)
        place = (points - self.origin) / self.voxel_size
        inside = (place >= 0) & (place <= size - 1)
        place = torch.minimum(place.clamp(min=0), (size - 1).to(place.dtype))
        first = torch.minimum(place.detach().long(), size - 2)
        part = (place - first)[:, None]
        corner = torch.tensor(_CORNERS, device=points.device)
        voxel = first[:, None] + corner
        index = (voxel[..., 0] * size[1] + voxel[..., 1]) * size[2] + voxel[..., 2]
        share = torch.where(corner.bool(), part, 1 - part)
        x, y, z = share.unbind(-1)
        slope = (2 * corner - 1) * inside[:, None] / self.voxel_size
        gradient = torch.stack([y * z, x * z, x * y], -1) * slope
        return index, x * y * z, gradient

    def look_up(
        self, values: Float[Tensor, "voxels channels"], points: Float[Tensor, "points 3"]
    ) -> Float[Tensor, "points channels"]:
        """Trilinear values at points (metres), differentiable by both; border values beyond."""
        index, shares, _ = self.corners(points)
        return (shares[..., None] * values[index]).sum(1)


def grid_around(points: Float[Tensor, "points 3"], *, margin: float, voxel_size: float) -> Grid:
    """The grid whose box reaches at least a margin (metres) beyond all points."""
    low, high = points.amin(0) - margin, points.amax(0) + margin
    x, y, z = (2 + int(n) for n in ((high - low) / voxel_size).tolist())
    return Grid(low, voxel_size, (x, y, z))
