"""Drawing on CUDA devices, by gsplat 1.5.3, which is an extra: ``pip install 'incarnate[cuda]'``.

Our conventions are gsplat's (pixel centres at halves, a low pass of 0.3 px², ``wxyz``
quaternions), so that this module only hands the tensors over.
"""

import importlib.util

import torch

from incarnate.geometry.cameras import Camera
from incarnate.splats import reference
from incarnate.splats.raster import Raster
from incarnate.splats.reference import Window
from incarnate.splats.splats import Splats

INSTALL = "pip install 'incarnate[cuda]'"


def is_available() -> bool:
    """Whether gsplat is installed and a CUDA device is there."""
    return importlib.util.find_spec("gsplat") is not None and torch.cuda.is_available()


def rasterize(splats: Splats, camera: Camera, window: Window | None = None) -> Raster:
    """Draw float32 splats on a CUDA device; a window is cut from the whole image.

    Differentiable in the splats and in ``camera_from_world``; gsplat has no gradient for
    intrinsics.
    """
    from gsplat import rasterization  # pyright: ignore[reportMissingImports]

    seen = splats.take(reference.drawable(splats, camera).nonzero()[:, 0])
    # gsplat draws features of any width in chunks of 32 and adds the depth as one more.
    images, alphas, _ = rasterization(
        means=seen.means,
        quats=seen.quaternions,
        scales=seen.log_scales.exp(),
        opacities=seen.opacity_logits.sigmoid(),
        colors=seen.features,
        viewmats=camera.camera_from_world[None],
        Ks=camera.intrinsics[None],
        width=camera.width,
        height=camera.height,
        near_plane=reference.NEAR_PLANE,
        eps2d=reference.LOW_PASS,
        sh_degree=None,
        render_mode="RGB+D",
    )
    left, top, right, bottom = window or (0, 0, camera.width, camera.height)
    image, alpha = images[0, top:bottom, left:right], alphas[0, top:bottom, left:right, 0]
    return Raster(image[..., :-1], alpha, image[..., -1], splats.channels)
