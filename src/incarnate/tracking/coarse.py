"""Pictures on a coarser grid, where only wide means are wanted."""

import numpy as np
from jaxtyping import Float
from PIL import Image

COARSE = 4
"""Pixels along each side of a coarse one."""


def shrunk(values: Float[np.ndarray, "height width *c"]) -> Float[np.ndarray, "h w *c"]:
    """Means of whole blocks of pixels; what is left at the right and the bottom is dropped."""
    height, width = (side // COARSE * COARSE for side in values.shape[:2])
    blocks = values[:height, :width].reshape(
        height // COARSE, COARSE, width // COARSE, COARSE, *values.shape[2:]
    )
    return blocks.mean((1, 3), dtype=np.float32)


def enlarged(
    values: Float[np.ndarray, "h w channels"], shape: tuple[int, int]
) -> Float[np.ndarray, "height width channels"]:
    """The values on the grid of ``shape`` (height, width) that `shrunk` made them from.

    Interpolated linearly; what `shrunk` dropped at the right and the bottom repeats the last ones.
    """
    size = (values.shape[1] * COARSE, values.shape[0] * COARSE)
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(values[..., k], np.float32)).resize(
                size, Image.Resampling.BILINEAR
            )
        )
        for k in range(values.shape[2])
    ]
    rest = [(0, shape[0] - size[1]), (0, shape[1] - size[0]), (0, 0)]
    return np.pad(np.stack(channels, -1), rest, mode="edge")
