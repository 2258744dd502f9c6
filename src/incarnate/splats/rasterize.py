"""One function that draws splats, whatever the device."""

from typing import Literal

from incarnate.geometry.cameras import Camera
from incarnate.splats import native, reference
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

Backend = Literal["auto", "reference", "native", "cuda"]


def rasterize(splats: Splats, camera: Camera, *, backend: Backend = "auto") -> Raster:
    """Draw splats with all their channels."""
    if backend == "native" or (backend == "auto" and native.is_available()):
        return native.rasterize(splats, camera)
    return reference.rasterize(splats, camera)
