"""The GGX reflection model, and its split-sum table.

Microfacets follow GGX (Walter et al. 2007) with α = roughness², the height-correlated Smith
masking (Heitz 2014) and Schlick's Fresnel with reflectance F0 at normal incidence. Each
interface reflects once. What the specular layer doesn't reflect is left to the diffuse one:
``albedo/π · (1 − specular_albedo)``, so that no surface gives back more than it gets.
"""

import functools

import torch
from jaxtyping import Float
from torch import Tensor

TABLE_SIZE = 64

# A perfect mirror has no density; below this α lobes are narrower than any texel we filter.
MIN_ALPHA = 1e-3

# At grazing view the visible-normal distribution degenerates; 0.05° is far inside one table cell.
_MIN_COSINE = 1e-3

_NUM_RADII, _NUM_AZIMUTHS = 32, 8


def split_sum(
    roughness: Float[Tensor, "*batch 1"], n_dot_v: Float[Tensor, "*batch 1"]
) -> Float[Tensor, "*batch 2"]:
    """Scale and bias of F0 in the specular directional albedo, read bilinearly from the table.

    Args:
        roughness: Perceptual roughness, clamped to [0, 1].
        n_dot_v: Cosine between normal and view, clamped to [0, 1].

    Returns:
        (scale, bias): a white environment is reflected by ``F0 · scale + bias``. Differentiable in
        both inputs.
    """
    table = split_sum_table().to(roughness).reshape(-1, 2)
    last = TABLE_SIZE - 1
    x, y = n_dot_v.reshape(-1).clamp(0, 1) * last, roughness.reshape(-1).clamp(0, 1) * last
    left, top = (c.detach().floor().clamp(max=last - 1) for c in (x, y))
    right_part, low_part = (x - left)[:, None], (y - top)[:, None]
    first = (top * TABLE_SIZE + left).long()
    rows = [table.index_select(0, first + step) for step in (0, 1, TABLE_SIZE, TABLE_SIZE + 1)]
    upper = torch.lerp(rows[0], rows[1], right_part.expand_as(rows[0]))
    lower = torch.lerp(rows[2], rows[3], right_part.expand_as(rows[0]))
    return torch.lerp(upper, lower, low_part.expand_as(upper)).reshape(*roughness.shape[:-1], 2)


@functools.lru_cache(maxsize=1)
def split_sum_table() -> Float[Tensor, "roughness n_dot_v 2"]:
    """Scale and bias of F0, by roughness (rows, 0 to 1) and n·v (columns, 0 to 1), float32.

    A fixed quadrature over the visible normals (Heitz 2018, "Sampling the GGX distribution of
    visible normals"), under which the integrand is Fresnel times a smooth masking ratio.
    """
    steps = torch.linspace(0, 1, TABLE_SIZE, dtype=torch.float64)
    alpha = (steps * steps).clamp(min=MIN_ALPHA)[:, None, None]
    cosine = steps.clamp(min=_MIN_COSINE)[None, :, None]
    disc_x, disc_y, weights = _disc_points()
    h_x, h_z = _visible_normals(alpha, cosine, disc_x, disc_y)
    view_x = (1 - cosine * cosine).sqrt()
    v_dot_h = (view_x * h_x + cosine * h_z).clamp(0, 1)
    n_dot_l = (2 * v_dot_h * h_z - cosine).clamp(min=0)
    ratio = _masking_ratio(cosine, n_dot_l, alpha)
    fresnel = (1 - v_dot_h) ** 5
    bias = (fresnel * ratio) @ weights
    return torch.stack([ratio @ weights - bias, bias], -1).float()


def specular_albedo(
    roughness: Float[Tensor, "*batch 1"],
    n_dot_v: Float[Tensor, "*batch 1"],
    reflectance: Float[Tensor, "*batch 1"],
) -> Float[Tensor, "*batch 1"]:
    """Share of white light from all around that the specular layer sends to the viewer."""
    scale, bias = split_sum(roughness, n_dot_v).split(1, -1)
    return reflectance * scale + bias


def ggx_specular(
    n_dot_l: Float[Tensor, "*batch"],
    n_dot_v: Float[Tensor, "*batch"],
    n_dot_h: Float[Tensor, "*batch"],
    v_dot_h: Float[Tensor, "*batch"],
    material: tuple[Float[Tensor, "*#batch"], Float[Tensor, "*#batch"]],
) -> Float[Tensor, "*batch"]:
    """The specular reflection function (per steradian, without the cosine of the light).

    Args:
        n_dot_l: Cosine between normal and light.
        n_dot_v: Cosine between normal and view.
        n_dot_h: Cosine between normal and half vector.
        v_dot_h: Cosine between view and half vector.
        material: Roughness and reflectance F0.

    Returns:
        D·V·F; zero where the light or the view is under the surface.
    """
    roughness, reflectance = material
    squared_alpha = (roughness * roughness).clamp(min=MIN_ALPHA) ** 2
    slope = n_dot_h * n_dot_h * (squared_alpha - 1) + 1
    density = squared_alpha / (torch.pi * slope * slope)
    light, view = n_dot_l.clamp(min=1e-6), n_dot_v.clamp(min=1e-6)
    masking = light * (view * view * (1 - squared_alpha) + squared_alpha).sqrt()
    masking = masking + view * (light * light * (1 - squared_alpha) + squared_alpha).sqrt()
    fresnel = reflectance + (1 - reflectance) * (1 - v_dot_h.clamp(0, 1)) ** 5
    above = (n_dot_l > 0) & (n_dot_v > 0)
    return torch.where(above, 0.5 * density * fresnel / masking, torch.zeros_like(density))


def _disc_points() -> tuple[Tensor, Tensor, Tensor]:
    """x, y and weights (sum one) of the quadrature on the unit disc."""
    rest = 1 - (torch.arange(_NUM_RADII, dtype=torch.float64) + 0.5) / _NUM_RADII
    # The rim of the disc holds the tail of GGX: radii crowd there.
    radius = (1 - rest**3).sqrt()
    # The halves of the disc on both sides of the plane of view mirror each other: one is enough.
    azimuth = (torch.arange(_NUM_AZIMUTHS, dtype=torch.float64) + 0.5) * (torch.pi / _NUM_AZIMUTHS)
    weights = (rest**2 / (rest**2).sum() / _NUM_AZIMUTHS)[:, None].expand(-1, _NUM_AZIMUTHS)
    x, y = radius[:, None] * azimuth.cos(), radius[:, None] * azimuth.sin()
    return x.reshape(-1), y.reshape(-1), weights.reshape(-1)


def _visible_normals(
    alpha: Tensor, cosine: Tensor, disc_x: Tensor, disc_y: Tensor
) -> tuple[Tensor, Tensor]:
    """The x and z of visible normals for a view in the xz plane, from points on the disc."""
    stretched_x, stretched_z = alpha * (1 - cosine * cosine).sqrt(), cosine
    length = (stretched_x**2 + stretched_z**2).sqrt()
    stretched_x, stretched_z = stretched_x / length, stretched_z / length
    # The axis of the disc along which the hemisphere is cut lies in the plane of view.
    part = 0.5 * (1 + stretched_z)
    along = (1 - part) * (1 - disc_y**2).clamp(min=0).sqrt() + part * disc_x
    up = (1 - disc_y**2 - along**2).clamp(min=0).sqrt()
    x = -stretched_z * along + stretched_x * up
    z = stretched_x * along + stretched_z * up
    x, y, z = alpha * x, alpha * disc_y, z.clamp(min=1e-9)
    norm = (x * x + y * y + z * z).sqrt()
    return x / norm, z / norm


def _masking_ratio(view: Tensor, light: Tensor, alpha: Tensor) -> Tensor:
    """Smith's height-correlated G2 over G1 of the view; zero for light under the surface."""
    light_term = ((1 / light.clamp(min=1e-6) ** 2 - 1) * alpha**2 + 1).sqrt()
    view_term = ((1 / view**2 - 1) * alpha**2 + 1).sqrt()
    return torch.where(light > 0, (1 + view_term) / (light_term + view_term), 0.0)
