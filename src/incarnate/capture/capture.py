"""Captures: calibrated images with mattes and time, from one camera or many."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from incarnate.capture.layout import Layout
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig

Split = Literal["train", "test"]
TestKind = Literal["held-out pose", "other clip"]


@dataclass(frozen=True)
class Frame:
    """One picture of a capture, decoded."""

    index: int
    """Position in the capture's frame list (not a file name)."""
    time: float
    """Seconds from the start of the clip."""
    camera: Camera
    image: Float[Tensor, "height width 3"]
    """Linear RGB, straight (not premultiplied by the matte)."""
    matte: Float[Tensor, "height width"]
    """Coverage by the person, in [0, 1]."""


@dataclass(frozen=True)
class Track:
    """A rig fitted to a capture: one identity, one pose a frame, and how well it fits."""

    rig: Rig
    """The rig of this person: identity folded in."""
    poses: Pose
    """Batched over the capture's frames, in their order."""
    residuals: Float[Tensor, "frames"]
    """Mean landmark reprojection error of each frame, pixels; zero where the truth is known."""
    origin: Literal["tracked", "truth", "imported"] = "tracked"
    """Where the poses come from."""
    shape: Float[Tensor, "shapes"] | None = None
    """The shape coefficients that are folded into `rig`, where it has a shape space."""
    offset: Float[Tensor, "vertices 3"] | None = None
    """The per-vertex rest offset that is folded into `rig`, metres."""
    observations: dict[str, Tensor] = field(default_factory=dict)
    """What the poses were fitted to, one row a frame, by name: detected landmarks and the like."""


@dataclass(frozen=True)
class Consent:
    """Whose likeness a capture holds, and by what right it is used."""

    subject: str
    """Who is seen."""
    statement: str
    """What the subject agreed to, in plain words."""
    source: str
    """Where the pictures, and the consent, come from."""


@dataclass(frozen=True)
class Capture:
    """Calibrated images of one person; pictures are decoded when asked for."""

    folder: Path
    name: str
    cameras: tuple[Camera, ...]
    camera_names: tuple[str, ...]
    times: tuple[float, ...]
    """Seconds, one a frame."""
    splits: tuple[Split, ...]
    """One a frame. Poses are split, never single images of a pose."""
    light: Environment | None = None
    """The light of the capture, where it is known."""
    relights: dict[str, Environment] = field(default_factory=dict)
    """Other lights under which the test frames were also captured or rendered, by name."""
    fps: float = 25.0
    """Frames a second of the clip."""
    sources: tuple[int | None, ...] = ()
    """Which frame of the original clip each frame is, where that is known; may be empty."""
    layout: Layout = field(default_factory=Layout)
    """Where the files lie."""
    rig: str = "incarnate-head"
    """The generic rig that poses refer to: an embedded rig's name, or a file in the folder."""
    consent: Consent | None = None
    """Whose likeness this is; None where nobody said."""
    provenance: dict[str, object] = field(default_factory=dict)
    """How the capture was made: free-form JSON."""
    clips: tuple[str, ...] = ()
    """The clip that each frame belongs to, one a frame; empty where all are of one clip."""
    test_cameras: tuple[int, ...] = ()
    """Indices of cameras that training never reads: their views are new in every pose."""

    @property
    def num_frames(self) -> int:
        """How many frames the capture has, of both splits."""
        return len(self.times)

    def indices(self, split: Split | Literal["all"] = "all") -> list[int]:
        """Frame indices of a split, in time order."""
        return [i for i, s in enumerate(self.splits) if split in ("all", s)]

    @property
    def train_cameras(self) -> tuple[int, ...]:
        """Indices of the cameras that training reads."""
        return tuple(i for i in range(len(self.cameras)) if i not in self.test_cameras)

    def test_kind(self, index: int) -> TestKind:
        """What a test frame asks of an avatar.

        Args:
            index: Position of a test frame in the frame list.

        Returns:
            ``held-out pose`` where frames of the same clip are trained on, so that the motion is
            known and the moment is not; ``other clip`` where none is.
        """
        assert self.splits[index] == "test", f"frame {index} is trained on"
        if not self.clips:
            return "held-out pose" if "train" in self.splits else "other clip"
        trained = {clip for clip, s in zip(self.clips, self.splits, strict=True) if s == "train"}
        return "held-out pose" if self.clips[index] in trained else "other clip"
