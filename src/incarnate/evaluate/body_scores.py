"""The numbers of a body's evaluation: one record a picture, three splits, and the report."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from incarnate.capture.capture import Consent
from incarnate.evaluate.scores import PictureRow

SplitName = Literal["held-out camera", "held-out poses", "other clip"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
Projection = Literal["off", "on"]


@dataclass(frozen=True)
class BodyScores:
    """One picture of a body beside the truth. None means that it can't be had here."""

    index: int
    """Frame index in the capture."""
    camera: int
    """Camera index in the capture."""
    pose_distance: float
    """To the nearest training pose, history included: root mean square over the surface, cm."""
    pose_range: float
    """Distance to the space of training poses, over the 95th percentile of the training poses'
    own: beyond one, training saw nothing like it."""
    psnr_matte: float | None
    """Weighted by the matte, dB; None where nobody is seen."""
    psnr_crop: float
    """In the matte's box with its margin, over black, dB."""
    psnr: float
    """Whole picture over black, dB."""
    ssim: float
    """In the crop."""
    sharpness: float | None
    """Gradient energy over that of the truth, well inside the matte; None where that is flat."""
    iou: float | None
    """Intersection over union of coverage and matte, both cut at one half."""
    lpips_alex: float | None = None
    """Of the crop."""
    lpips_vgg: float | None = None
    psnr_garment: float | None = None
    """Where the true label is cloth, weighted by the matte, dB."""
    psnr_skin: float | None = None
    """Where the true label is body: bare skin, hair, shoes; weighted by the matte, dB."""
    offset_p95: float | None = None
    """95th percentile of the splats' displacement by the pose, mm; None for a static avatar."""


@dataclass(frozen=True)
class BodySplit:
    """Pictures that ask the same of an avatar."""

    name: SplitName
    pictures: tuple[BodyScores, ...]
    fid: float | None = None
    """Fréchet Inception distance of the avatar's crops from the true ones, all together."""

    @property
    def num_far(self) -> int:
        """How many pictures show a pose outside the space of training poses."""
        return sum(scores.pose_range > 1 for scores in self.pictures)

    def mean(self, name: str) -> float | None:
        """Mean of a figure over the pictures that have it, or None.

        Args:
            name: A field of `BodyScores`, or ``psnr_far``: `psnr_matte` over far poses alone; or
                ``fid``, which is no mean but of all pictures together.
        """
        if name == "fid":
            return self.fid
        is_far = name == "psnr_far"
        key = "psnr_matte" if is_far else name
        known = (getattr(s, key) for s in self.pictures if not is_far or s.pose_range > 1)
        values = [value for value in known if value is not None]
        return sum(values) / len(values) if values else None


@dataclass(frozen=True)
class ClipFlicker:
    """How the picture of a clip changes from frame to frame, beside how it should."""

    clip: str
    is_trained: bool
    """Whether training reads frames of this clip."""
    camera: int
    num_pairs: int
    """Pairs of consecutive frames that were looked at."""
    flicker: float
    """Mean |Δavatar − Δtruth| × 100 inside the union of both mattes; Δ is the change of display
    values from one frame to the next."""
    motion: float
    """Mean |Δavatar| × 100 there."""
    true_motion: float
    """Mean |Δtruth| × 100 there."""


@dataclass(frozen=True)
class BodyReport:
    """Everything that the evaluation of a body found."""

    avatar: str
    """What the avatar is called."""
    capture: str
    """Name of the capture it was measured on."""
    protocol: dict[str, str | int | list[int]]
    """How the numbers were made."""
    splits: tuple[BodySplit, ...]
    """Those that the capture has, in the order of `SPLITS`."""
    flicker: tuple[ClipFlicker, ...] = ()
    """One a clip that has consecutive frames."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a figure or a split is absent, by its name."""
    pictures: tuple[PictureRow, ...] = ()
    consent: Consent | None = None
    """Who is seen, by what right, and whose work the pictures are."""

    def split(self, name: SplitName) -> BodySplit | None:
        """A split by its name; None where the capture lacks it."""
        return next((split for split in self.splits if split.name == name), None)

    def flicker_of(self, *, trained: bool) -> float | None:
        """Mean flicker over the clips that training read, or over the others; pairs count alike."""
        rows = [row for row in self.flicker if row.is_trained == trained]
        pairs = sum(row.num_pairs for row in rows)
        return sum(row.flicker * row.num_pairs for row in rows) / pairs if pairs else None
