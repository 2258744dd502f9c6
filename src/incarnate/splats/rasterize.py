"""One function that draws splats, whatever the device."""

from incarnate.geometry.cameras import Camera
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats


def rasterize(splats: Splats, camera: Camera) -> Raster:
    """Draw splats with all their channels. Placeholder signature until the kernel lands."""
    raise NotImplementedError
