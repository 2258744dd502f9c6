"""The colour of the person where hair and background mix in a pixel.

Forte, Pitié: "Approximate Fast Foreground Colour Estimation" (ICIP 2021), blur fusion in two
passes, written from the equations of the paper.
"""

import numpy as np
from jaxtyping import Float, UInt8

from incarnate.tracking.coarse import enlarged, shrunk
from incarnate.tracking.guided_filter import box_mean

_WIDE = 11
_NARROW = 3
_TINY = 1e-4


def straight_colors(
    picture: UInt8[np.ndarray, "height width 3"], matte: Float[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """The foreground's own colour: composited over the background it gives back the picture.

    Args:
        picture: sRGB.
        matte: Coverage in [0, 1].

    Returns:
        sRGB straight colour; black where nothing is covered.
    """
    image = picture.astype(np.float32) / 255
    alpha = matte.astype(np.float32)[..., None]
    soft = (alpha > 0) & (alpha < 1)
    # The first, wide pass only has to find some colour from each side: a coarse grid will do.
    wide = _local_means(shrunk(image), shrunk(image), shrunk(matte)[..., None], _WIDE)
    foreground, background = (enlarged(mean, image.shape[:2]) for mean in wide)
    foreground = _fused(image, alpha, foreground, background)
    narrow = _local_means(foreground, background, alpha, _NARROW)
    colors = np.where(soft, _fused(image, alpha, *narrow), image)
    return (np.clip(np.where(alpha > 0, colors, 0), 0, 1) * 255 + 0.5).astype(np.uint8)


def _local_means(
    foreground: Float[np.ndarray, "height width 3"],
    background: Float[np.ndarray, "height width 3"],
    alpha: Float[np.ndarray, "height width 1"],
    radius: int,
) -> tuple[Float[np.ndarray, "height width 3"], Float[np.ndarray, "height width 3"]]:
    """Means over a window, weighted by how much of each pixel is foreground or background."""
    front, back = box_mean(foreground * alpha, radius), box_mean(background * (1 - alpha), radius)
    cover = box_mean(alpha, radius)
    near = np.where(cover > _TINY, front / np.maximum(cover, _TINY), foreground)
    far = np.where(cover < 1 - _TINY, back / np.maximum(1 - cover, _TINY), background)
    return near, far


def _fused(
    image: Float[np.ndarray, "height width 3"],
    alpha: Float[np.ndarray, "height width 1"],
    foreground: Float[np.ndarray, "height width 3"],
    background: Float[np.ndarray, "height width 3"],
) -> Float[np.ndarray, "height width 3"]:
    """F = F̂ + α (I − α F̂ − (1 − α) B̂)."""
    return foreground + alpha * (image - alpha * foreground - (1 - alpha) * background)
