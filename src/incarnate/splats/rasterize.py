"""One function that draws splats, whatever the device."""

import functools
import warnings
from typing import Literal

import torch

from incarnate.errors import RenderError
from incarnate.geometry.cameras import Camera
from incarnate.splats import cuda, native, reference
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

Backend = Literal["auto", "reference", "native", "cuda"]


def rasterize(splats: Splats, camera: Camera, *, backend: Backend = "auto") -> Raster:
    """Draw splats with all their channels; differentiable in splats and camera.

    Args:
        splats: Any float dtype, on any device; what is not finite is not drawn.
        camera: Of the same dtype and device.
        backend: ``auto`` takes the compiled kernel for float32 on the CPU, gsplat for float32 on
            a CUDA device, and the plain reference for all else or where one of these is missing.

    Raises:
        RenderError: Splats and camera do not fit each other, or the backend that was asked for
            cannot draw them.
    """
    _check(splats, camera)
    if backend == "auto":
        backend = _best_backend(splats.means.device.type, splats.means.dtype)
    elif (fault := _fault_of(backend, splats)) is not None:
        raise RenderError(f"rasterize(backend={backend!r}): {fault}")
    match backend:
        case "native":
            return native.rasterize(splats, camera)
        case "cuda":
            return cuda.rasterize(splats, camera)
        case _:
            return reference.rasterize(splats, camera)


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
    if camera.width < 1 or camera.height < 1:
        raise RenderError(
            f"rasterize got a camera of {camera.width}x{camera.height} pixels; at least 1x1"
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
