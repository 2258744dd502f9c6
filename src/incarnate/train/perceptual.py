"""The perceptual loss on small patches: what a CPU can pay of LPIPS."""

from typing import final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from incarnate.evaluate.lpips import MIN_SIZE, Lpips
from incarnate.geometry.colors import srgb_from_linear
from incarnate.train.frames import TrainingFrame


@final
class PatchPerceptual:
    """LPIPS (VGG16) of one square patch of a picture, around a pixel of the person."""

    def __init__(self, patch: int, seed: int) -> None:
        """Read the network's weights.

        Args:
            patch: Side in pixels, at least `MIN_SIZE`; smaller pictures are compared whole.
            seed: Seeds where patches lie.

        Raises:
            ModelFileError: The weights are not installed, or are other ones.
        """
        assert patch >= MIN_SIZE, f"a patch of {patch} pixels is too small for LPIPS"
        self._lpips = Lpips("vgg")
        self._patch, self._seed = patch, seed

    def __call__(
        self, image: Float[Tensor, "height width 3"], frame: TrainingFrame, step: int
    ) -> Float[Tensor, ""]:
        """The distance at the step's patch; a function of its arguments and the seed.

        Args:
            image: Linear RGB over black.
            frame: What the camera saw.
            step: Chooses the patch.
        """
        rows, columns = self._window(frame, step)
        encoded = srgb_from_linear(image[rows, columns])
        return self._lpips.distance(encoded, frame.target[rows, columns])

    def _window(self, frame: TrainingFrame, step: int) -> tuple[slice, slice]:
        inside = (frame.matte > 0.5).nonzero()
        random = np.random.default_rng((self._seed, 3, step))
        middle = [side // 2 for side in frame.matte.shape]
        if len(inside):
            middle = inside[int(random.integers(len(inside)))].tolist()
        return (
            _span(middle[0], frame.matte.shape[0], self._patch),
            _span(middle[1], frame.matte.shape[1], self._patch),
        )


def _span(middle: int, length: int, patch: int) -> slice:
    """So many pixels around a middle, moved inside; all where there are fewer."""
    first = min(max(middle - patch // 2, 0), max(length - patch, 0))
    return slice(first, min(first + patch, length))
