"""The numbers of an evaluation: one record a frame, and the report that holds them all."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.capture import Consent
from incarnate.evaluate import metrics
from incarnate.geometry.colors import srgb_from_linear

LpipsChoice = Literal["both", "alex", "none"]
ExpressionChoice = Literal["encoder", "tracked"]
PictureGroup = Literal["frames", "relit", "maps", "held-out camera", "held-out poses", "other clip"]
"""The section of a report: of heads the first three, of bodies the splits."""


@dataclass(frozen=True)
class Options:
    """What may be changed about the protocol; the report prints it."""

    size: int | None = None
    """Height in pixels at which pictures are compared; None is the capture's own."""
    stride: int = 1
    """Use every n-th test frame."""
    max_frames: int | None = None
    """Use at most so many test frames, spread evenly over the split."""
    camera: int = 0
    """Which camera of a capture that has several."""
    lpips: LpipsChoice = "both"
    """``vgg`` costs seconds a frame on one core; ``alex`` a twentieth of it."""
    expressions: ExpressionChoice = "encoder"
    """Whether an avatar that has an encoder reads each frame's expression from its picture."""


@dataclass(frozen=True)
class Pair:
    """An avatar's picture and the truth, both linear RGB over black, and the truth's matte."""

    image: Float[Tensor, "height width 3"]
    truth: Float[Tensor, "height width 3"]
    matte: Float[Tensor, "height width"]

    @property
    def encoded(self) -> tuple[Float[Tensor, "height width 3"], Float[Tensor, "height width 3"]]:
        """Picture and truth as a screen shows them: sRGB in [0, 1]."""
        return encode(self.image), encode(self.truth)

    def with_best_gains(self) -> "Pair":
        """The picture after the one factor a channel that suits it best inside the matte."""
        gains = metrics.best_gains(self.image, self.truth, self.matte)
        return Pair(self.image * gains, self.truth, self.matte)

    @property
    def psnr_matte(self) -> float:
        """PSNR of the encoded pictures, weighted by the matte, dB."""
        return metrics.psnr(*self.encoded, weights=self.matte)


@dataclass(frozen=True)
class FrameScores:
    """One test frame under the light of the capture. None means that it can't be had here."""

    index: int
    """Frame index in the capture."""
    psnr: float
    """Whole picture over black, dB."""
    psnr_matte: float
    """Weighted by the matte, dB."""
    ssim: float
    mae: float
    """Mean absolute error × 100."""
    sharpness: float | None
    """Gradient energy over that of the truth, inside the matte; None where the truth is flat."""
    lpips_alex: float | None = None
    lpips_vgg: float | None = None
    normal_degrees: float | None = None
    """Mean angle between splatted and true normals, inside the eroded matte."""
    psnr_albedo: float | None = None
    """After the best gain a channel, inside the eroded matte, dB."""


@dataclass(frozen=True)
class RelitScores:
    """One test frame under another light."""

    index: int
    psnr_relit: float
    """Weighted by the matte, after the best gain a channel, dB."""
    psnr_relit_raw: float
    """Weighted by the matte, as drawn, dB."""


@dataclass(frozen=True)
class PictureRow:
    """Pictures that the report shows side by side."""

    group: PictureGroup
    title: str
    caption: str
    panels: tuple[tuple[str, UInt8[np.ndarray, "height width 3"]], ...]
    """Label and sRGB picture of each."""


@dataclass(frozen=True)
class Report:
    """Everything that an evaluation found; `incarnate.evaluate.report.write_report` writes it."""

    avatar: str
    """What the avatar is called."""
    capture: str
    """Name of the capture it was measured on."""
    protocol: dict[str, str | int | list[int]]
    """How the numbers were made, for whoever wants to make them again."""
    frames: tuple[FrameScores, ...]
    relit: dict[str, tuple[RelitScores, ...]] = field(default_factory=dict)
    """Scores under each other light, by its name."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a figure is absent, by its name."""
    pictures: tuple[PictureRow, ...] = ()
    consent: Consent | None = None
    """Who is seen, by what right, and whose work the pictures are, where the capture says so."""
    fid: float | None = None
    """Fréchet Inception distance of the avatar's pictures from the true ones, all together."""

    def mean(self, name: str) -> float | None:
        """Mean of a figure over the frames that have it (and over lights), or None.

        Args:
            name: A field of `FrameScores`, or of `RelitScores`; or ``fid``, which is no mean but
                of all pictures together.
        """
        if name == "fid":
            return self.fid
        if name in RelitScores.__dataclass_fields__ and name != "index":
            lights = [self.relit_mean(light, name) for light in self.relit]
            return sum(lights) / len(lights) if lights else None
        values = [v for v in (getattr(frame, name) for frame in self.frames) if v is not None]
        return sum(values) / len(values) if values else None

    def relit_mean(self, light: str, name: str) -> float:
        """Mean of a figure over the frames under one other light."""
        values = [getattr(scores, name) for scores in self.relit[light]]
        return sum(values) / len(values)


def score_relit(index: int, pair: Pair) -> RelitScores:
    """Scores of a picture under another light."""
    return RelitScores(index, pair.with_best_gains().psnr_matte, pair.psnr_matte)


def encode(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Linear values as a screen shows them: clipped, sRGB, in [0, 1]."""
    return srgb_from_linear(linear).clamp(0, 1)
