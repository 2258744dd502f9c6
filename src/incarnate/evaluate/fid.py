"""Fréchet Inception distance (Heusel et al., NeurIPS 2017): how far apart two sets of pictures are.

It compares how features of the pictures are spread, not picture with picture (docs/evaluate.md,
FID).
"""

from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from incarnate.errors import ModelFileError
from incarnate.evaluate.inception import Inception
from incarnate.evaluate.inception_weights import read_weights, weights_path

MIN_PICTURES: Final = 10
"""Fewer pictures have no FID: a mean and a spread of so few say nothing."""


def open_inception(path: Path | None) -> tuple[Inception | None, str]:
    """The network of FID, or why it can't be had.

    Args:
        path: The file of its weights; if None, it is used where the model folders have it.

    Raises:
        ModelFileError: A path was given and is not the published file.
    """
    if path is not None:
        return Inception(read_weights(path), str(path)), ""
    try:
        path = weights_path()
    except ModelFileError as error:
        return None, f"unavailable: supply weights. {error}, or name the file with --fid"
    try:
        return Inception(read_weights(path), str(path)), ""
    except ModelFileError as error:
        return None, str(error)


def why_no_fid() -> str:
    """Why there is none although the network is to be had."""
    return f"FID needs at least {MIN_PICTURES} pictures; fewer were measured"


def describe_fid(what: str) -> str:
    """How it is made, for the protocol of a report.

    Args:
        what: What of each picture is compared.
    """
    return (
        f"of the {what}, padded with black to a square; 2048 features of the 2015-12-05 Inception, "
        "pictures brought to 299 × 299 as by pytorch-fid; avatar and truth of the same views; at "
        f"least {MIN_PICTURES} pictures. Of few it is biased and scatters: compare the same ones"
    )


class PictureSets:
    """Gathers an avatar's pictures and the true ones of the same views."""

    def __init__(self, network: Inception | None) -> None:
        """Start with no picture; without a network there is no distance either."""
        self._network = network
        self._features: list[Float[Tensor, "2 channels"]] = []

    def add(
        self, image: Float[Tensor, "height width 3"], truth: Float[Tensor, "height width 3"]
    ) -> None:
        """Take a picture and its truth: display-encoded, in [0, 1], people on black.

        Both are padded with black to a square, so that people keep their proportions, and rounded
        to 8 bits, as the files are from which other implementations read.
        """
        if self._network is not None:
            pair = torch.stack([as_square(image), as_square(truth)])
            self._features.append(self._network((255 * pair).round() / 255))

    def distance(self) -> float | None:
        """FID of all pictures so far; None for fewer than `MIN_PICTURES`."""
        if len(self._features) < MIN_PICTURES:
            return None
        ours, theirs = torch.stack(self._features, 1)
        return frechet_distance(ours, theirs)


def as_square(image: Float[Tensor, "height width 3"]) -> Float[Tensor, "side side 3"]:
    """A picture in the middle of a black square as large as its longer side."""
    height, width = image.shape[:2]
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    return functional.pad(image, (0, 0, left, side - width - left, top, side - height - top))


def frechet_distance(
    first: Float[Tensor, "pictures channels"], second: Float[Tensor, "others channels"]
) -> float:
    """Squared Fréchet distance of the two Gaussians with the means and covariances of features.

    ``|μ₁ − μ₂|² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁ Σ₂)^½``, covariances over n − 1. Any number of features
    from two on will do: singular covariances have a square root too.

    Args:
        first: Features of one set, at least two rows.
        second: Of the other; the sets may differ in size.
    """
    means, factors = zip(*(_mean_and_factor(features) for features in (first, second)), strict=True)
    # With Σ = AᵀA the product Σ₁Σ₂ has the eigenvalues of MMᵀ, M = A₁A₂ᵀ: the trace of its root
    # is the sum of M's singular values. So no root of a large singular matrix is ever taken.
    shared = torch.linalg.svdvals(factors[0] @ factors[1].T).sum()
    spreads = sum(factor.square().sum() for factor in factors)
    distance = (means[0] - means[1]).square().sum() + spreads - 2 * shared
    # Equal sets leave what rounding leaves, of either sign.
    return max(float(distance), 0.0)


def _mean_and_factor(
    features: Float[Tensor, "pictures channels"],
) -> tuple[Float[Tensor, "channels"], Float[Tensor, "rows channels"]]:
    """The mean, and a matrix A for which AᵀA is the covariance, at most square."""
    assert len(features) >= 2, "a covariance needs two pictures"
    values = features.double()
    mean = values.mean(0)
    factor = (values - mean) / (len(values) - 1) ** 0.5
    if factor.shape[0] > factor.shape[1]:
        factor = torch.linalg.qr(factor, mode="r").R
    return mean, factor
