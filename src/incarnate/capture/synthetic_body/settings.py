"""What a made body capture is like: who, which clips, how many cameras, how large, what light."""

from dataclasses import dataclass
from types import MappingProxyType

from incarnate.capture.synthetic.settings import LightName


@dataclass(frozen=True)
class BodyCaptureSettings:
    """Everything that decides a made body capture; equal settings give equal captures."""

    seed: int = 7
    """Draws the person, the clothes and the timing of the motion."""
    size: int = 384
    """Width and height of the pictures, pixels."""
    num_cameras: int = 8
    """Cameras in a ring around the person; training never reads the last one."""
    train_clips: tuple[str, ...] = ("walk", "wave", "squat", "turn", "reach", "kick")
    """Clips that are trained on; one pose in six of each is held out."""
    test_clips: tuple[str, ...] = ("march", "dance")
    """Clips of which nothing is trained on."""
    train_clip_frames: int = 24
    """Poses of each clip that is trained on, those held out among them."""
    test_clip_frames: int = 14
    """Poses of each clip for tests."""
    fps: float = 8.0
    """Poses a second."""
    light: LightName = "studio"
    """The procedural environment under which the capture is taken."""
    supersampling: int = 3
    """Samples along each side of a pixel."""
    light_samples: int = 96
    """Directions that stand for the environment, drawn in proportion to its light."""
    skirt_columns: int = 112
    """Vertices around the skirt; even."""
    skirt_rows: int = 38
    """Vertices from waist to hem."""
    settle_steps: int = 300
    """Steps of the cloth in which it comes to rest in each pose."""
    hair_locks: int = 1600
    """Ribbons of hair."""

    def __post_init__(self) -> None:
        assert self.num_cameras >= 2, "one camera to train on, and one to test with"
        assert self.skirt_columns % 2 == 0, "diagonals alternate around the skirt"


BODY_PRESETS: MappingProxyType[str, BodyCaptureSettings] = MappingProxyType(
    {
        "smoke": BodyCaptureSettings(
            size=128, num_cameras=4, train_clips=("walk", "squat"), test_clips=("dance",),
            train_clip_frames=12, test_clip_frames=4, supersampling=2, light_samples=48,
            skirt_columns=64, skirt_rows=22, settle_steps=180, hair_locks=600,
        ),
        "demo": BodyCaptureSettings(),
    }
)  # fmt: skip
"""``smoke``: under a minute, to see that all parts work. ``demo``: minutes, worth training on."""
