"""Shading of a whole picture of splatted materials, from alpha-weighted sums to linear colour."""

from dataclasses import astuple, dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from incarnate.geometry.cameras import Camera
from incarnate.light import native
from incarnate.light.prefilter import PrefilteredLight
from incarnate.light.shading import SurfaceMaps, shade_plainly

MIN_ALPHA = 1.0 / 255.0
"""Pixels that are covered no more than this stay black."""
MIN_EXPOSURE = 1e-3
"""Exposure is clamped here: a surface that no light reaches has no colour of light either."""


@dataclass(frozen=True)
class MaterialColumns:
    """The first column of each material among a picture's channels."""

    albedo: int
    """Three columns, linear RGB."""
    roughness: int
    reflectance: int
    normal: int
    """Three columns; of any length, world axes."""
    exposure: int
    """Three columns: the share of the light of each colour that reaches the surface."""

    @classmethod
    def of(cls, channels: tuple[str, ...]) -> "MaterialColumns":
        """Found by name; a channel of three columns stands there three times."""
        return cls(*(channels.index(name) for name in cls.__dataclass_fields__))


def shade_picture(
    sums: Float[Tensor, "height width channels"],
    alpha: Float[Tensor, "height width"],
    columns: MaterialColumns,
    camera: Camera,
    light: PrefilteredLight,
) -> Float[Tensor, "height width 3"]:
    """Light a picture of materials by an environment, over black.

    float32 on the CPU is shaded by the compiled kernel where it is there and the camera needs no
    gradient, all else by `shade_picture_plainly`.

    Args:
        sums: Alpha-weighted sums of the materials.
        alpha: Coverage, in [0, 1].
        columns: Where the materials stand among the channels.
        camera: The view.
        light: From `prefilter`; gradients reach its texels.

    Returns:
        Linear RGB times alpha, differentiable in sums, alpha, light and camera.
    """
    tensors = (sums, alpha, camera.camera_from_world, camera.intrinsics, light.texels)
    is_plain = all(t.dtype == torch.float32 and t.device.type == "cpu" for t in tensors)
    is_fixed = not (camera.camera_from_world.requires_grad or camera.intrinsics.requires_grad)
    if is_plain and is_fixed and native.is_available():
        return native.shade_picture(sums, alpha, list(astuple(columns)), camera, light)
    return shade_picture_plainly(sums, alpha, columns, camera, light)


def shade_picture_plainly(
    sums: Float[Tensor, "height width channels"],
    alpha: Float[Tensor, "height width"],
    columns: MaterialColumns,
    camera: Camera,
    light: PrefilteredLight,
) -> Float[Tensor, "height width 3"]:
    """`shade_picture` in plain torch: the specification of the compiled version."""
    covered = torch.nonzero(alpha.detach().flatten() > MIN_ALPHA)[:, 0]
    coverage = alpha.flatten().index_select(0, covered)[:, None]
    seen = sums.flatten(0, 1).index_select(0, covered)
    means = seen / coverage
    to_camera = -camera.pixel_rays().flatten(0, 1).index_select(0, covered)

    def three(first: int, values: Tensor) -> Tensor:
        return values[:, first : first + 3]

    exposure = three(columns.exposure, means).clamp(min=MIN_EXPOSURE)
    # Shading knows one occlusion for diffuse and glossy light; what is coloured goes to albedo.
    occlusion = exposure.mean(-1, keepdim=True)
    surface = SurfaceMaps(
        albedo=three(columns.albedo, means) * (exposure / occlusion),
        roughness=means[:, columns.roughness, None],
        reflectance=means[:, columns.reflectance, None],
        normal=facing_normals(three(columns.normal, seen), to_camera),
        occlusion=occlusion,
    )
    radiance = shade_plainly(surface, to_camera, light).radiance
    image = torch.zeros_like(sums[..., :3]).flatten(0, 1)
    return image.index_copy(0, covered, radiance * coverage).view(*alpha.shape, 3)


def facing_normals(
    normals: Float[Tensor, "*batch 3"], to_camera: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """Unit normals that don't point away: a seen surface is turned to the camera at least edge-on.

    What points away is laid into the plane of the picture; flipped over, it would jump.

    Args:
        normals: Of any length.
        to_camera: Unit vectors from the surface to the camera.
    """
    unit = functional.normalize(normals, dim=-1, eps=1e-6)
    away = (unit * to_camera).sum(-1, keepdim=True).clamp(max=0)
    return functional.normalize(unit - away * to_camera, dim=-1, eps=1e-6)
