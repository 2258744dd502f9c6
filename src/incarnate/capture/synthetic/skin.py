"""Painted skin: tone, blush, pores, freckles, stubble, lips, brows and lashes.

All of it is a function of the place on the generic head at rest (metres), so that paint sticks to
the face as it moves, and every person has brows where brows are.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.synthetic.materials import Material, even_material
from incarnate.capture.synthetic.noise import Noise, make_noise
from incarnate.capture.synthetic.outlines import (
    LEFT_BROW,
    LEFT_EYE,
    distance_to_line,
    signed_distance,
    smoothstep,
)
from incarnate.capture.synthetic.palette import Palette

_PORE, _PORE_DEPTH = 1.1e-3, 3.5e-5
_WRINKLE, _WRINKLE_DEPTH = 3.0e-3, 7e-5
_LIP_LINE = (0.9e-3, 6e-3, 6e-3)

_LIP_RIM = (0.15, 0.85)
_RAGGED = 8e-3
"""Farther out than this from the hairline, no root of a hair is seen."""
_BROW_AXES = ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
_BROW_STROKE = (3.5e-3, 1.0e-3, 3.5e-3)

_RED_SPOTS = (
    ((0.047, 1.522, 0.118), 0.020, 1.0),
    ((0.0, 1.521, 0.163), 0.013, 0.9),
    ((0.078, 1.535, 0.030), 0.020, 0.7),
    ((0.0, 1.452, 0.140), 0.012, 0.4),
)
"""Centre on the left half, radius (metres) and strength: cheeks, nose, ears, chin."""
_SHADE_UNDER_EYE = ((0.030, 1.541, 0.125), 0.010)
_OIL = (((0.0, 1.600, 0.137), 0.030), ((0.0, 1.530, 0.160), 0.016))
"""Forehead and nose shine."""


@dataclass(frozen=True)
class SkinPaint:
    """The colours and the random patterns of one person's skin."""

    palette: Palette
    coarse: Noise
    fine: Noise
    pores: Noise
    hairs: Noise


def make_skin_paint(palette: Palette, seed: int) -> SkinPaint:
    """Equal seeds give equal patterns."""
    return SkinPaint(palette, *(make_noise(seed + 601 + k) for k in range(4)))


def paint_skin(
    paint: SkinPaint,
    places: Float[Tensor, "points 3"],
    lips: Float[Tensor, "points 1"],
    scalp: Float[Tensor, "points 1"],
) -> Material:
    """Paint points of the skin.

    Args:
        paint: Whose skin.
        places: On the generic head at rest, metres.
        lips: One on the lips, zero off them, between at their rim.
        scalp: How far inside the hairline each point lies, metres; negative outside.
    """
    mirrored = torch.cat([places[:, :1].abs(), places[:, 1:]], -1)
    skin = _bare(paint, places, mirrored)
    on_lips = lips[:, 0] > _LIP_RIM[0]
    red = skin.at(on_lips).layered(
        _lips(paint, places[on_lips]), 0.85 * smoothstep(lips[on_lips], *_LIP_RIM)
    )
    skin = skin.replaced(on_lips, red)
    hair = even_material(len(places), paint.palette.hair, 0.55, 0.045)
    return skin.layered(hair, _hairs(paint, places, mirrored, scalp[:, 0])[:, None])


def _bare(paint: SkinPaint, places: Tensor, mirrored: Tensor) -> Material:
    tone = torch.tensor(paint.palette.skin)
    mottle = 0.05 * paint.coarse(places, 0.012) + 0.04 * paint.fine(places, 0.004)
    red = sum(
        (strength * _spot(mirrored, centre, radius) for centre, radius, strength in _RED_SPOTS),
        torch.zeros(len(places)),
    )
    red = (red * (0.8 + 0.5 * paint.coarse(places, 0.02)))[:, None]
    albedo = tone * (1 + mottle[:, None])
    albedo = albedo * (1 + red * torch.tensor([0.08, -0.15, -0.15]))
    under_eye = _spot(mirrored, *_SHADE_UNDER_EYE)[:, None]
    albedo = albedo * (1 + under_eye * torch.tensor([-0.16, -0.16, -0.08]))
    freckles = smoothstep(paint.fine(places, 2.2e-3), 0.45, 0.8) * red[:, 0].clamp(0, 1)
    albedo = albedo * (
        1 - paint.palette.freckles * freckles[:, None] * torch.tensor([0.3, 0.5, 0.55])
    )
    beard = _beard(mirrored) * (0.6 + 0.4 * paint.hairs(places, 1.0e-3))
    stubble = paint.palette.stubble * beard[:, None] * torch.tensor([0.50, 0.42, 0.34])
    oil = sum((_spot(mirrored, *spot) for spot in _OIL), torch.zeros(len(places)))
    pore, pore_slope = paint.pores.with_gradient(places, _PORE)
    _, wrinkle_slope = paint.fine.with_gradient(places, _WRINKLE)
    roughness = 0.47 - 0.11 * oil + 0.04 * pore + 0.03 * paint.coarse(places, 0.01)
    return Material(
        (albedo * (1 - stubble)).clamp(0.01, 0.9),
        roughness[:, None].clamp(0.25, 0.7),
        (0.028 + 0.004 * pore)[:, None],
        _PORE_DEPTH / _PORE * pore_slope + _WRINKLE_DEPTH / _WRINKLE * wrinkle_slope,
    )


def _lips(paint: SkinPaint, places: Tensor) -> Material:
    line = paint.fine(places, torch.tensor(_LIP_LINE))
    red = torch.tensor(paint.palette.skin) * torch.tensor([0.86, 0.50, 0.55])
    albedo = red * (1 + 0.10 * line + 0.06 * paint.coarse(places, 0.006))[:, None]
    _, slope = paint.fine.with_gradient(places / torch.tensor(_LIP_LINE), 1.0)
    return Material(
        albedo,
        (0.36 + 0.05 * line)[:, None],
        torch.full((len(places), 1), 0.034),
        5e-5 * slope / torch.tensor(_LIP_LINE),
    )


def _hairs(
    paint: SkinPaint, places: Tensor, mirrored: Tensor, scalp: Tensor
) -> Float[Tensor, "points"]:
    """How much of the skin brows, lashes and the roots of the hair cover."""
    cover = torch.zeros(len(places))
    rooted = scalp > -_RAGGED
    ragged = paint.hairs(places[rooted], 2.0e-3) + paint.fine(places[rooted], 7e-3)
    cover[rooted] = smoothstep(scalp[rooted] + 2.5e-3 * ragged, -3e-3, 4e-3)
    near = (mirrored[:, 0] < 0.06) & (places[:, 2] > 0.07)
    near &= (mirrored[:, 1] > 1.53) & (mirrored[:, 1] < 1.59)
    face = mirrored[near]
    cover[near] = torch.maximum(cover[near], torch.maximum(_brows(paint, face), _lashes(face)))
    return cover


def _brows(paint: SkinPaint, mirrored: Tensor) -> Float[Tensor, "points"]:
    """Strokes that run up and outward, thinner toward the temple."""
    strokes = paint.hairs(mirrored @ torch.tensor(_BROW_AXES), torch.tensor(_BROW_STROKE))
    half = 2.2e-3 + 2.6e-3 * smoothstep(mirrored[:, 0], 0.056, 0.024)
    distance = distance_to_line(mirrored[:, :2], LEFT_BROW) + 0.8e-3 * strokes
    return (0.95 + 0.2 * strokes).clamp(0, 1) * smoothstep(distance / half, 1.0, 0.35)


def _lashes(mirrored: Tensor) -> Float[Tensor, "points"]:
    """A dark line along the lids' margin, stronger on the upper lid."""
    rim = signed_distance(mirrored[:, :2], LEFT_EYE)
    upper = smoothstep(mirrored[:, 1], 1.5505, 1.5535)
    return smoothstep(rim.abs(), 1.6e-3, 0.5e-3) * (0.45 + 0.5 * upper)


def _beard(mirrored: Tensor) -> Float[Tensor, "points"]:
    """Where a beard grows: jaw, chin and upper lip."""
    low = smoothstep(mirrored[:, 1] - 0.10 * (mirrored[:, 0] - 0.03), 1.500, 1.478)
    front = smoothstep(mirrored[:, 2], 0.02, 0.055)
    above_neck = smoothstep(mirrored[:, 1], 1.408, 1.440)
    lip = _spot(mirrored, (0.012, 1.503, 0.150), 0.010)
    return torch.maximum(low * front * above_neck, 0.8 * lip)


def _spot(
    mirrored: Tensor, centre: tuple[float, float, float], radius: float
) -> Float[Tensor, "points"]:
    """A soft round spot, one in the middle."""
    squared = ((mirrored - torch.tensor(centre)) ** 2).sum(-1)
    return torch.exp(-squared / (radius * radius))
