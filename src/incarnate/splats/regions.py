"""Windows of an image, and the smallest one that splats touch."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.splats import native, reference
from incarnate.splats.splats import Splats


@dataclass(frozen=True)
class Region:
    """A window of an image, in whole pixels."""

    left: int
    """First column."""
    top: int
    """First row."""
    width: int
    """Columns."""
    height: int
    """Rows."""

    def camera(self, whole: Camera) -> Camera:
        """The camera of the window alone: its rays are those of the window's pixels."""
        return whole.cropped(self.left, self.top, self.width, self.height)


@torch.no_grad()
def covered_region(splats: Splats, camera: Camera) -> Region | None:
    """The smallest window that holds every pixel that splats can touch; None if there is none.

    Drawing only that window (`rasterize` with ``region``), and shading and comparing only its
    pixels, saves what an empty picture around a small subject would cost.
    """
    if (
        splats.means.dtype == torch.float32
        and splats.means.device.type == "cpu"
        and (native.is_available())
    ):
        projection = native.project(splats, camera)
        drawn = projection.depths > reference.NEAR_PLANE
    else:
        projection = reference.project(splats, camera)
        drawn = reference.drawable(splats, camera)
    opacities = splats.opacity_logits.sigmoid()
    drawn = drawn & (opacities >= reference.ALPHA_CUT)
    extent = reference.extents(projection, opacities)
    # A pixel is touched at its centre, half a pixel from its edges.
    low = (projection.means - extent - 0.5).ceil()
    high = (projection.means + extent - 0.5).floor() + 1
    size = low.new_tensor([camera.width, camera.height])
    return _bounds(low.clamp(min=0), torch.minimum(high, size), drawn)


def _bounds(
    low: Float[Tensor, "splats 2"], high: Float[Tensor, "splats 2"], drawn: Bool[Tensor, "splats"]
) -> Region | None:
    is_seen = drawn & (high > low).all(-1)
    if not bool(is_seen.any()):
        return None
    left, top = (int(value) for value in low[is_seen].amin(0))
    right, bottom = (int(value) for value in high[is_seen].amax(0))
    return Region(left, top, right - left, bottom - top)
