"""Draws a figure: fragments of a z-buffer, painted once, lit under as many lights as wanted."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.synthetic.features import (
    cloth_cover,
    paint_cloth,
    paint_eyes,
    paint_hair,
    paint_mouth,
    paint_teeth,
)
from incarnate.capture.synthetic.figure import Figure, PosedFigure, Surface
from incarnate.capture.synthetic.lighting import (
    LightRig,
    gathered_light,
    reflected_share,
    specular_light,
)
from incarnate.capture.synthetic.materials import Material
from incarnate.capture.synthetic.skin import SkinPaint, paint_skin
from incarnate.capture.synthetic.visibility import Occluders, visible_light
from incarnate.geometry.cameras import Camera
from incarnate.geometry.zbuffer import rasterize_mesh


@dataclass(frozen=True)
class Fragments:
    """What the samples of a picture see."""

    samples: Int[Tensor, "fragments"]
    """Row-major index of the sample in the supersampled picture."""
    weights: scipy.sparse.csr_array
    """(fragments, vertices): each is a mixture of its triangle's corners."""
    groups: Int[Tensor, "fragments"]
    """Fragments of one pixel and surface share a highlight."""
    leaders: Int[Tensor, "groups"]
    """One fragment of each group."""
    normals: Float[Tensor, "fragments 3"]
    """Unit, world, bumps included, turned to the viewer."""
    views: Float[Tensor, "fragments 3"]
    """Unit vectors toward the viewer."""
    material: Material


@dataclass(frozen=True)
class Studio:
    """What all pictures of a capture share."""

    figure: Figure
    paint: SkinPaint
    occluders: Occluders
    camera: Camera
    supersampling: int


def see(studio: Studio, posed: PosedFigure) -> Fragments:
    """Find and paint what each sample of the picture sees."""
    factor, view = studio.supersampling, studio.camera
    fine = view.resized(view.width * factor, view.height * factor)
    raster = rasterize_mesh(posed.vertices, studio.figure.faces, fine)
    samples = torch.nonzero(raster.covered.reshape(-1))[:, 0]
    face = raster.face.reshape(-1)[samples]
    corners = studio.figure.faces[face]
    barycentric = raster.barycentric.reshape(-1, 3)[samples]
    weights = scipy.sparse.csr_array(
        (
            barycentric.reshape(-1).numpy(),
            corners.reshape(-1).numpy(),
            np.arange(0, 3 * len(samples) + 1, 3),
        ),
        shape=(len(samples), len(posed.vertices)),
    )
    surfaces = studio.figure.surfaces[face]
    row, column = samples // fine.width, samples % fine.width
    pixel = (row // factor) * view.width + column // factor
    groups, leaders = _groups(pixel * len(Surface) + surfaces)
    views = -fine.pixel_rays().reshape(-1, 3)[samples]
    material, normals = _painted(studio, posed, weights, surfaces)
    return Fragments(samples, weights, groups, leaders, _turned(normals, views), views, material)


def light_up(
    studio: Studio, posed: PosedFigure, fragments: Fragments, lights: LightRig
) -> Float[Tensor, "height width 4"]:
    """Light what is seen; premultiplied linear RGB and coverage."""
    visible = visible_light(
        posed.vertices, posed.normals, studio.occluders.on(posed.vertices), lights.directions
    )
    vectors = gathered_light(lights, posed.normals, visible)
    vectors = torch.from_numpy(fragments.weights @ vectors.flatten(1).numpy()).unflatten(-1, (3, 3))
    diffuse = (vectors @ fragments.normals[..., None])[..., 0].clamp(min=0)
    material, lead = fragments.material, fragments.leaders
    normals = _group_means(fragments.normals, fragments.groups, len(lead))
    normals = torch.nn.functional.normalize(normals, dim=-1)
    rough, f0 = (
        _group_means(v, fragments.groups, len(lead))
        for v in (material.roughness, material.reflectance)
    )
    arriving = torch.from_numpy(fragments.weights[lead.numpy()] @ visible.numpy())
    views = fragments.views[lead]
    specular = specular_light(lights, normals, views, (rough, f0), arriving)
    share = reflected_share(rough, (normals * views).sum(-1, keepdim=True), f0)
    colour = material.albedo * diffuse * (1 - share)[fragments.groups] + specular[fragments.groups]
    return resolved(studio, fragments, torch.cat([colour, torch.ones_like(colour[:, :1])], -1))


def resolved(
    studio: Studio, fragments: Fragments, values: Float[Tensor, "fragments channels"]
) -> Float[Tensor, "height width channels"]:
    """The mean over the samples of each pixel; samples that see nothing count as zero."""
    factor, view = studio.supersampling, studio.camera
    fine = torch.zeros(view.height * factor * view.width * factor, values.shape[-1])
    fine[fragments.samples] = values
    return fine.reshape(view.height, factor, view.width, factor, -1).mean((1, 3))


def _groups(
    keys: Int[Tensor, "fragments"],
) -> tuple[Int[Tensor, "fragments"], Int[Tensor, "groups"]]:
    _, first, inverse = np.unique(keys.numpy(), return_index=True, return_inverse=True)
    return torch.from_numpy(inverse), torch.from_numpy(first)


def _group_means(values: Tensor, groups: Int[Tensor, "fragments"], count: int) -> Tensor:
    total = torch.zeros(count, values.shape[-1]).index_add_(0, groups, values)
    return total / torch.bincount(groups, minlength=count)[:, None]


def _painted(
    studio: Studio, posed: PosedFigure, weights: scipy.sparse.csr_array, surfaces: Tensor
) -> tuple[Material, Float[Tensor, "fragments 3"]]:
    """Materials, and world normals with bumps."""
    figure, paint = studio.figure, studio.paint
    at_vertices = torch.cat(
        [
            figure.places,
            posed.normals,
            posed.turns.flatten(1),
            figure.lips[:, None],
            figure.tint[:, None],
        ],
        -1,
    )
    mixed = torch.from_numpy(weights @ at_vertices.numpy())
    places, normals, turns, lips, tint = mixed.split([3, 3, 9, 1, 1], -1)
    turns = turns.unflatten(-1, (3, 3))
    count, palette = len(places), paint.palette
    channels = torch.zeros(count, 8)
    eye = surfaces == int(Surface.EYE)
    skin = surfaces == int(Surface.SKIN)
    bare = paint_skin(paint, places[skin], lips[skin])
    cloth = paint_cloth(places[skin], palette, paint.pores)
    eyes, eye_normals = paint_eyes(places[eye], figure.person.generic, palette, paint.fine)
    for surface, material in (
        (Surface.SKIN, bare.layered(cloth, cloth_cover(places[skin]))),
        (Surface.EYE, eyes),
        (Surface.TEETH, paint_teeth(places[surfaces == int(Surface.TEETH)])),
        (Surface.MOUTH, paint_mouth(places[surfaces == int(Surface.MOUTH)], paint.fine)),
        (Surface.HAIR, paint_hair(tint[surfaces == int(Surface.HAIR)], palette)),
    ):
        channels[surfaces == int(surface)] = torch.cat(
            [material.albedo, material.roughness, material.reflectance, material.slope], -1
        )
    albedo, roughness, reflectance, slope = channels.split([3, 1, 1, 3], -1)
    normals = torch.nn.functional.normalize(normals, dim=-1)
    tilt = (turns @ slope[..., None])[..., 0]
    normals = normals - tilt + (tilt * normals).sum(-1, keepdim=True) * normals
    normals[eye] = (turns[eye] @ eye_normals[..., None])[..., 0]
    normals = torch.nn.functional.normalize(normals, dim=-1)
    return Material(albedo, roughness, reflectance, slope), normals


def _turned(normals: Tensor, views: Tensor) -> Tensor:
    """Normals that look away, at silhouettes and on backs of hair, are turned just into view."""
    away = (normals * views).sum(-1, keepdim=True)
    turned = torch.where(away < 0.02, normals + (0.02 - away) * views, normals)
    return torch.nn.functional.normalize(turned, dim=-1)
