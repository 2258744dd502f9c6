"""The person's matte: a network's answer, calmed over time, refined by edges and by colour."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from incarnate.model_files import find_model
from incarnate.tracking.color_matte import without_background
from incarnate.tracking.detectors import load_mediapipe
from incarnate.tracking.guided_filter import guided_upsample

if TYPE_CHECKING:
    from mediapipe.tasks.python.vision.image_segmenter import ImageSegmenter

_GRID = 256
_RADIUS = 5
_EPSILON = 3e-4
_COLOR_CHANGE = 0.04
_REACH = 2


class Segmenter:
    """MediaPipe's selfie segmentation: who is person, on a grid of 256 pixels."""

    def __init__(self, segmenter: "ImageSegmenter") -> None:
        self._segmenter = segmenter

    def coverage(
        self, picture: UInt8[np.ndarray, "height width 3"]
    ) -> Float[np.ndarray, "256 256"]:
        """Confidence that each cell shows a person, in [0, 1]."""
        mediapipe = load_mediapipe()
        small = np.ascontiguousarray(_shrunk(picture))
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=small)
        masks = self._segmenter.segment(image).confidence_masks
        assert masks, "confidence masks were asked for when the network was made"
        return np.array(masks[0].numpy_view(), np.float32).reshape(_GRID, _GRID)


@contextmanager
def segmenter() -> Iterator[Segmenter]:
    """The segmentation network, freed at the end.

    Raises:
        ModelFileError: The model file is missing.
    """
    path = find_model("selfie_segmentation")
    tasks = load_mediapipe().tasks
    vision = tasks.vision
    options = vision.ImageSegmenterOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(path)),
        running_mode=vision.RunningMode.IMAGE,
        output_confidence_masks=True,
        output_category_mask=False,
    )
    with vision.ImageSegmenter.create_from_options(options) as network:
        yield Segmenter(network)


def matted(
    pictures: Iterable[UInt8[np.ndarray, "height width 3"]], network: Segmenter
) -> Iterator[tuple[UInt8[np.ndarray, "height width 3"], Float[np.ndarray, "height width"]]]:
    """Each picture of a clip with its matte, in order; holds five pictures at a time.

    Args:
        pictures: sRGB, in the order of time.
        network: The segmentation network.

    Yields:
        The picture and the person's coverage in [0, 1].
    """
    window: deque[tuple[np.ndarray, np.ndarray, np.ndarray]] = deque(maxlen=2 * _REACH + 1)
    pending = 0
    for picture in pictures:
        small = _shrunk(picture).astype(np.float32) / 255
        window.append((picture, small, network.coverage(picture)))
        pending += 1
        if pending > _REACH:
            pending -= 1
            yield _refined(window, len(window) - 1 - _REACH)
    for behind in range(pending, 0, -1):
        yield _refined(window, len(window) - behind)


def calm(
    pictures: Float[np.ndarray, "frames height width 3"],
    coverages: Float[np.ndarray, "frames height width"],
    center: int,
) -> Float[np.ndarray, "height width"]:
    """Mean of a frame's coverage with its neighbours', where the picture did not change.

    A neighbour counts by exp(−(Δcolour / 0.04)² / 2) at each pixel: still edges stop flickering,
    moving ones do not lag.
    """
    change = ((pictures - pictures[center]) ** 2).mean(-1)
    weights = np.exp(-0.5 * change / _COLOR_CHANGE**2)
    return (weights * coverages).sum(0) / weights.sum(0)


def _refined(
    window: "deque[tuple[np.ndarray, np.ndarray, np.ndarray]]", center: int
) -> tuple[UInt8[np.ndarray, "height width 3"], Float[np.ndarray, "height width"]]:
    picture = window[center][0]
    pictures = np.stack([small for _, small, _ in window])
    coverage = calm(pictures, np.stack([mask for _, _, mask in window]), center)
    matte = guided_upsample(
        picture.astype(np.float32) / 255,
        pictures[center],
        coverage,
        radius=_RADIUS,
        epsilon=_EPSILON,
    )
    # The filter leaves a faint veil over flat background and dents in flat skin.
    return picture, without_background(picture, _smooth_step(matte, 0.12, 0.9))


def _smooth_step(
    values: Float[np.ndarray, "height width"], low: float, high: float
) -> Float[np.ndarray, "height width"]:
    unit = np.clip((values - low) / (high - low), 0, 1)
    return unit * unit * (3 - 2 * unit)


def _shrunk(picture: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "256 256 3"]:
    return np.asarray(Image.fromarray(picture).resize((_GRID, _GRID), Image.Resampling.BOX))
