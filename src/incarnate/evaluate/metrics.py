"""How far a picture is from the truth.

Pictures are display-encoded (sRGB) floats in [0, 1] unless a name says ``linear``; see
docs/conventions.md, Colour. Weights are a matte in [0, 1]: they weigh each pixel's error and are
not cut at a threshold, so a half-covered pixel counts half.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

# Identical pictures have no noise to measure; the cap keeps means over frames finite.
MAX_PSNR = 100.0

# The constants of Wang et al. 2004 for pictures whose values span 1.
_SSIM_C1 = 0.01**2
_SSIM_C2 = 0.03**2
_SSIM_RADIUS = 5
_SSIM_SIGMA = 1.5


def psnr(
    image: Float[Tensor, "height width 3"],
    truth: Float[Tensor, "height width 3"],
    weights: Float[Tensor, "height width"] | None = None,
) -> float:
    """Peak signal-to-noise ratio in dB, at most `MAX_PSNR`.

    Args:
        image: What was drawn.
        truth: What it should be.
        weights: Weight of each pixel's squared error, as a matte; all pixels alike if left out.

    Returns:
        ``−10 log10(Σ w |image − truth|² / (3 Σ w))``; `MAX_PSNR` where the weights are all zero;
        NaN where a pixel that counts is not a number.
    """
    squared = (image.double() - truth.double()).square().mean(-1)
    mean = _weighted_mean(squared, weights)
    if math.isnan(mean):
        # `min` would let it pass as the best score there is.
        return mean
    return MAX_PSNR if mean <= 0 else min(MAX_PSNR, -10 * math.log10(mean))


def mae(
    image: Float[Tensor, "height width 3"],
    truth: Float[Tensor, "height width 3"],
    weights: Float[Tensor, "height width"] | None = None,
) -> float:
    """Mean absolute error × 100, as the papers on head avatars print it."""
    return 100 * _weighted_mean((image.double() - truth.double()).abs().mean(-1), weights)


def ssim(image: Float[Tensor, "height width 3"], truth: Float[Tensor, "height width 3"]) -> float:
    """Structural similarity (Wang et al. 2004), mean over channels and whole windows.

    An 11 × 11 Gaussian window of σ 1.5, population statistics, K₁ 0.01, K₂ 0.03, range 1; windows
    that would leave the picture are not counted. That is scikit-image's ``structural_similarity``
    with ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False``.
    """
    x, y = image.movedim(-1, 0).double(), truth.movedim(-1, 0).double()
    assert min(x.shape[1:]) > 2 * _SSIM_RADIUS, f"a window does not fit into {tuple(x.shape[1:])}"
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = (
        # One plane at a time stays in the cache, which is worth a factor of 2.5.
        torch.stack([_gaussian_windows(plane) for plane in planes])
        for planes in (x, y, x * x, y * y, x * y)
    )
    covariance = mean_xy - mean_x * mean_y
    variances = mean_xx - mean_x.square() + mean_yy - mean_y.square()
    luminance = (2 * mean_x * mean_y + _SSIM_C1) / (mean_x.square() + mean_y.square() + _SSIM_C1)
    return (luminance * (2 * covariance + _SSIM_C2) / (variances + _SSIM_C2)).mean().item()


def best_gains(
    linear: Float[Tensor, "height width 3"],
    linear_truth: Float[Tensor, "height width 3"],
    weights: Float[Tensor, "height width"] | None = None,
) -> Float[Tensor, "3"]:
    """One factor a colour channel that brings a picture closest to the truth, in linear colour.

    Light and albedo are known only up to a factor a channel; relit pictures and albedo are
    compared after it: ``g = Σ w·image·truth / Σ w·image²``. A black channel keeps the factor 1.
    """
    a, b = linear.double(), linear_truth.double()
    w = torch.ones_like(a[..., :1]) if weights is None else weights.double()[..., None]
    energy = (w * a * a).sum((0, 1))
    gains = (w * a * b).sum((0, 1)) / energy.clamp(min=torch.finfo(torch.float64).tiny)
    return torch.where(energy > 0, gains, torch.ones_like(gains)).to(linear.dtype)


def degrees_between(
    first: Float[Tensor, "*batch 3"], second: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch"]:
    """Angle between two vectors of any length, in degrees; with a zero vector it is 90°.

    By the arc tangent of cross and dot product, which keeps its digits near 0° and 180°.
    """
    a, b = first.double(), second.double()
    cross, dot = torch.linalg.cross(a, b).norm(dim=-1), (a * b).sum(-1)
    angle = torch.rad2deg(torch.atan2(cross, dot))
    is_zero = (cross == 0) & (dot == 0)
    return torch.where(is_zero, torch.full_like(angle, 90.0), angle).to(first.dtype)


def sharpness_ratio(
    image: Float[Tensor, "height width 3"],
    truth: Float[Tensor, "height width 3"],
    weights: Float[Tensor, "height width"] | None = None,
) -> float:
    """Gradient energy of a picture over that of the truth: under 1 is blurred, over 1 is noisy.

    Weights belong to the upper left pixel of each difference. A flat truth gives infinity, unless
    the picture is flat as well.
    """
    inner = None if weights is None else weights[:-1, :-1]
    energy, energy_of_truth = (
        _weighted_mean(_squared_gradient(picture), inner) for picture in (image, truth)
    )
    if energy_of_truth > 0:
        return energy / energy_of_truth
    return math.inf if energy > 0 else 1.0


def _weighted_mean(
    values: Float[Tensor, "height width"], weights: Float[Tensor, "height width"] | None
) -> float:
    if weights is None:
        return values.mean().item()
    w = weights.to(values.dtype)
    total = w.sum().item()
    return (w * values).sum().item() / total if total > 0 else 0.0


def _squared_gradient(
    image: Float[Tensor, "height width 3"],
) -> Float[Tensor, "rows columns"]:
    gray = image.double().mean(-1)
    down, right = gray[1:, :-1] - gray[:-1, :-1], gray[:-1, 1:] - gray[:-1, :-1]
    return down.square() + right.square()


def _gaussian_windows(
    plane: Float[Tensor, "height width"],
) -> Float[Tensor, "rows columns"]:
    """Gaussian means over the windows that lie inside, one axis after the other."""
    offsets = torch.arange(-_SSIM_RADIUS, _SSIM_RADIUS + 1, dtype=plane.dtype)
    kernel = torch.exp(-0.5 * (offsets / _SSIM_SIGMA).square())
    kernel = kernel / kernel.sum()
    for axis in (0, 1):
        count = plane.shape[axis] - 2 * _SSIM_RADIUS
        # The window is symmetric: shifted views, summed in pairs, beat torch's convolution 5 to 1.
        total = kernel[_SSIM_RADIUS] * plane.narrow(axis, _SSIM_RADIUS, count)
        for i in range(_SSIM_RADIUS):
            mirrored = plane.narrow(axis, 2 * _SSIM_RADIUS - i, count)
            total.add_(plane.narrow(axis, i, count) + mirrored, alpha=kernel[i].item())
        plane = total
    return plane
