"""Comparing what an avatar believes about surfaces with the truth of a synthetic capture."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from incarnate.avatars.avatar import Avatar
from incarnate.capture.capture import Capture
from incarnate.capture.reading import has_truth, read_frame, read_truth
from incarnate.evaluate import metrics
from incarnate.evaluate.scores import Pair
from incarnate.geometry.cameras import Camera
from incarnate.rigs.rig import Pose
from incarnate.splats.rasterize import rasterize

# True maps are mixed with black at the silhouette; two pixels inside of it they are pure.
EROSION = 2


@dataclass(frozen=True)
class SurfaceComparison:
    """True and splatted maps of one frame, at the capture's own size; None where one lacks."""

    inside: Float[Tensor, "height width"]
    """1 well inside the matte, 0 elsewhere."""
    normals: tuple[Float[Tensor, "height width 3"], Float[Tensor, "height width 3"]] | None
    """The avatar's and the true world normals, the avatar's of any length and turned to the
    camera, as a seen surface is; zero where it covers nothing."""
    albedo: Pair | None
    """The avatar's and the true albedo, linear, weighted by `inside`."""

    @property
    def degrees(self) -> Float[Tensor, "height width"] | None:
        """Angle between the normals of each pixel; 90° where the avatar covers nothing."""
        return None if self.normals is None else metrics.degrees_between(*self.normals)

    @property
    def normal_degrees(self) -> float | None:
        """Mean angle over the pixels inside."""
        degrees = self.degrees
        if degrees is None or self.inside.sum() == 0:
            return None
        return ((degrees * self.inside).sum() / self.inside.sum()).item()

    @property
    def psnr_albedo(self) -> float | None:
        """PSNR of the albedo after the best gain a channel, dB."""
        return None if self.albedo is None else self.albedo.with_best_gains().psnr_matte


def compare_surfaces(
    avatar: Avatar, capture: Capture, index: int, pose: Pose, camera: int = 0
) -> SurfaceComparison:
    """Splat an avatar's normals and albedo, and read the true ones, where both exist."""
    frame = read_frame(capture, index, camera)
    view = frame.camera
    inside = eroded(frame.matte, EROSION)
    splats = avatar.splat(pose, view)
    raster = rasterize(splats, view)
    normals, albedo = None, None
    if "normal" in splats.channels and has_truth(capture, "normal", index, camera):
        truth = read_truth(capture, "normal", index, camera)
        normals = (_turned_to_camera(raster.sum("normal"), view), truth)
    if "albedo" in splats.channels and has_truth(capture, "albedo", index, camera):
        albedo = Pair(raster["albedo"], read_truth(capture, "albedo", index, camera), inside)
    return SurfaceComparison(inside, normals, albedo)


def eroded(matte: Float[Tensor, "height width"], radius: int) -> Float[Tensor, "height width"]:
    """1 where every pixel within ``radius`` (a square) is fully covered, else 0."""
    outside = (matte < 0.99).to(matte.dtype)[None, None]
    return 1 - functional.max_pool2d(outside, 2 * radius + 1, stride=1, padding=radius)[0, 0]


def _turned_to_camera(
    normals: Float[Tensor, "height width 3"], camera: Camera
) -> Float[Tensor, "height width 3"]:
    away = (normals * camera.pixel_rays()).sum(-1, keepdim=True) > 0
    return torch.where(away, -normals, normals)
