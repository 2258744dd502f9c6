"""What every reader of a multi-view body set returns: still cameras, SMPL-X codes, file names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from incarnate.capture.readers.head_set import PictureFiles
from incarnate.capture.readers.selection import Selection
from incarnate.capture.readers.smplx_params import SmplxCodes
from incarnate.errors import CaptureError


@dataclass(frozen=True)
class BodyView:
    """One camera of a set, which stands still, and where its pictures lie."""

    name: str
    intrinsics: Float[Tensor, "3 3"]
    """Pixels, as docs/conventions.md has them."""
    width: int
    height: int
    camera_from_set: Float[Tensor, "4 4"]
    """OpenCV axes; rigid, metres."""
    folder: Path
    """Of the pictures."""
    image: str
    """Pattern of a picture's path in the folder; ``{frame}`` is the set's number of the frame."""
    matte: str
    """Pattern of a matte's path in the folder."""
    distortion: Float[Tensor, "coefficients"] | None = None
    """OpenCV's coefficients; None where the pictures are undistorted."""

    def files(self, frame: int) -> PictureFiles:
        """The files of a frame."""
        return PictureFiles(
            self.folder / self.image.format(frame=frame),
            self.folder / self.matte.format(frame=frame),
        )

    def frames(self) -> set[int]:
        """The frames of which there is a picture and a matte."""
        before, after = self.image.split("{")[0], self.image.partition("}")[2]
        place, _, start = before.rpartition("/")
        pictures = (self.folder / place).glob(f"{start}*{after}")
        names = (path.name[len(start) : len(path.name) - len(after)] for path in pictures)
        numbers = {int(name) for name in names if name.isdigit()}
        return {number for number in numbers if _exists(self.files(number))}


@dataclass(frozen=True)
class BodySet:
    """A body data set, read but for its pictures."""

    name: str
    layout: str
    """Which reader read it: ``thuman4``, ``avatarrex`` or ``actorshq``."""
    views: tuple[BodyView, ...]
    codes: SmplxCodes
    """One row a frame number."""
    missing: frozenset[tuple[str, int]] = frozenset()
    """View and frame of pictures that the set calls missing."""


def chosen_views(body_set: BodySet, selection: Selection) -> tuple[BodyView, ...]:
    """The chosen cameras, in the order of the set.

    Raises:
        CaptureError: The set lacks one.
    """
    named = (*selection.cameras, *(selection.test_cameras or ()))
    known = [view.name for view in body_set.views]
    for name in named:
        if name not in known:
            raise CaptureError(
                f"{body_set.name} has no camera {name!r}; it has: {', '.join(known)}."
            )
    chosen = tuple(view for view in body_set.views if not selection.cameras or view.name in named)
    if selection.shrink < 1 or any(
        selection.shrink > min(view.width, view.height) for view in chosen
    ):
        raise CaptureError(f"pictures cannot be divided by {selection.shrink}; give 1, 2, 3 or 4.")
    return chosen


def chosen_frames(
    body_set: BodySet, selection: Selection, views: Sequence[BodyView]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Numbers of the chosen frames that all chosen cameras saw and that have a pose, and notes.

    Raises:
        CaptureError: There is none.
    """
    if selection.every < 1 or selection.start < 0:
        raise CaptureError(
            f"frames are counted from 0 and every first or later one can be taken; got start "
            f"{selection.start} and every {selection.every}."
        )
    seen = [view.frames() for view in views]
    lost = {frame for name, frame in body_set.missing if name in {v.name for v in views}}
    stop = (
        selection.stop
        if selection.stop is not None
        else 1 + max(map(max, filter(None, seen)), default=-1)
    )
    wanted = range(selection.start, stop, selection.every)
    whole = [f for f in wanted if f not in lost and all(f in frames for frames in seen)]
    frames = tuple(f for f in whole if f < body_set.codes.num_frames)
    if not frames:
        raise CaptureError(
            f"{body_set.name}: none of the {len(wanted)} chosen frames has a picture and a "
            f"matte of all {len(views)} chosen cameras, and a pose; choose fewer cameras, or "
            "other frames."
        )
    notes = []
    if len(whole) < len(wanted):
        notes.append(
            f"{len(wanted) - len(whole)} of {len(wanted)} frames lack a picture or a matte of "
            "some camera and are left out"
        )
    if len(frames) < len(whole):
        notes.append(f"{len(whole) - len(frames)} frames have no pose and are left out")
    return frames, tuple(notes)


def _exists(files: PictureFiles) -> bool:
    return files.image.is_file() and files.matte is not None and files.matte.is_file()
