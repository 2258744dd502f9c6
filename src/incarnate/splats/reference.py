"""The specification of the rasterizer in plain torch: slow, any device, any float dtype.

Conventions are those of gsplat 1.5.3 (Ye et al., "gsplat: An Open-Source Library for Gaussian
Splatting", 2024); the projection is that of Zwicker et al., "EWA Volume Splatting", 2001. The
compiled kernel is tested against this module, values and gradients.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import matrix_from_quaternion
from incarnate.geometry.transforms import transform_points
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

NEAR_PLANE = 0.01
"""Splats whose centre is nearer than this (metres) are not drawn."""
LOW_PASS = 0.3
"""Variance in px² that every projected splat gains, about that of a pixel."""
FIELD_MARGIN = 0.3
"""The projection is linearised no further outside the image than this share of its half width."""
ALPHA_CUT = 1.0 / 255.0
"""A splat leaves pixels alone where its alpha is below this."""
ALPHA_MAX = 0.999
"""Alpha of one splat is clamped here, so that light behind it keeps a gradient."""
MIN_TRANSMITTANCE = 1e-4
"""A pixel takes no further splat once one would bring its transmittance down to this."""

Window = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two exclusive."""

# Splats are binned per square of this many pixels; the picture does not depend on it.
_TILE = 32
# Pixels times splats that one step holds at once: 2²² doubles are 32 MB a temporary.
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Projection:
    """Gaussians in the image plane."""

    means: Float[Tensor, "splats 2"]
    """Centres in pixels; the first pixel's centre is (0.5, 0.5)."""
    conics: Float[Tensor, "splats 3"]
    """Inverse 2D covariance ``[[a, b], [b, c]]`` as (a, b, c), px⁻²."""
    depths: Float[Tensor, "splats"]
    """Camera-space z of the centres, metres."""


def rasterize(splats: Splats, camera: Camera, window: Window | None = None) -> Raster:
    """Draw splats by the plain rule, front to back; differentiable in splats and camera.

    Args:
        splats: What is not finite is not drawn.
        camera: Of the whole image.
        window: Left, top, right and bottom of the part that is drawn; all of it if left out.
    """
    seen = splats.take(drawable(splats, camera).nonzero()[:, 0])
    projection = project(seen, camera)
    values = torch.cat([seen.features, projection.depths[:, None]], -1)
    opacities = seen.opacity_logits.sigmoid()
    whole = (0, 0, camera.width, camera.height)
    sums, transmittance = blend(projection, opacities, values, window or whole)
    return Raster(sums[..., :-1], 1 - transmittance, sums[..., -1], splats.channels)


@torch.no_grad()
def drawable(splats: Splats, camera: Camera) -> Bool[Tensor, "splats"]:
    """Which splats take part: finite in all they have, before the near plane, not transparent."""
    projection = project(splats, camera)
    a, b, c = projection.conics.unbind(-1)
    finite = torch.cat(
        [splats.means, splats.quaternions, splats.log_scales, splats.features,
         projection.means, projection.conics], -1,
    ).isfinite().all(-1)  # fmt: skip
    visible = splats.opacity_logits.sigmoid() >= ALPHA_CUT
    return finite & visible & (projection.depths > NEAR_PLANE) & (a * c - b * b > 0)


def project(splats: Splats, camera: Camera) -> Projection:
    """Project Gaussians by the linearised perspective map at their centres (EWA).

    The Jacobian is taken at a point that is clamped to the image plus 30 % of its half size on
    each side, as gsplat does, so that splats far outside do not become huge.
    """
    k = camera.intrinsics
    focal, center = torch.stack([k[0, 0], k[1, 1]]), k[:2, 2]
    size = k.new_tensor([camera.width, camera.height])
    in_camera = transform_points(camera.camera_from_world, splats.means)
    z = in_camera[:, 2:]
    slopes = in_camera[:, :2] / z
    margin = FIELD_MARGIN * 0.5 * size / focal
    clamped = slopes.clamp(-center / focal - margin, (size - center) / focal + margin)
    zero = torch.zeros_like(z[:, 0])
    jacobian = torch.stack(
        [
            torch.stack([focal[0] / z[:, 0], zero, -focal[0] * clamped[:, 0] / z[:, 0]], -1),
            torch.stack([zero, focal[1] / z[:, 0], -focal[1] * clamped[:, 1] / z[:, 0]], -1),
        ],
        -2,
    )
    axes = matrix_from_quaternion(splats.quaternions) * splats.log_scales.exp()[:, None, :]
    stretched = jacobian @ camera.camera_from_world[:3, :3] @ axes
    covariance = stretched @ stretched.transpose(-1, -2)
    return Projection(slopes * focal + center, _conics(covariance), z[:, 0])


def _conics(covariance: Float[Tensor, "splats 2 2"]) -> Float[Tensor, "splats 3"]:
    """Inverse of the low-passed 2D covariance as (a, b, c)."""
    xx = covariance[:, 0, 0] + LOW_PASS
    xy = covariance[:, 0, 1]
    yy = covariance[:, 1, 1] + LOW_PASS
    determinant = xx * yy - xy * xy
    return torch.stack([yy, -xy, xx], -1) / determinant[:, None]


def blend(
    projection: Projection,
    opacities: Float[Tensor, "splats"],
    values: Float[Tensor, "splats channels"],
    window: Window,
) -> tuple[Float[Tensor, "height width channels"], Float[Tensor, "height width"]]:
    """Composite projected splats front to back, ties in depth by index.

    Args:
        projection: Finite Gaussians before the camera.
        opacities: In (0, 1).
        values: What is summed.
        window: Left, top, right and bottom of the pixels that are drawn.

    Returns:
        Sums Σ wᵢ vᵢ with wᵢ = αᵢ Π (1 − αⱼ) over the splats in front, and the transmittance.
    """
    left, top, right, bottom = window
    order = projection.depths.detach().argsort(stable=True)
    rows = []
    for y in range(top, bottom, _TILE):
        tiles = []
        for x in range(left, right, _TILE):
            tile = (x, y, min(x + _TILE, right), min(y + _TILE, bottom))
            near = order[_touches(projection, opacities, tile)[order]]
            tiles.append(_blend_window(projection, opacities, values, near, tile))
        rows.append([torch.cat(maps, 1) for maps in zip(*tiles, strict=True)])
    sums, transmittance = (torch.cat(maps, 0) for maps in zip(*rows, strict=True))
    return sums, transmittance


def extents(
    projection: Projection, opacities: Float[Tensor, "splats"]
) -> Float[Tensor, "splats 2"]:
    """Half sizes in pixels of the bounding boxes of the ellipses α = 1/255."""
    a, b, c = projection.conics.unbind(-1)
    squared_radius = 2 * (opacities / ALPHA_CUT).clamp(min=1).log()
    return (torch.stack([c, a], -1) / (a * c - b * b)[:, None] * squared_radius[:, None]).sqrt()


@torch.no_grad()
def _touches(
    projection: Projection,
    opacities: Float[Tensor, "splats"],
    window: Window,
) -> Bool[Tensor, "splats"]:
    """Splats whose ellipse α = 1/255 has a bounding box that meets the window."""
    # The slack of a hundredth of a pixel outweighs rounding; pixels beyond it are cut anyway.
    extent = extents(projection, opacities) + 0.01
    low, high = projection.means - extent, projection.means + extent
    left, top, right, bottom = window
    return (high[:, 0] > left) & (low[:, 0] < right) & (high[:, 1] > top) & (low[:, 1] < bottom)


def _blend_window(
    projection: Projection,
    opacities: Float[Tensor, "splats"],
    values: Float[Tensor, "splats channels"],
    order: Int[Tensor, "near"],
    window: Window,
) -> tuple[Float[Tensor, "rows columns channels"], Float[Tensor, "rows columns"]]:
    """Composite the given splats, nearest first, over one window of the image."""
    left, top, right, bottom = window
    chosen = (projection.means[order], projection.conics[order], opacities[order], values[order])
    rows = max(1, _CHUNK // max(1, (right - left) * len(order)))
    # Recomputing in the backward pass keeps memory at one chunk instead of the whole image.
    chunks = [
        checkpoint(
            _blend_rows,
            *chosen,
            window=(left, first, right, min(first + rows, bottom)),
            use_reentrant=False,
            preserve_rng_state=False,
        )
        for first in range(top, bottom, rows)
    ]
    sums, transmittance = (torch.cat(maps, 0) for maps in zip(*chunks, strict=True))
    return sums, transmittance


def _blend_rows(
    means: Float[Tensor, "near 2"],
    conics: Float[Tensor, "near 3"],
    opacities: Float[Tensor, "near"],
    values: Float[Tensor, "near channels"],
    *,
    window: Window,
) -> tuple[Float[Tensor, "rows columns channels"], Float[Tensor, "rows columns"]]:
    left, top, right, bottom = window
    xs = torch.arange(left, right, dtype=values.dtype, device=values.device) + 0.5
    ys = torch.arange(top, bottom, dtype=values.dtype, device=values.device) + 0.5
    dx = xs[None, :, None] - means[:, 0]
    dy = ys[:, None, None] - means[:, 1]
    a, b, c = conics.unbind(-1)
    exponent = -0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy
    alpha = (opacities * exponent.exp()).clamp(max=ALPHA_MAX)
    alpha = torch.where(alpha >= ALPHA_CUT, alpha, 0)
    # The product only falls, so that comparing it stops a pixel for all later splats at once.
    goes_on = (1 - alpha.detach()).cumprod(-1) > MIN_TRANSMITTANCE
    alpha = torch.where(goes_on, alpha, 0)
    behind = (1 - alpha).cumprod(-1)
    before = torch.cat([torch.ones_like(behind[..., :1]), behind[..., :-1]], -1)[..., : len(means)]
    return (alpha * before) @ values, (1 - alpha).prod(-1)
