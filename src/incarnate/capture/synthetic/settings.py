"""What a made capture is like: who, how many pictures, how large, under which lights."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

LightName = Literal["sky", "studio", "night_street"]


@dataclass(frozen=True)
class SyntheticSettings:
    """Everything that decides a made capture; equal settings give equal captures."""

    seed: int = 7
    """Draws the person and the motion."""
    size: int = 256
    """Width and height of the pictures, pixels."""
    num_frames: int = 120
    """How many frames, of both splits."""
    fps: float = 12.5
    """Frames a second."""
    test_share: float = 0.15
    """The last frames of the clip, this share of them, are for tests."""
    light: LightName = "studio"
    """The procedural environment under which the whole clip is taken."""
    relights: tuple[LightName, ...] = ("sky", "night_street")
    """Environments under which the test frames are taken once more."""
    supersampling: int = 3
    """Samples along each side of a pixel."""
    light_samples: int = 192
    """Directions that stand for an environment, drawn in proportion to its light."""
    hair_locks: int = 2600
    """Ribbons of hair."""

    @property
    def num_test_frames(self) -> int:
        """How many of the last frames are for tests; at least one, and never all."""
        return min(max(1, round(self.test_share * self.num_frames)), self.num_frames - 1)


PRESETS: MappingProxyType[str, SyntheticSettings] = MappingProxyType(
    {
        "smoke": SyntheticSettings(
            size=128, num_frames=24, fps=8.0, relights=("sky",), light_samples=80, hair_locks=1600
        ),
        "demo": SyntheticSettings(),
    }
)
"""``smoke``: seconds, to see that all parts work. ``demo``: a minute or two, worth training on."""
