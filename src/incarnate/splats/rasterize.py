"""One function that draws splats, whatever the device."""

import functools
import warnings
from collections.abc import Sequence
from typing import Literal, overload

import torch

from incarnate.errors import RenderError
from incarnate.geometry.cameras import Camera
from incarnate.splats import cuda, native, reference
from incarnate.splats.raster import Raster
from incarnate.splats.regions import Region
from incarnate.splats.splats import Splats

Backend = Literal["auto", "reference", "native", "cuda"]


@overload
def rasterize(
    splats: Splats, camera: Camera, *, backend: Backend = "auto", region: Region | None = None
) -> Raster: ...
@overload
def rasterize(
    splats: Splats,
    camera: Sequence[Camera],
    *,
    backend: Backend = "auto",
    region: Region | None = None,
) -> tuple[Raster, ...]: ...
def rasterize(
    splats: Splats,
    camera: Camera | Sequence[Camera],
    *,
    backend: Backend = "auto",
    region: Region | None = None,
) -> Raster | tuple[Raster, ...]:
    """Draw splats with all their channels; differentiable in splats and camera.

    Args:
        splats: Any float dtype, on any device; what is not finite is not drawn.
        camera: Of the same dtype and device, or several, which need not have one size.
        backend: ``auto`` takes the compiled kernel for float32 on the CPU, gsplat for float32 on
            a CUDA device, and the plain reference for all else or where one of these is missing.
        region: The part of each image that is drawn, as from `covered_region`; the raster has its
            size. All of it if left out.

    Returns:
        One raster, or one for each of several cameras.

    Raises:
        RenderError: Splats, camera and region do not fit each other, or the backend that was
            asked for cannot draw them.
    """
    if not isinstance(camera, Camera):
        return tuple(rasterize(splats, one, backend=backend, region=region) for one in camera)
    window = _window(camera, region)
    _check(splats, camera)
    if backend == "auto":
        backend = _best_backend(splats.means.device.type, splats.means.dtype)
    elif (fault := _fault_of(backend, splats)) is not None:
        raise RenderError(f"rasterize(backend={backend!r}): {fault}")
    match backend:
        case "native":
            return native.rasterize(splats, camera, window)
        case "cuda":
            return cuda.rasterize(splats, camera, window)
        case _:
            return reference.rasterize(splats, camera, window)


def _window(camera: Camera, region: Region | None) -> reference.Window:
    if region is None:
        region = Region(0, 0, camera.width, camera.height)
    right, bottom = region.left + region.width, region.top + region.height
    is_inside = region.left >= 0 and region.top >= 0
    is_inside = is_inside and right <= camera.width and bottom <= camera.height
    if region.width < 1 or region.height < 1 or not is_inside:
        raise RenderError(
            f"rasterize got the region {region} of {camera.width}x{camera.height} pixels; it has "
            "to lie inside and to have at least 1x1"
        )
    return region.left, region.top, right, bottom


def _check(splats: Splats, camera: Camera) -> None:
    tensors = (splats.means, splats.quaternions, splats.log_scales, splats.opacity_logits,
               splats.features, camera.camera_from_world, camera.intrinsics)  # fmt: skip
    kinds = {(tensor.dtype, tensor.device) for tensor in tensors}
    if len(kinds) > 1 or not splats.means.dtype.is_floating_point:
        came = ", ".join(sorted(f"{str(dtype)[6:]} on {device}" for dtype, device in kinds))
        raise RenderError(
            f"rasterize got {came}; splats and camera need one float dtype and one device: "
            "use Camera.to"
        )


def _best_backend(device: str, dtype: torch.dtype) -> Backend:
    if dtype != torch.float32:
        return "reference"
    if device == "cpu":
        if native.is_available():
            return "native"
        _say_once("the compiled kernel is missing, so splats are drawn by plain torch, which is "
                  "some hundred times slower; build it with: make setup")  # fmt: skip
    if device == "cuda":
        if cuda.is_available():
            return "cuda"
        _say_once("gsplat is missing, so splats on the GPU are drawn by plain torch, which is "
                  "slow; install it with: pip install 'incarnate[cuda]'")  # fmt: skip
    return "reference"


def _fault_of(backend: Backend, splats: Splats) -> str | None:
    """Why a backend cannot draw these splats."""
    if backend == "reference":
        return None
    device, module = ("cpu", native) if backend == "native" else ("cuda", cuda)
    if splats.means.dtype != torch.float32 or splats.means.device.type != device:
        kind = f"{str(splats.means.dtype)[6:]} on {splats.means.device}"
        return f"it draws float32 on {device}, these splats are {kind}; use backend='auto'"
    if not module.is_available():
        return f"it is not installed: {module.INSTALL}"
    return None


@functools.cache
def _say_once(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=4)
