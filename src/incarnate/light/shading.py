"""Deferred shading of material maps under prefiltered environment light.

Diffuse plus glossy reflection (HRAvatar, arXiv 2503.08224, section 4), with the split-sum
approximation of Karis 2013::

    diffuse  = albedo · irradiance(N) · (1 − E) · occlusion
    specular = radiance(R, roughness) · E · specular_occlusion
    E        = F0 · scale + bias,   R = 2 (N·V) N − V

The paper scales the table by a Fresnel term of its own and gives the diffuse part all the light.
The table already holds the Fresnel term; used twice, and with a full diffuse part, a white
surface in a white room sends back up to twice what it gets. Here E is the share of the light that
the specular layer takes, and the diffuse layer gets the rest.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.light import native
from incarnate.light.brdf import specular_albedo
from incarnate.light.prefilter import PrefilteredLight


@dataclass(frozen=True)
class SurfaceMaps:
    """Materials of visible surface points; callers pass only covered pixels."""

    albedo: Float[Tensor, "*batch 3"]
    """Linear RGB in [0, 1]."""
    roughness: Float[Tensor, "*batch 1"]
    """Perceptual roughness in [0, 1]; α = roughness²."""
    reflectance: Float[Tensor, "*batch 1"]
    """Specular reflectance F0 at normal incidence, in [0, 1]."""
    normal: Float[Tensor, "*batch 3"]
    """Unit vectors, world axes, toward the outside."""
    occlusion: Float[Tensor, "*batch 1"] | None = None
    """Share of the sky that is visible, in [0, 1]; all of it if left out."""


@dataclass(frozen=True)
class Shaded:
    """Light that leaves surface points toward the camera, linear RGB."""

    diffuse: Float[Tensor, "*batch 3"]
    specular: Float[Tensor, "*batch 3"]

    @property
    def radiance(self) -> Float[Tensor, "*batch 3"]:
        """Diffuse and specular together."""
        return self.diffuse + self.specular


def shade_surface(
    materials: SurfaceMaps, to_camera: Float[Tensor, "*batch 3"], light: PrefilteredLight
) -> Shaded:
    """Light surface points by an environment.

    float32 on the CPU is shaded by the compiled kernel where it is there, all else by
    `shade_plainly`.

    Args:
        materials: What the surface is made of.
        to_camera: Unit vectors from the surface to the camera, world axes.
        light: From `prefilter`; gradients reach its texels.

    Returns:
        Diffuse and specular radiance, differentiable in everything.
    """
    surface = [materials.albedo, materials.roughness, materials.reflectance]
    if materials.occlusion is not None:
        surface.append(materials.occlusion)
    tensors = [*surface, materials.normal, to_camera, light.texels]
    is_plain = all(t.dtype == torch.float32 and t.device.type == "cpu" for t in tensors)
    if not is_plain or not native.is_available():
        return shade_plainly(materials, to_camera, light)
    directions = [materials.normal.reshape(-1, 3), to_camera.reshape(-1, 3)]
    points = [values.reshape(-1, values.shape[-1]) for values in surface]
    diffuse, specular = native.shade(points, directions, light)
    shape = materials.albedo.shape
    return Shaded(diffuse.reshape(shape), specular.reshape(shape))


def shade_plainly(
    materials: SurfaceMaps, to_camera: Float[Tensor, "*batch 3"], light: PrefilteredLight
) -> Shaded:
    """`shade_surface` in plain torch: the specification of the compiled version."""
    n_dot_v = (materials.normal * to_camera).sum(-1, keepdim=True)
    mirrored = 2 * n_dot_v * materials.normal - to_camera
    share = specular_albedo(materials.roughness, n_dot_v, materials.reflectance)
    diffuse = materials.albedo * ((1 - share) * light.irradiance(materials.normal))
    specular = share * light.specular(mirrored, materials.roughness)
    if materials.occlusion is None:
        return Shaded(diffuse, specular)
    visible = specular_occlusion(materials.occlusion, n_dot_v, materials.roughness)
    return Shaded(diffuse * materials.occlusion, specular * visible)


def specular_occlusion(
    occlusion: Float[Tensor, "*batch 1"],
    n_dot_v: Float[Tensor, "*batch 1"],
    roughness: Float[Tensor, "*batch 1"],
) -> Float[Tensor, "*batch 1"]:
    """Visible share of a glossy lobe, from the visible share of the sky.

    Lagarde and de Rousiers 2014, "Moving Frostbite to physically based rendering", section 4.10:
    nothing is hidden where occlusion is 1, all where it is 0.
    """
    exponent = torch.exp2(-16 * roughness - 1)
    # The clamp keeps the power's gradient finite; so low a base is dark either way.
    base = (n_dot_v.clamp(0, 1) + occlusion).clamp(min=1e-4)
    return (base**exponent - 1 + occlusion).clamp(0, 1)
