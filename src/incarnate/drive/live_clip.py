"""A motion file that plays at its own pace, as if someone moved so now."""

from typing import final

from incarnate.drive.clips import Clip
from incarnate.drive.live import clock
from incarnate.rigs.rig import Pose


@final
class ClipSource:
    """See `incarnate.drive.live.LiveSource`; the clip begins with the ``with`` block."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._start = 0.0
        self._shown = 0, clip.poses[0]

    def __enter__(self) -> "ClipSource":
        self._start = clock()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def has_ended(self) -> bool:
        """Whether the last pose has been shown for its time."""
        return self._passed() >= len(self._clip)

    def latest(self) -> tuple[Pose, float] | None:
        """See `LiveSource`."""
        passed = self._passed()
        index = min(int(passed), len(self._clip) - 1)
        if self._shown[0] != index:
            self._shown = index, self._clip.poses[index]
        return self._shown[1], (passed - index) / self._clip.fps

    def complaint(self) -> str | None:
        """Nothing is dropped."""
        return None

    def _passed(self) -> float:
        """How many frames have begun, and how much of the last one has passed."""
        return (clock() - self._start) * self._clip.fps
