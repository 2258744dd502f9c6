"""Changes the size of pictures the way a sensor with other pixels would see them."""

import torch
from jaxtyping import Float
from torch import Tensor


def resize_area(
    values: Float[Tensor, "height width channels"], width: int, height: int
) -> Float[Tensor, "new_height new_width channels"]:
    """The mean over the footprint of each new pixel; exact for any ratio, both ways.

    Args:
        values: Linear values; colours are premultiplied by coverage first (`resize_straight`).
        width: New width in pixels.
        height: New height in pixels.
    """
    if values.shape[:2] == (height, width):
        return values
    rows = _footprints(values.shape[0], height, values.dtype)
    cols = _footprints(values.shape[1], width, values.dtype)
    return torch.einsum("yh,hwc,xw->yxc", rows, values, cols)


def resize_straight(
    image: Float[Tensor, "height width 3"],
    matte: Float[Tensor, "height width"],
    *,
    width: int,
    height: int,
) -> tuple[Float[Tensor, "new_height new_width 3"], Float[Tensor, "new_height new_width"]]:
    """Resize a picture with straight alpha: what is not covered does not bleed into what is."""
    if matte.shape == (height, width):
        return image, matte
    coverage = resize_area(matte[..., None], width, height)
    colour = resize_area(image * matte[..., None], width, height)
    # Where nothing is covered the plain mean stays, so that opaque readers see no black holes.
    plain = resize_area(image, width, height)
    straight = torch.where(coverage > 0, colour / coverage.clamp(min=1e-8), plain)
    return straight, coverage[..., 0]


def resize_nearest(
    values: Float[Tensor, "height width channels"], width: int, height: int
) -> Float[Tensor, "new_height new_width channels"]:
    """The old pixel under each new pixel's centre, for values that have no mean, such as labels."""
    old_height, old_width = values.shape[:2]
    rows = ((torch.arange(height) + 0.5) * (old_height / height)).long()
    columns = ((torch.arange(width) + 0.5) * (old_width / width)).long()
    return values[rows[:, None], columns]


def _footprints(old: int, new: int, dtype: torch.dtype) -> Float[Tensor, "new old"]:
    """How much of each old pixel lies under each new one; rows sum to one."""
    edges = torch.arange(new + 1, dtype=torch.float64) * (old / new)
    pixels = torch.arange(old, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    overlap = overlap.clamp(min=0)
    return (overlap / overlap.sum(1, keepdim=True)).to(dtype)
