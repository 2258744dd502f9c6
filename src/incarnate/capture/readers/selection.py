"""Which part of a body data set becomes a capture; without torch, as every command loads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from incarnate.errors import CaptureError


@dataclass(frozen=True)
class Selection:
    """Which part of a set becomes a capture; the rest is never decoded."""

    cameras: tuple[str, ...] = ()
    """Names of the cameras to take; all if left out."""
    test_cameras: tuple[str, ...] | None = None
    """Cameras that training never reads; the last one of three or more if left out."""
    start: int = 0
    """Number of the first frame."""
    stop: int | None = None
    """Number of the frame after the last."""
    every: int = 1
    """Take one frame in so many."""
    test_from: int | None = None
    """Frames from this number on are held out; the last 15 in 100 if left out."""
    shrink: int = 1
    """Divide the pictures' width and height by this whole number."""

    def held_out_cameras(self, names: Sequence[str]) -> tuple[str, ...]:
        """Which of the chosen cameras, by name, are test cameras."""
        if self.test_cameras is not None:
            return self.test_cameras
        return (names[-1],) if len(names) > 2 else ()

    def splits_of(self, frames: Sequence[int]) -> tuple[Literal["train", "test"], ...]:
        """One split a frame.

        Raises:
            CaptureError: No frame is left for training.
        """
        by_rule = len(frames) - max(1, round(0.15 * len(frames)))
        first = by_rule if len(frames) > 1 else 1
        if self.test_from is not None:
            first = sum(frame < self.test_from for frame in frames)
        if first == 0:
            raise CaptureError(
                f"all {len(frames)} chosen frames are from number {self.test_from} on: none is "
                "left for training; begin the test later."
            )
        return tuple("train" if i < first else "test" for i in range(len(frames)))
