"""gsplat 1.5.3's own torch path on the CPU, as the yardstick.

Its projection and its compositing (`accumulate`) are its own functions, driven by torch's autograd.
Two helpers exist for CUDA only and are stood in for here: the list of which splat meets which
pixel, which is made once and not timed, and nerfacc's sums along rays.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.splats import reference
from incarnate.splats.splats import Splats

VERSION = "1.5.3"


@dataclass(frozen=True)
class Meetings:
    """Which splat adds to which pixel, pixel by pixel, nearest splat first."""

    splats: Tensor
    pixels: Tensor


@torch.no_grad()
def find_meetings(splats: Splats, camera: Camera) -> Meetings:
    """All pairs that compositing would blend, up to the splat that stops a pixel."""
    projection = reference.project(splats, camera)
    opacities = splats.opacity_logits.sigmoid()
    order = projection.depths.argsort(stable=True)
    found = list(_by_tile(projection, opacities, order, camera))
    chosen, pixels = (torch.cat(parts) for parts in zip(*found, strict=True))
    by_pixel = pixels.argsort(stable=True)
    return Meetings(chosen[by_pixel], pixels[by_pixel])


def _by_tile(
    projection: reference.Projection, opacities: Tensor, order: Tensor, camera: Camera
) -> Iterator[tuple[Tensor, Tensor]]:
    extent = reference.extents(projection, opacities)
    low, high = projection.means - extent, projection.means + extent
    for top in range(0, camera.height, 16):
        in_rows = order[((high[:, 1] > top) & (low[:, 1] < top + 16))[order]]
        for left in range(0, camera.width, 16):
            near = in_rows[((high[:, 0] > left) & (low[:, 0] < left + 16))[in_rows]]
            if not len(near):
                continue
            xs = torch.arange(left, min(left + 16, camera.width))
            ys = torch.arange(top, min(top + 16, camera.height))
            dx = (xs + 0.5)[None, :, None] - projection.means[near, 0]
            dy = (ys + 0.5)[:, None, None] - projection.means[near, 1]
            a, b, c = projection.conics[near].unbind(-1)
            exponent = -0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy
            alpha = (opacities[near] * exponent.exp()).clamp(max=reference.ALPHA_MAX)
            alpha = torch.where(alpha >= reference.ALPHA_CUT, alpha, 0)
            goes_on = (1 - alpha).cumprod(-1) > reference.MIN_TRANSMITTANCE
            row, column, index = ((alpha > 0) & goes_on).nonzero(as_tuple=True)
            yield near[index], ys[row] * camera.width + xs[column]


def project(splats: Splats, camera: Camera) -> tuple[Tensor, Tensor]:
    """2D means and conics by gsplat's `_fully_fused_projection`."""
    from gsplat.cuda import _torch_impl

    covariances, _ = _torch_impl._quat_scale_to_covar_preci(
        splats.quaternions, splats.log_scales.exp(), compute_preci=False
    )
    view, intrinsics = camera.camera_from_world[None], camera.intrinsics[None]
    _, means, _, conics, _ = _torch_impl._fully_fused_projection(
        splats.means, covariances, view, intrinsics, camera.width, camera.height
    )
    return means[0], conics[0]


def rasterize(splats: Splats, camera: Camera, meetings: Meetings) -> tuple[Tensor, Tensor]:
    """Colours (H, W, C) and alpha (H, W, 1) by gsplat's projection and `accumulate`."""
    from gsplat.cuda import _torch_impl

    sys.modules.setdefault("nerfacc", _nerfacc())
    means, conics = project(splats, camera)
    colors, alphas = _torch_impl.accumulate(
        means[None],
        conics[None],
        splats.opacity_logits.sigmoid()[None],
        splats.features[None],
        meetings.splats,
        meetings.pixels,
        torch.zeros_like(meetings.pixels),
        camera.width,
        camera.height,
    )
    return colors[0], alphas[0]


def _nerfacc() -> ModuleType:
    """The two functions of nerfacc that `accumulate` calls, for the CPU."""
    module = ModuleType("nerfacc")
    vars(module).update(
        render_weight_from_alpha=_render_weight_from_alpha,
        accumulate_along_rays=_accumulate_along_rays,
    )
    return module


def _render_weight_from_alpha(
    alphas: Tensor, *, ray_indices: Tensor, n_rays: int
) -> tuple[Tensor, Tensor]:
    """Weights and transmittances of samples that lie ray by ray."""
    # A running sum of logs over all rays, less what it was when a ray began; only float64 keeps
    # its digits over millions of samples.
    logs = torch.log1p(-alphas.double())
    before = logs.cumsum(0) - logs
    counts = torch.bincount(ray_indices, minlength=n_rays)
    starts = (counts.cumsum(0) - counts)[ray_indices]
    transmittance = torch.exp(before - before[starts]).to(alphas.dtype)
    return transmittance * alphas, transmittance


def _accumulate_along_rays(
    weights: Tensor, values: Tensor | None, *, ray_indices: Tensor, n_rays: int
) -> Tensor:
    samples = weights[:, None] if values is None else weights[:, None] * values
    return samples.new_zeros(n_rays, samples.shape[1]).index_add(0, ray_indices, samples)
