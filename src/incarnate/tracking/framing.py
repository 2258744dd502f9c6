"""One square crop for a whole clip: head, hair and shoulders, as far as the picture goes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from incarnate.tracking.sightings import Sightings

_BESIDE = 0.45
_ABOVE = 0.5
_BELOW = 0.6


@dataclass(frozen=True)
class Crop:
    """A square window of the video, resized to the capture's size."""

    left: int
    """Pixels of the video."""
    top: int
    side: int
    size: int
    """Side of the resized picture, pixels."""

    @property
    def scale(self) -> float:
        """Pixels of the crop per pixel of the video."""
        return self.size / self.side

    def points(self, points: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Landmarks of the video in pixels of the crop; relative depth is scaled alike."""
        return (points - [self.left, self.top, 0]) * self.scale

    def picture(
        self, image: UInt8[np.ndarray, "height width 3"]
    ) -> UInt8[np.ndarray, "size size 3"]:
        """The crop of a frame, resized with a Lanczos filter over each pixel's footprint."""
        window = image[self.top : self.top + self.side, self.left : self.left + self.side]
        if self.side == self.size:
            return window
        resized = Image.fromarray(window).resize((self.size, self.size), Image.Resampling.LANCZOS)
        return np.asarray(resized)


def frame_head(sightings: Sightings, size: int, *, margin: float = 1.0) -> tuple[Crop, list[str]]:
    """The square that holds the head with hair and shoulders in all frames.

    Args:
        sightings: The subject in all frames, all seen.
        size: Side of the resized crop, pixels.
        margin: Factor on the room around the face: 1 leaves half a face on each side.

    Returns:
        The crop, and warnings where the picture is too small for it.
    """
    xy = sightings.points[:, :468, :2]
    low, high = xy.min(1), xy.max(1)
    extent = (high - low).max(-1, keepdims=True)
    # Percentiles, so that one failed detection does not set the crop of the whole clip.
    left, top = np.percentile(low - margin * extent * [_BESIDE, _ABOVE], 1, axis=0)
    right, bottom = np.percentile(high + margin * extent * [_BESIDE, _BELOW], 99, axis=0)
    wanted = max(right - left, bottom - top)
    side = int(min(round(wanted), sightings.width, sightings.height))
    # What does not fit is lost below: hair says more about a head than a chest does.
    x = 0.5 * (left + right) - 0.5 * side
    y = top if bottom - top > side else 0.5 * (top + bottom) - 0.5 * side
    crop = Crop(
        left=int(np.clip(round(x), 0, sightings.width - side)),
        top=int(np.clip(round(y), 0, sightings.height - side)),
        side=side,
        size=size,
    )
    face = float(np.median(extent)) * crop.scale * side / size
    if face >= 0.25 * size:
        return crop, []
    return crop, [
        f"the face is only {face:.0f} pixels high in the video: detail will be soft; film closer, "
        "or lower --size"
    ]
