"""Losses between two pictures: mean absolute error and structural similarity, with gradients.

The windows of SSIM are those of `incarnate.evaluate.metrics.ssim`: 11×11 Gaussians of σ 1.5 that
lie inside the picture (Wang et al., "Image quality assessment: from error visibility to structural
similarity", 2004). What stands here is the specification of the compiled version in `native`, and
what draws on where that is missing.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.train import native

_C1, _C2 = 0.01**2, 0.03**2
_RADIUS, _SIGMA = 5, 1.5


def l1_ssim(
    image: Float[Tensor, "height width 3"], target: Float[Tensor, "height width 3"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Mean absolute difference and mean SSIM of two display-encoded pictures.

    Args:
        image: What was drawn; gradients reach it.
        target: What it should be; where it needs gradients too, plain torch does the work.

    Returns:
        L1 and SSIM, the mean over colours and over windows that lie inside.
    """
    _check(image, target)
    is_plain = image.dtype == torch.float32 and image.device.type == "cpu"
    if is_plain and not target.requires_grad and native.is_available():
        return native.l1_ssim(image, target)
    return (image - target).abs().mean(), ssim(image, target)


def ssim(
    image: Float[Tensor, "height width 3"], target: Float[Tensor, "height width 3"]
) -> Float[Tensor, ""]:
    """Mean structural similarity in plain torch; differentiable in both."""
    _check(image, target)
    x, y = image.movedim(-1, 0), target.movedim(-1, 0)
    mean_x, mean_y = _window_means(x), _window_means(y)
    covariance = _window_means(x * y) - mean_x * mean_y
    variances = _window_means(x * x + y * y) - mean_x.square() - mean_y.square()
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x.square() + mean_y.square() + _C1)
    return (luminance * (2 * covariance + _C2) / (variances + _C2)).mean()


def _check(image: Tensor, target: Tensor) -> None:
    assert image.shape == target.shape, f"pictures of {image.shape} and {target.shape}"
    assert min(image.shape[:2]) > 2 * _RADIUS, f"a window does not fit into {image.shape}"


def _window_means(
    planes: Float[Tensor, "colors height width"],
) -> Float[Tensor, "colors rows columns"]:
    """Gaussian means over the windows that lie inside, one axis after the other."""
    offsets = torch.arange(-_RADIUS, _RADIUS + 1, dtype=planes.dtype, device=planes.device)
    kernel = torch.exp(-0.5 * (offsets / _SIGMA).square())
    kernel = kernel / kernel.sum()
    columns = torch.nn.functional.conv2d(planes[:, None], kernel[None, None, :, None])
    return torch.nn.functional.conv2d(columns, kernel[None, None, None, :])[:, 0]
