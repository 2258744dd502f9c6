"""What every reader returns: a head data set in its own world, with FLAME codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from incarnate.capture.capture import Split


@dataclass(frozen=True)
class PictureFiles:
    """The files of one picture."""

    image: Path
    matte: Path | None = None
    """Grey coverage; None where the picture carries alpha."""
    albedo: Path | None = None
    """Pseudo-albedo by an estimator, sRGB; None where there is none."""


@dataclass(frozen=True)
class HeadView:
    """One camera of a set, which may still move, and its pictures."""

    name: str
    intrinsics: Float[Tensor, "3 3"]
    """Pixels, as docs/conventions.md has them."""
    width: int
    height: int
    camera_from_set: Float[Tensor, "frames 4 4"]
    """OpenCV axes; rigid, metres."""
    files: tuple[PictureFiles, ...]
    """One a frame."""


@dataclass(frozen=True)
class FlameCodes:
    """FLAME parameters of a person and of each frame; rotations are axis-angle, radians."""

    expression: Float[Tensor, "frames expressions"]
    rotation: Float[Tensor, "frames 3"]
    """Of the whole head about FLAME's root joint, in the axes of the set's world."""
    translation: Float[Tensor, "frames 3"]
    """Added to all vertices, metres."""
    neck: Float[Tensor, "frames 3"]
    jaw: Float[Tensor, "frames 3"]
    eyes: Float[Tensor, "frames 2 3"]
    """Left, right."""
    eyelids: Float[Tensor, "frames 2"] | None = None
    """Left, right; 0 open, 1 closed. None where the set's FLAME has no lids."""
    shape: Float[Tensor, "shapes"] | None = None
    offset: Float[Tensor, "flame_vertices 3"] | None = None
    """Displacement of the rest vertices after the shape, metres."""
    canonical: Float[Tensor, "flame_vertices 3"] | None = None
    """The person's vertices without expression, where they tell the identity instead of `shape`."""


@dataclass(frozen=True)
class HeadSet:
    """A head data set, read but for its pictures."""

    name: str
    layout: str
    """Which reader read it: ``insta``, ``imavatar`` or ``vhap``."""
    views: tuple[HeadView, ...]
    codes: FlameCodes
    splits: tuple[Split, ...]
    """One a frame."""
    notes: tuple[str, ...] = ()
    """What the user should know, one sentence each."""

    @property
    def num_frames(self) -> int:
        """How many moments the set has."""
        return len(self.splits)


def split_by_rule(num_frames: int, num_test: int) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """The set's rule, its last so many frames are for testing, unless the set is too short for it.

    Args:
        num_frames: Frames of the set.
        num_test: Test frames by the rule.

    Returns:
        One split a frame, and a note where the rule was not kept.
    """
    notes: tuple[str, ...] = ()
    if 2 * num_test > num_frames:
        share = max(1, round(0.15 * num_frames))
        notes = (
            f"the set has {num_frames} frames, too few to keep its last {num_test} for testing: "
            f"the last {share} (15 in 100) are kept instead, so figures do not compare with "
            "published ones",
        )
        num_test = share
    num_train = num_frames - num_test
    return tuple("train" if i < num_train else "test" for i in range(num_frames)), notes


def natural_key(path: str) -> tuple[tuple[int, str], ...]:
    """Sorts ``2.png`` before ``10.png``."""
    digits = "".join(c if c.isdigit() else " " for c in path).split()
    letters = "".join(" " if c.isdigit() else c for c in path)
    return (*((int(d), "") for d in digits), (0, letters))


def first_that_exists(paths: Sequence[Path]) -> Path | None:
    """The first of some files that is there."""
    return next((path for path in paths if path.is_file()), None)
