"""Compiled shading as torch operators; the plain twins are in `shading` and `pictures`.

The operators take float32 on the CPU. Gradients of the light's texels are summed in an order that
does not depend on the number of threads.
"""

import importlib.util
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.light.brdf import split_sum_table
from incarnate.light.prefilter import PrefilteredLight


def is_available() -> bool:
    """Whether the compiled module is installed beside the package."""
    return importlib.util.find_spec("incarnate._kernel") is not None


def shade(
    materials: list[Float[Tensor, "points _"]],
    directions: list[Float[Tensor, "points 3"]],
    light: PrefilteredLight,
) -> tuple[Float[Tensor, "points 3"], Float[Tensor, "points 3"]]:
    """Diffuse and specular radiance of surface points.

    Args:
        materials: Albedo, roughness, reflectance, and occlusion if there is one.
        directions: Unit normals and unit directions to the camera, world axes.
        light: From `prefilter`.
    """
    diffuse, specular = shade_points(
        materials,
        directions,
        light.texels,
        sides=list(light.sides),
        rotation=float(light.rotation),
        num_threads=torch.get_num_threads(),
    )
    return diffuse, specular


@torch.library.custom_op("incarnate::shade_points", mutates_args=(), device_types="cpu")
def shade_points(
    materials: list[Tensor],
    directions: list[Tensor],
    texels: Tensor,
    *,
    sides: list[int],
    rotation: float,
    num_threads: int,
) -> tuple[Tensor, Tensor]:
    """Light surface points by prefiltered maps.

    Args:
        materials: Albedo (N, 3), roughness (N, 1), reflectance (N, 1), and perhaps occlusion
            (N, 1).
        directions: Normals (N, 3) and directions to the camera (N, 3).
        texels: The light's maps, (T, 3).
        sides: Cells along a side of each map, which has (side + 1)² texels.
        rotation: Turn of the light about +y, radians.
        num_threads: At most so many threads; the result does not depend on it.

    Returns:
        Diffuse and specular radiance, (N, 3) each.
    """
    from incarnate import _kernel

    inputs = _points(materials, directions)
    diffuse, specular = torch.empty_like(inputs[0]), torch.empty_like(inputs[0])
    light = (*_plain(texels, split_sum_table()), sides, rotation)
    _kernel.shade_forward(*inputs, *light, diffuse, specular, num_threads)
    return diffuse, specular


@torch.library.custom_op("incarnate::shade_points_backward", mutates_args=(), device_types="cpu")
def shade_points_backward(
    gradients: list[Tensor],
    materials: list[Tensor],
    directions: list[Tensor],
    texels: Tensor,
    *,
    sides: list[int],
    rotation: float,
    num_threads: int,
    light: str,
) -> list[Tensor]:
    """Gradients of the materials, the directions and the texels, in this order.

    Args:
        gradients: By diffuse and specular radiance.
        materials: As in `shade_points`.
        directions: As in `shade_points`.
        texels: As in `shade_points`.
        sides: As in `shade_points`.
        rotation: As in `shade_points`.
        num_threads: At most so many threads; the result does not depend on it.
        light: ``wanted`` or ``left out``: whether the texels' gradient is computed; it is empty
            if left out.
    """
    from incarnate import _kernel

    inputs = _points(materials, directions)
    maps = (*_plain(texels, split_sum_table()), sides, rotation)
    into = tuple(torch.empty_like(tensor) for tensor in inputs)
    by_texels = texels.new_empty(len(texels) if light == "wanted" else 0, 3)
    _kernel.shade_backward(*inputs, *maps, *_plain(*gradients), *into, by_texels, num_threads)
    albedo, roughness, reflectance, normal, occlusion, to_camera = into
    by_materials = [albedo, roughness[:, None], reflectance[:, None], occlusion[:, None]]
    return [*by_materials[: len(materials)], normal, to_camera, by_texels]


@shade_points.register_fake
def _shade_fake(materials: list[Tensor], *others: Any, **settings: Any) -> tuple[Tensor, Tensor]:
    return torch.empty_like(materials[0]), torch.empty_like(materials[0])


@shade_points_backward.register_fake
def _shade_backward_fake(
    gradients: list[Tensor],
    materials: list[Tensor],
    directions: list[Tensor],
    texels: Tensor,
    *,
    light: str,
    **settings: Any,
) -> list[Tensor]:
    by_texels = texels.new_empty(len(texels) if light == "wanted" else 0, 3)
    return [*(torch.empty_like(tensor) for tensor in (*materials, *directions)), by_texels]


def _keep(
    ctx: Any, inputs: tuple[Any, ...], keyword_only_inputs: dict[str, Any], output: Any
) -> None:
    materials, directions, texels = inputs
    ctx.settings = keyword_only_inputs
    ctx.num_materials = len(materials)
    ctx.save_for_backward(*materials, *directions, texels)


def _gradient(
    ctx: Any, by_diffuse: Tensor, by_specular: Tensor
) -> tuple[list[Tensor], list[Tensor], Tensor | None]:
    *points, texels = ctx.saved_tensors
    materials, directions = points[: ctx.num_materials], points[ctx.num_materials :]
    light = "wanted" if ctx.needs_input_grad[2] else "left out"
    *by_points, by_texels = shade_points_backward(
        [by_diffuse, by_specular], materials, directions, texels, **ctx.settings, light=light
    )
    return (
        by_points[: ctx.num_materials],
        by_points[ctx.num_materials :],
        by_texels if light == "wanted" else None,
    )


shade_points.register_autograd(_gradient, setup_context=_keep)


def shade_picture(
    sums: Float[Tensor, "height width channels"],
    alpha: Float[Tensor, "height width"],
    columns: list[int],
    camera: Camera,
    light: PrefilteredLight,
) -> Float[Tensor, "height width 3"]:
    """Linear colour of a picture of materials (`incarnate.light.pictures.shade_picture`).

    Args:
        sums: Alpha-weighted sums of the materials.
        alpha: Coverage.
        columns: The first column of albedo, roughness, reflectance, normal and exposure.
        camera: The view; no gradient.
        light: From `prefilter`.
    """
    return shade_material_picture(
        sums,
        alpha,
        light.texels,
        [camera.camera_from_world, camera.intrinsics],
        columns=columns,
        sides=list(light.sides),
        rotation=float(light.rotation),
        num_threads=torch.get_num_threads(),
    )


@torch.library.custom_op("incarnate::shade_material_picture", mutates_args=(), device_types="cpu")
def shade_material_picture(
    sums: Tensor,
    alpha: Tensor,
    texels: Tensor,
    camera: list[Tensor],
    *,
    columns: list[int],
    sides: list[int],
    rotation: float,
    num_threads: int,
) -> Tensor:
    """Light a picture of materials; arguments as in `shade_picture` and `shade_points`.

    Args:
        sums: (H, W, C).
        alpha: (H, W).
        texels: (T, 3).
        camera: ``camera_from_world`` and intrinsics; no gradient.
        columns: Of the five materials.
        sides: Of the light's maps.
        rotation: Of the light, radians.
        num_threads: At most so many threads; the result does not depend on it.

    Returns:
        (H, W, 3).
    """
    from incarnate import _kernel

    image = sums.new_empty(*alpha.shape, 3)
    picture = (*_plain(sums, alpha, *camera), columns)
    light = (*_plain(texels, split_sum_table()), sides, rotation)
    _kernel.shade_picture(*picture, *light, image, num_threads)
    return image


@torch.library.custom_op(
    "incarnate::shade_material_picture_backward", mutates_args=(), device_types="cpu"
)
def shade_material_picture_backward(
    gradient: Tensor,
    inputs: list[Tensor],
    *,
    columns: list[int],
    sides: list[int],
    rotation: float,
    num_threads: int,
    light: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of sums, alpha and texels; the last is empty unless ``light`` is ``wanted``."""
    from incarnate import _kernel

    sums, alpha, texels, *camera = _plain(*inputs)
    by_sums, by_alpha = torch.empty_like(sums), torch.empty_like(alpha)
    by_texels = texels.new_empty(len(texels) if light == "wanted" else 0, 3)
    picture = (sums, alpha, *camera, columns)
    maps = (texels, *_plain(split_sum_table()), sides, rotation)
    into = (by_sums, by_alpha, by_texels)
    _kernel.shade_picture_backward(*picture, *maps, *_plain(gradient), *into, num_threads)
    return into


@shade_material_picture.register_fake
def _picture_fake(sums: Tensor, alpha: Tensor, *others: Any, **settings: Any) -> Tensor:
    return sums.new_empty(*alpha.shape, 3)


@shade_material_picture_backward.register_fake
def _picture_backward_fake(
    gradient: Tensor, inputs: list[Tensor], *, light: str, **settings: Any
) -> tuple[Tensor, Tensor, Tensor]:
    sums, alpha, texels = inputs[:3]
    by_texels = texels.new_empty(len(texels) if light == "wanted" else 0, 3)
    contiguous = torch.contiguous_format
    return (
        torch.empty_like(sums, memory_format=contiguous),
        torch.empty_like(alpha, memory_format=contiguous),
        by_texels,
    )


def _keep_picture(
    ctx: Any, inputs: tuple[Any, ...], keyword_only_inputs: dict[str, Any], output: Any
) -> None:
    sums, alpha, texels, camera = inputs
    ctx.settings = keyword_only_inputs
    ctx.save_for_backward(sums, alpha, texels, *camera)


def _picture_gradient(
    ctx: Any, gradient: Tensor
) -> tuple[Tensor, Tensor, Tensor | None, list[None]]:
    light = "wanted" if ctx.needs_input_grad[2] else "left out"
    by_sums, by_alpha, by_texels = shade_material_picture_backward(
        gradient, list(ctx.saved_tensors), **ctx.settings, light=light
    )
    return by_sums, by_alpha, by_texels if light == "wanted" else None, [None, None]


shade_material_picture.register_autograd(_picture_gradient, setup_context=_keep_picture)


def _points(materials: list[Tensor], directions: list[Tensor]) -> tuple[Tensor, ...]:
    """Albedo, roughness, reflectance, normals, occlusion (empty if none), views; plain."""
    albedo, roughness, reflectance, *rest = materials
    normal, to_camera = directions
    occlusion = rest[0].flatten() if rest else albedo.new_empty(0)
    return _plain(albedo, roughness.flatten(), reflectance.flatten(), normal, occlusion, to_camera)


def _plain(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors as DLPack wants them: contiguous and without history."""
    return tuple(tensor.detach().contiguous() for tensor in tensors)
