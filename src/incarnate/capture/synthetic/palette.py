"""The colours of a person, drawn from a seed; all linear RGB."""

from dataclasses import dataclass

import torch

Colour = tuple[float, float, float]

_SKIN: tuple[Colour, ...] = (
    (0.565, 0.350, 0.258), (0.480, 0.285, 0.200), (0.365, 0.205, 0.135), (0.205, 0.108, 0.068),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = (
    (0.012, 0.009, 0.008), (0.036, 0.020, 0.012), (0.085, 0.043, 0.020), (0.200, 0.120, 0.055),
)  # fmt: skip
_IRIS: tuple[Colour, ...] = (
    (0.075, 0.033, 0.014), (0.125, 0.085, 0.030), (0.075, 0.110, 0.065), (0.080, 0.130, 0.190),
)  # fmt: skip
_CLOTH: tuple[Colour, ...] = (
    (0.045, 0.075, 0.135), (0.150, 0.035, 0.035), (0.055, 0.100, 0.075), (0.310, 0.300, 0.280),
)  # fmt: skip


@dataclass(frozen=True)
class Palette:
    """What a person is painted with."""

    skin: Colour
    hair: Colour
    iris: Colour
    cloth: Colour
    stubble: float
    """Strength of the beard's shadow, 0 to 1."""
    freckles: float
    """Strength of freckles, 0 to 1."""


def draw_palette(seed: int) -> Palette:
    """Equal seeds give equal colours; dark skin goes with dark hair and eyes."""
    generator = torch.Generator().manual_seed(seed + 503)
    tone, hair, iris, cloth, stubble, freckles = torch.rand(6, generator=generator).tolist()
    fair = 1 - tone
    return Palette(
        skin=_between(_SKIN, tone),
        hair=_between(_HAIR, hair * (0.25 + 0.75 * fair)),
        iris=_between(_IRIS, iris * fair),
        cloth=_CLOTH[int(cloth * len(_CLOTH)) % len(_CLOTH)],
        stubble=max(0.0, 1.6 * stubble - 0.5),
        freckles=fair * max(0.0, 1.5 * freckles - 0.5),
    )


def _between(colours: tuple[Colour, ...], place: float) -> Colour:
    scaled = place * (len(colours) - 1)
    first = min(int(scaled), len(colours) - 2)
    part = scaled - first
    low, high = colours[first], colours[first + 1]
    return tuple(a + part * (b - a) for a, b in zip(low, high, strict=True))  # pyright: ignore[reportReturnType]
