"""Light made by code: a clear sky, a studio, a street at night; no file is needed.

All are scaled by one rule: a white matt surface that faces the camera (normal +z) gets irradiance π
in Rec. 709 luminance, so that it looks as it would in a white room of radiance 1, and a face is
well exposed at exposure 0. Angles below are degrees: azimuth from +z (where the subject looks)
toward +x (the subject's left), elevation from the horizon up.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import LightError
from incarnate.light.environment import Environment, directions_of_texels, solid_angles_of_texels
from incarnate.light.sampling import downsampled, irradiance_toward, luminance

# Every size is made from this one, so that a small map has the energy of a large one.
_DRAWN_HEIGHT = 512

_Color = tuple[float, float, float]


@dataclass(frozen=True)
class _Panel:
    """A rectangle of light, seen from the subject."""

    azimuth: float
    elevation: float
    size: tuple[float, float]
    """Width and height as seen, degrees."""
    radiance: _Color
    """Linear RGB."""
    softness: float = 0.15
    """Part of the half size over which the edge fades."""


def procedural_environment(name: str, height: int = 512) -> Environment:
    """A light made by code; the same numbers on every call.

    Args:
        name: One of `PROCEDURAL_NAMES`.
        height: Rows of the map, at most 512; it is twice as wide.

    Returns:
        The light, scaled so that `irradiance_toward` +z has the luminance 1.

    Raises:
        LightError: No such light is known, or the size is not possible.
    """
    if name not in _DRAWN:
        known = ", ".join(PROCEDURAL_NAMES)
        raise LightError(f"no procedural light {name!r}: known are {known}")
    if not 2 <= height <= _DRAWN_HEIGHT:
        raise LightError(
            f"a procedural light of {height} rows is not possible: ask for 2 to {_DRAWN_HEIGHT}"
        )
    radiance = _DRAWN[name](directions_of_texels(_DRAWN_HEIGHT, 2 * _DRAWN_HEIGHT))
    env = Environment(radiance, name=name)
    facing = irradiance_toward(env, torch.tensor([0.0, 0.0, 1.0]))
    return downsampled(env.scaled(1 / float(luminance(facing))), height)


def _sky(directions: Float[Tensor, "*map 3"]) -> Float[Tensor, "*map 3"]:
    """A clear sky by CIE S 011 (type 12), its sun, and a ground that both light.

    Illuminances in klx are those of a clear day with the sun at 42° (direct on a surface that
    faces it 85, sky on the ground 14): the sun is 10⁵ times as bright as the sky around.
    """
    toward_sun = _direction(38.0, 42.0)
    sunlight, skylight, ground_albedo = 85.0, 14.0, (0.24, 0.20, 0.15)
    up = directions[..., 1]
    cosine = (directions @ toward_sun).clamp(-1, 1)
    angle = torch.acos(cosine)
    height = up.clamp(min=1e-3)
    gradation = 1 - torch.exp(-0.32 / height)
    indicatrix = 1 + 10 * (torch.exp(-3 * angle) - math.exp(-1.5 * math.pi)) + 0.45 * cosine**2
    hue = _mix((0.95, 1.0, 1.08), (0.5, 0.98, 2.1), (2 * height).clamp(max=1).sqrt())
    hue = _mix(hue, (1.08, 1.0, 0.88), torch.exp(-5 * angle))
    sky = (gradation * indicatrix)[..., None] * hue * (up > 0)[..., None]
    solid_angles = solid_angles_of_texels(directions.shape[0], directions.shape[1])
    sky = sky * (skylight / float((luminance(sky) * up * solid_angles).sum()))
    # The real disc (radius 0.267°) with an edge that a texel of 0.35° can show.
    disc = torch.sigmoid((math.radians(0.267) - angle) / math.radians(0.08))
    sun = disc[..., None] * torch.tensor([1.09, 0.99, 0.83])
    sun = sun * (sunlight / float((luminance(sun) * solid_angles).sum()))
    reflected = (sunlight * float(toward_sun[1]) + skylight) / math.pi
    ground = reflected * torch.tensor(ground_albedo)
    haze = _mix(ground, (5.0, 5.2, 5.6), torch.exp(14 * up.clamp(max=0)) * 0.7)
    return torch.where((up > 0)[..., None], sky + sun, haze)


def _studio(directions: Float[Tensor, "*map 3"]) -> Float[Tensor, "*map 3"]:
    """Key, fill and rim softboxes and a strip above, in a dim grey room."""
    room = _mix((0.045, 0.042, 0.04), (0.09, 0.09, 0.095), 0.5 + 0.5 * directions[..., 1])
    key = _Panel(42.0, 32.0, (46.0, 46.0), (9.0, 8.6, 8.0))
    fill = _Panel(-58.0, 8.0, (50.0, 64.0), (1.25, 1.35, 1.5))
    top = _Panel(0.0, 82.0, (60.0, 24.0), (1.6, 1.6, 1.65))
    left_rim = _Panel(146.0, 18.0, (14.0, 70.0), (9.0, 9.4, 10.0))
    right_rim = _Panel(-140.0, 22.0, (12.0, 60.0), (12.0, 12.4, 13.0))
    return _with_panels(room, directions, (key, fill, top, left_rim, right_rim))


def _night_street(directions: Float[Tensor, "rows columns 3"]) -> Float[Tensor, "rows columns 3"]:
    """Warm street lamps, neon signs and windows under a dark sky, mirrored by wet asphalt."""
    horizon = directions.shape[0] // 2
    above, below = directions[:horizon], directions[horizon:]
    # What the town throws up hangs over the horizon.
    sky = _mix((0.010, 0.013, 0.022), (0.12, 0.075, 0.045), torch.exp(-5 * above[..., 1]))
    lights = _lamps() + _neon_signs()
    street = _with_panels(sky, above, _houses() + _windows() + lights)
    asphalt = _mix((0.02, 0.018, 0.02), (0.09, 0.06, 0.045), torch.exp(5 * below[..., 1]))
    mirrored = below * torch.tensor([1.0, -1.0, 1.0])
    wet = _with_panels(asphalt, mirrored, tuple(_smeared(light) for light in lights))
    return torch.cat([street, wet])


def _lamps() -> tuple[_Panel, ...]:
    """Two rows of lamps that recede along the street, which runs from behind to the front."""
    warm = (1.0, 0.62, 0.30)
    near = [
        (26.0, 48.0, 10.0, 170.0),
        (-35.0, 36.0, 7.0, 130.0),
        (150.0, 34.0, 6.0, 130.0),
        (-155.0, 46.0, 8.0, 130.0),
    ]
    far = [
        (12.0, 20.0, 3.0, 130.0),
        (-14.0, 16.0, 2.4, 130.0),
        (168.0, 18.0, 2.6, 130.0),
        (-170.0, 14.0, 2.2, 130.0),
    ]
    return tuple(
        _Panel(azimuth, elevation, (size, 0.6 * size), _times(warm, gain), 0.5)
        for azimuth, elevation, size, gain in near + far
    )


def _neon_signs() -> tuple[_Panel, ...]:
    """Shop signs on both sides and behind."""
    magenta, cyan, red, green = (
        (1.0, 0.1, 0.6),
        (0.08, 0.7, 1.0),
        (1.0, 0.1, 0.05),
        (0.1, 1.0, 0.35),
    )
    return (
        _Panel(-78.0, 14.0, (14.0, 32.0), _times(magenta, 14.0), 0.3),
        _Panel(82.0, 10.0, (18.0, 22.0), _times(cyan, 14.0), 0.3),
        _Panel(112.0, 20.0, (7.0, 26.0), _times(magenta, 12.0), 0.3),
        _Panel(-112.0, 12.0, (24.0, 6.0), _times(cyan, 14.0), 0.3),
        _Panel(160.0, 9.0, (13.0, 4.0), _times(red, 12.0), 0.3),
        _Panel(-160.0, 7.0, (8.0, 9.0), _times(green, 6.0), 0.3),
        _Panel(-178.0, 11.0, (9.0, 5.0), _times(cyan, 10.0), 0.3),
    )


def _houses() -> tuple[_Panel, ...]:
    """Dark fronts on both sides, from the pavement to roofs of unequal height."""
    return tuple(
        _Panel(side * azimuth, 0.0, (24.0, 2 * roof), (0.035, 0.028, 0.026), 0.02)
        for side, roofs in (
            (1.0, (34.0, 52.0, 46.0, 54.0, 38.0)),
            (-1.0, (40.0, 50.0, 55.0, 44.0, 36.0)),
        )
        for azimuth, roof in zip((46.0, 70.0, 94.0, 118.0, 142.0), roofs, strict=True)
    )


def _windows() -> tuple[_Panel, ...]:
    """Windows of the houses; which ones are lit follows a fixed pattern."""
    columns = [side * azimuth for side in (-1, 1) for azimuth in range(40, 150, 8)]
    return tuple(
        _Panel(
            float(azimuth),
            float(elevation),
            (3.4, 5.0),
            _times((1.0, 0.72, 0.42), 0.4 + 0.25 * (seed % 5)),
        )
        for azimuth in columns
        for elevation in (20, 28, 36)
        if (seed := (azimuth * 7 + elevation * 13) % 23) < 10
    )


def _smeared(light: _Panel) -> _Panel:
    """How wet asphalt shows a light: drawn out toward the viewer, a small part of it, soft."""
    width, height = light.size
    stretch = 2.2 + 4.0 / height
    size = (1.15 * width, min(stretch * height, 1.6 * light.elevation + height))
    share = 0.10 * height / size[1]
    return _Panel(light.azimuth, light.elevation, size, _times(light.radiance, share), 0.9)


def _with_panels(
    background: Float[Tensor, "*map 3"],
    directions: Float[Tensor, "*map 3"],
    panels: tuple[_Panel, ...],
) -> Float[Tensor, "*map 3"]:
    """The background with panels over it."""
    for panel in panels:
        coverage = _coverage(panel, directions)[..., None]
        background = torch.lerp(background, torch.tensor(panel.radiance), coverage)
    return background


def _coverage(panel: _Panel, directions: Float[Tensor, "*map 3"]) -> Float[Tensor, "*map"]:
    """Share of a panel in each direction, in [0, 1]: one inside, fading to zero at its edges."""
    ahead = _direction(panel.azimuth, panel.elevation)
    right = _direction(panel.azimuth + 90, 0.0)
    above = _direction(panel.azimuth, panel.elevation + 90)
    depth = directions @ ahead
    shares = [
        ((1 - (directions @ axis).abs() / (depth.clamp(min=1e-3) * half)) / panel.softness)
        for axis, half in zip(
            (right, above), (math.tan(math.radians(0.5 * s)) for s in panel.size), strict=True
        )
    ]
    inside = [share.clamp(0, 1) ** 2 * (3 - 2 * share.clamp(0, 1)) for share in shares]
    return inside[0] * inside[1] * (depth > 0)


def _direction(azimuth: float, elevation: float) -> Float[Tensor, "3"]:
    a, e = math.radians(azimuth), math.radians(elevation)
    return torch.tensor([math.cos(e) * math.sin(a), math.sin(e), math.cos(e) * math.cos(a)])


def _mix(
    first: _Color | Tensor, second: _Color | Tensor, part: Float[Tensor, "*map"]
) -> Float[Tensor, "*map 3"]:
    """The first colour where part is 0, the second where it is 1."""
    start, end = (torch.as_tensor(color, dtype=part.dtype) for color in (first, second))
    return start + (end - start) * part[..., None]


def _times(color: _Color, gain: float) -> _Color:
    return (color[0] * gain, color[1] * gain, color[2] * gain)


_DRAWN: Final[Mapping[str, Callable[[Tensor], Tensor]]] = MappingProxyType(
    {"sky": _sky, "studio": _studio, "night_street": _night_street}
)

PROCEDURAL_NAMES: Final[tuple[str, ...]] = tuple(_DRAWN)
"""What `procedural_environment` can make."""
