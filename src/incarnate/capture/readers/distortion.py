"""Lens distortion as OpenCV models it, and its removal from pictures (Brown 1966, Conrady 1919).

Inside, pictures are undistorted (docs/conventions.md); data sets that are not are resampled when
they are read.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.errors import CaptureError

COUNTS = (4, 5, 8)
"""Lengths of OpenCV's list: k1, k2, p1, p2; then k3; then k4, k5, k6."""


def distorted(
    points: Float[Tensor, "*batch 2"], coefficients: Float[Tensor, "coefficients"]
) -> Float[Tensor, "*batch 2"]:
    """Where a lens puts the points that a pinhole camera would put at ``points``.

    Args:
        points: On the plane at depth one: (x / z, y / z).
        coefficients: 4, 5 or 8 numbers in OpenCV's order.

    Returns:
        Points on the same plane.

    Raises:
        CaptureError: There are more or fewer coefficients.
    """
    if len(coefficients) not in COUNTS:
        raise CaptureError(
            f"a lens has {len(coefficients)} distortion coefficients; OpenCV's model has 4, 5 or 8 "
            "of them. Undistort the pictures first, and leave the coefficients out."
        )
    k1, k2, p1, p2, k3, k4, k5, k6 = torch.nn.functional.pad(
        coefficients, (0, 8 - len(coefficients))
    ).unbind()
    x, y = points.unbind(-1)
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    radial = radial / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    along_x = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    along_y = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return torch.stack([along_x, along_y], -1)


def undistortion_grid(
    intrinsics: Float[Tensor, "3 3"],
    coefficients: Float[Tensor, "coefficients"],
    *,
    width: int,
    height: int,
) -> Float[Tensor, "height width 2"]:
    """Where the picture of a lens shows what each pixel of a pinhole camera sees, in pixels.

    Args:
        intrinsics: Of both cameras, pixels, as docs/conventions.md has them.
        coefficients: Of the lens.
        width: Of both pictures.
        height: Of both pictures.
    """
    k = intrinsics.double()
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=torch.float64) + 0.5,
        torch.arange(width, dtype=torch.float64) + 0.5,
        indexing="ij",
    )
    y = (rows - k[1, 2]) / k[1, 1]
    x = (columns - k[0, 2] - k[0, 1] * y) / k[0, 0]
    seen = distorted(torch.stack([x, y], -1), coefficients.double())
    return torch.stack(
        [
            k[0, 0] * seen[..., 0] + k[0, 1] * seen[..., 1] + k[0, 2],
            k[1, 1] * seen[..., 1] + k[1, 2],
        ],
        -1,
    ).float()


def resampled(
    pixels: UInt8[np.ndarray, "height width channels"],
    grid: Float[Tensor, "new_height new_width 2"],
) -> UInt8[np.ndarray, "new_height new_width channels"]:
    """Read a picture at points (pixels), bilinearly; black and uncovered outside of it."""
    height, width = pixels.shape[:2]
    values = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    # grid_sample's −1 and 1 are the picture's outer edges, as 0 and the width are ours.
    places = 2 * grid / torch.tensor([width, height]) - 1
    read = torch.nn.functional.grid_sample(
        values, places[None], mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return read[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()
