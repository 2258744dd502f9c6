"""The pinhole camera: OpenCV axes, intrinsics in pixels, any principal point."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.transforms import inverse_rigid, rigid_transform, transform_points


@dataclass(frozen=True)
class Camera:
    """A calibrated, undistorted pinhole camera in OpenCV axes (docs/conventions.md)."""

    intrinsics: Float[Tensor, "3 3"]
    """Pixels: ``[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]``; the first pixel's centre is (0.5, 0.5)."""
    camera_from_world: Float[Tensor, "4 4"]
    """Rigid transform from world (metres) to camera axes."""
    width: int
    """Image width in pixels."""
    height: int
    """Image height in pixels."""

    @property
    def world_from_camera(self) -> Float[Tensor, "4 4"]:
        """Rigid transform from camera axes to world; its last column holds the camera's centre."""
        return inverse_rigid(self.camera_from_world)

    @property
    def center(self) -> Float[Tensor, "3"]:
        """The camera's centre in world coordinates, metres."""
        return self.world_from_camera[:3, 3]

    def to(self, dtype_or_device: torch.dtype | torch.device | str) -> "Camera":
        """The same camera with its tensors in another dtype or on another device."""
        return replace(
            self,
            intrinsics=self.intrinsics.to(dtype_or_device),
            camera_from_world=self.camera_from_world.to(dtype_or_device),
        )

    def resized(self, width: int, height: int) -> "Camera":
        """The same view drawn on another pixel grid; the field of view is kept."""
        scale = self.intrinsics.new_tensor([width / self.width, height / self.height, 1.0])
        return replace(
            self, intrinsics=scale[:, None] * self.intrinsics, width=width, height=height
        )

    def cropped(self, left: int, top: int, width: int, height: int) -> "Camera":
        """The camera of a pixel window whose top-left pixel is (left, top) of this image."""
        shift = torch.zeros_like(self.intrinsics)
        shift[0, 2], shift[1, 2] = left, top
        return replace(self, intrinsics=self.intrinsics - shift, width=width, height=height)

    def project(self, points: Float[Tensor, "*batch points 3"]) -> Float[Tensor, "*batch points 2"]:
        """World points (metres) to pixels; the caller keeps points in front of the camera."""
        in_camera = transform_points(self.camera_from_world, points)
        in_image = in_camera @ self.intrinsics.transpose(-1, -2)
        return in_image[..., :2] / in_image[..., 2:]

    def pixel_rays(self) -> Float[Tensor, "height width 3"]:
        """Unit directions in world axes through each pixel's centre."""
        k = self.intrinsics
        ys = torch.arange(self.height, dtype=k.dtype, device=k.device) + 0.5
        xs = torch.arange(self.width, dtype=k.dtype, device=k.device) + 0.5
        x = ((xs - k[0, 2]) / k[0, 0]).expand(self.height, self.width)
        y = ((ys - k[1, 2]) / k[1, 1])[:, None].expand(self.height, self.width)
        rays = torch.nn.functional.normalize(torch.stack([x, y, torch.ones_like(x)], -1), dim=-1)
        return rays @ self.camera_from_world[:3, :3]


def look_at(
    eye: Float[Tensor, "3"], target: Float[Tensor, "3"], up: Float[Tensor, "3"] | None = None
) -> Float[Tensor, "4 4"]:
    """``camera_from_world`` of a camera that looks from ``eye`` at ``target`` (world metres)."""
    up = eye.new_tensor([0.0, 1.0, 0.0]) if up is None else up
    forward = torch.nn.functional.normalize(target - eye, dim=0)
    right = torch.nn.functional.normalize(torch.linalg.cross(forward, up), dim=0)
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward])
    return rigid_transform(rotation, -rotation @ eye)


def pinhole_intrinsics(
    fov_y: float, width: int, height: int, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "3 3"]:
    """Intrinsics of a centred camera with square pixels; ``fov_y`` is vertical, in radians."""
    focal = 0.5 * height / torch.tan(torch.tensor(0.5 * fov_y, dtype=torch.float64)).item()
    return torch.tensor(
        [[focal, 0.0, 0.5 * width], [0.0, focal, 0.5 * height], [0.0, 0.0, 1.0]], dtype=dtype
    )
