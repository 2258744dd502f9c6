"""One function that draws splats, whatever the device."""

from typing import Literal

from incarnate.geometry.cameras import Camera
from incarnate.splats import reference
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

Backend = Literal["auto", "reference", "native", "cuda"]


def rasterize(splats: Splats, camera: Camera, *, backend: Backend = "auto") -> Raster:
    """Draw splats with all their channels."""
    return reference.rasterize(splats, camera)
