"""Painted eyes, teeth and mouth, clothes and hair."""

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.synthetic.materials import Material, even_material
from incarnate.capture.synthetic.noise import Noise
from incarnate.capture.synthetic.outlines import COLLAR_BACK, COLLAR_FRONT, smoothstep
from incarnate.capture.synthetic.palette import Palette
from incarnate.rigs.rig import Rig

IRIS_RADIUS = 5.9e-3
_PUPIL_RADIUS = 2.1e-3
_CORNEA_RADIUS = 8.0e-3
_SCLERA = (0.66, 0.61, 0.575)
_TOOTH, _TOOTH_GAPS = (0.66, 0.59, 0.46), (0.0, 8.4e-3, 15.0e-3, 21.5e-3, 28.0e-3)
_HEM = 9e-3
_STRAND = (1.0e-3, 7e-3, 2.5e-3)
"""Size of strands along x, y and z, metres."""


def paint_eyes(
    places: Float[Tensor, "points 3"], rig: Rig, palette: Palette, noise: Noise
) -> tuple[Material, Float[Tensor, "points 3"]]:
    """Paint eyeballs.

    Args:
        places: On the generic head at rest, metres.
        rig: The generic rig, whose eye joints are the centres.
        palette: Whose eyes.
        noise: Fibres of the iris, veins.

    Returns:
        The material, and unit normals in rest axes: eyeballs are smoother than their mesh, and
        the cornea is rounder than the ball.
    """
    left, right = (rig.joints[rig.joint_index(f"{s}_eye_smplhf")] for s in ("left", "right"))
    offset = places - torch.where(places[:, :1] > 0, left, right)
    radius = offset[:, :2].norm(dim=-1, keepdim=True)
    front = offset[:, 2:] > 0
    material = _eye_material(offset, radius, front, palette=palette, noise=noise)
    normals = torch.nn.functional.normalize(offset, dim=-1)
    bulge = (offset[:, :2] / _CORNEA_RADIUS).clamp(-0.95, 0.95)
    height = (1 - (bulge**2).sum(-1, keepdim=True)).clamp(min=0.01).sqrt()
    on_cornea = smoothstep(radius, 7.0e-3, 5.6e-3) * front
    cornea = torch.lerp(normals, torch.cat([bulge, height], -1), on_cornea)
    return material, torch.nn.functional.normalize(cornea, dim=-1)


def _eye_material(
    offset: Tensor, radius: Tensor, front: Tensor, *, palette: Palette, noise: Noise
) -> Material:
    along = offset[:, :2] / radius.clamp(min=1e-4)
    fibres = noise(torch.cat([along * 9, radius / 1.5e-3], -1), 1.0)[:, None]
    ring = smoothstep(radius, 3.0e-3, IRIS_RADIUS)
    iris = torch.tensor(palette.iris) * (1.25 - 0.55 * ring) * (1 + 0.55 * fibres)
    iris = iris * (1 - 0.75 * smoothstep(radius, 5.0e-3, IRIS_RADIUS))
    iris = iris * smoothstep(radius, _PUPIL_RADIUS - 3e-4, _PUPIL_RADIUS + 3e-4) + 0.003
    veins = smoothstep(noise(offset, 2.5e-3)[:, None].abs(), 0.12, 0.0)
    corner = smoothstep(radius, 8e-3, 14e-3)
    red = torch.tensor([-0.05, -0.28, -0.28])
    sclera = torch.tensor(_SCLERA) * (1 + corner * (0.5 + 0.5 * veins) * red)
    inside = smoothstep(radius, IRIS_RADIUS + 4e-4, IRIS_RADIUS - 4e-4) * front
    base = even_material(len(offset), _SCLERA, 0.32, 0.03)
    return Material(torch.lerp(sclera, iris, inside), base.roughness - 0.10 * inside,
                    base.reflectance, base.slope)  # fmt: skip


def paint_teeth(places: Float[Tensor, "points 3"]) -> Material:
    """Paint teeth: gaps between them, darker toward the back."""
    base = even_material(len(places), _TOOTH, 0.30, 0.04)
    gaps = torch.tensor(_TOOTH_GAPS)
    gap = (places[:, :1].abs() - gaps).abs().min(1, keepdim=True).values
    dark = 1 - 0.45 * smoothstep(gap, 0.7e-3, 0.1e-3)
    back = 1 - 0.5 * smoothstep(places[:, 2:], 0.130, 0.105)
    return Material(base.albedo * dark * back, base.roughness, base.reflectance, base.slope)


def paint_mouth(places: Float[Tensor, "points 3"], noise: Noise) -> Material:
    """Paint tongue and the inside of the mouth: wet, darker toward the throat."""
    base = even_material(len(places), (0.30, 0.085, 0.075), 0.35, 0.035)
    deep = 1 - 0.8 * smoothstep(places[:, 2:], 0.135, 0.085)
    albedo = base.albedo * deep * (1 + 0.15 * noise(places, 1.5e-3)[:, None])
    return Material(albedo, base.roughness, base.reflectance, base.slope)


def cloth_cover(places: Float[Tensor, "points 3"]) -> Float[Tensor, "points 1"]:
    """One below the neckline, zero above."""
    return smoothstep(_below_collar(places), -0.4e-3, 0.4e-3)


def paint_cloth(places: Float[Tensor, "points 3"], palette: Palette, noise: Noise) -> Material:
    """Paint a knitted shirt with a hemmed collar."""
    below = _below_collar(places)
    weave, slope = noise.with_gradient(places, 1.6e-3)
    folds, fold_slope = noise.with_gradient(places, 0.05)
    base = even_material(len(places), palette.cloth, 0.85, 0.03)
    # The collar's rim is round, and a seam runs under it.
    rim = smoothstep(below, 2.5e-3, 0.0) - smoothstep((below - _HEM).abs(), 2.5e-3, 0.0)
    shade = 1 + 0.14 * weave + 0.08 * folds
    shade = shade * (1 - 0.35 * smoothstep((below[:, 0] - _HEM).abs(), 1.5e-3, 0.0))
    up = torch.tensor([0.0, 1.0, 0.0])
    slope = 0.10 * slope + 0.10 * fold_slope - 0.7 * rim * up
    return Material(base.albedo * shade[:, None], base.roughness, base.reflectance, slope)


def paint_hair(
    places: Float[Tensor, "points 3"],
    tint: Float[Tensor, "points 1"],
    palette: Palette,
    noise: Noise,
) -> Material:
    """Paint hair: lighter along the strand, in strands that run down and back."""
    strands, slope = noise.with_gradient(places / torch.tensor(_STRAND), 1.0)
    # A head of hair shadows and scatters most of the sheen of its strands.
    base = even_material(len(tint), palette.hair, 0.60, 0.022)
    shade = (0.40 + 1.5 * tint) * (1 + 0.45 * strands[:, None])
    return Material(base.albedo * shade, base.roughness, base.reflectance, 4e-4 * slope
                    / torch.tensor(_STRAND))  # fmt: skip


def _below_collar(places: Float[Tensor, "points 3"]) -> Float[Tensor, "points 1"]:
    (front_z, front_y), (back_z, back_y) = COLLAR_FRONT, COLLAR_BACK
    part = (places[:, 2:] - back_z) / (front_z - back_z)
    return (
        torch.lerp(torch.full_like(part, back_y), torch.full_like(part, front_y), part)
        - places[:, 1:2]
    )
