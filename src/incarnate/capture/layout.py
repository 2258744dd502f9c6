"""Where the files of a capture lie inside its folder (docs/capture-format.md)."""

from dataclasses import dataclass, field
from typing import Literal, get_args

TruthKind = Literal["albedo", "normal", "roughness", "label"]
TRUTH_KINDS: tuple[TruthKind, ...] = get_args(TruthKind)

LABEL_NOTHING = 0
"""Of a label map: nobody is seen here."""
LABEL_BODY = 1
"""Of a label map: bare skin, hair or shoes, which move with the skeleton alone."""
LABEL_GARMENT = 2
"""Of a label map: cloth that moves by itself."""


@dataclass(frozen=True)
class Layout:
    """Path patterns, relative to the folder; ``{camera}`` and ``{frame:06d}`` are filled in."""

    images: str = "images/{camera}/{frame:06d}.png"
    """8-bit sRGB, PNG or JPEG; RGBA with straight alpha where `mattes` is None."""
    mattes: str | None = None
    """8-bit grey coverage, PNG; None where the images carry alpha."""
    track: str | None = None
    """The track's file; None where the capture is not tracked."""
    light: str | None = None
    """The environment map of the capture (.hdr or .exr), where it is known."""
    relit_lights: dict[str, str] = field(default_factory=dict)
    """Environment map of each other light, by name."""
    relit_images: dict[str, str] = field(default_factory=dict)
    """Images under each other light, by name; the matte is the frame's own."""
    truth: dict[TruthKind, str] = field(default_factory=dict)
    """Maps of true surface properties, for judging only."""
    pseudo_albedo: str | None = None
    """8-bit sRGB albedo that a network guessed, for training; frames may lack theirs."""


def fill_pattern(pattern: str, camera: str, frame: int) -> str:
    """The relative path of one file, from a pattern of `Layout`."""
    return pattern.format(camera=camera, frame=frame)
