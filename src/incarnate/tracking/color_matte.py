"""Takes background out of a matte's rim by colour: the gaps between curls, the wall behind them.

A segmentation network draws one line around hair. Near that line the colours of person and
background are known from a little further in and out, so a pixel's share of both can be read from
its own colour: the projection on the line between the two, ``α = (I − B)·(F − B) / |F − B|²``.
It is believed as far as the two colours are apart, each is uniform, and the pixel's colour is a
mixture of both; elsewhere the network is.
"""

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import maximum_filter, minimum_filter

from incarnate.tracking.coarse import enlarged, shrunk
from incarnate.tracking.guided_filter import box_mean

# Shares of the picture's height: the rim that is in doubt, and how far colours are gathered from.
_DOUBT = 14 / 512
_REACH = 30 / 512
_SURE = 0.95
_NOISE = 0.15
"""Distance of colours, in sRGB units, under which they say little."""
_HUE = 0.05
"""Distance of a colour from the line between the two, past which it is neither's mixture."""
_LOW, _HIGH = 0.05, 0.95
_ENOUGH = 0.06
"""Share of a neighbourhood that must be known for its mean to be believed."""


def without_background(
    picture: UInt8[np.ndarray, "height width 3"], matte: Float[np.ndarray, "height width"]
) -> Float[np.ndarray, "height width"]:
    """The matte, lowered where a pixel near its edge has the colour of the background.

    Args:
        picture: sRGB.
        matte: Coverage in [0, 1].

    Returns:
        Coverage in [0, 1], nowhere more than before.
    """
    image = picture.astype(np.float32) / 255
    small, small_matte = shrunk(image), shrunk(matte)
    doubt, reach = (max(1, round(share * len(small))) for share in (_DOUBT, _REACH))
    person = minimum_filter(small_matte, 2 * doubt + 1) > _SURE
    ground = maximum_filter(small_matte, 2 * doubt + 1) < 1 - _SURE
    front, front_trust, front_spread = _gathered(small, person, reach)
    back, back_trust, back_spread = _gathered(small, ground, reach)
    distance = ((front - back) ** 2).sum(-1)
    doubtful = _NOISE**2 + 4 * (front_spread + back_spread)
    trust = front_trust * back_trust * distance / (distance + doubtful)
    maps = np.concatenate([front, back, trust[..., None]], -1)
    maps = enlarged(maps, matte.shape)
    share, is_mixture = _share(image, maps[..., :3], maps[..., 3:6])
    lowered = matte + maps[..., 6] * is_mixture * (share - matte)
    return np.where(share < matte, lowered, matte)


def _gathered(
    image: Float[np.ndarray, "height width 3"], known: np.ndarray, reach: int
) -> tuple[
    Float[np.ndarray, "height width 3"],
    Float[np.ndarray, "height width"],
    Float[np.ndarray, "height width"],
]:
    """Mean colour of the known pixels around, how far it is to be trusted, and its variance."""
    weights = known[..., None].astype(np.float32)
    share = box_mean(weights, reach)
    whole = np.maximum(share, 1e-4)
    mean = box_mean(image * weights, reach) / whole
    square = box_mean(image**2 * weights, reach) / whole
    variance = np.maximum(square - mean**2, 0).sum(-1)
    return mean, np.clip(share[..., 0] / _ENOUGH, 0, 1), variance


def _share(
    image: Float[np.ndarray, "height width 3"],
    front: Float[np.ndarray, "height width 3"],
    back: Float[np.ndarray, "height width 3"],
) -> tuple[Float[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
    """The person's share of each colour, and how well a mixture explains the colour at all."""
    across = front - back
    along = ((image - back) * across).sum(-1) / np.maximum((across**2).sum(-1), 1e-6)
    # Skin beside dark hair lies between hair and wall in brightness, but off their line in hue.
    aside = ((image - back - along[..., None] * across) ** 2).sum(-1)
    share = np.clip((along - _LOW) / (_HIGH - _LOW), 0, 1)
    return share, np.exp(-0.5 * aside / _HUE**2)
