"""What is told about a live source, where several may read it: the newest, and nothing before."""

from dataclasses import dataclass
from threading import Condition
from typing import Final, final

from incarnate.drive.live import clock
from incarnate.drive.live_beginning import Phase
from incarnate.rigs.rig import Pose
from incarnate.view.live_messages import SIGN_OF_LIFE, pose_event, state_event

LONGEST_WAIT: Final = 0.25
"""Seconds after which a reader to whom there is nothing to tell gets a sign of life."""


@dataclass(frozen=True)
class _State:
    number: int
    phase: Phase
    text: str


@dataclass(frozen=True)
class _Shown:
    number: int
    pose: Pose
    arrived: float


@final
class Board:
    """The last word about a source, and its newest pose."""

    def __init__(self) -> None:
        self.changed = Condition()
        """Guards all that follows."""
        self.state = _State(0, "waiting", "")
        self.shown: _Shown | None = None
        self.is_closed = False

    def say(self, phase: Phase, text: str = "") -> None:
        """Tell what the source is doing; nothing where that is what was told last."""
        with self.changed:
            if (self.state.phase, self.state.text) != (phase, text):
                self.state = _State(self.state.number + 1, phase, text)
                self.changed.notify_all()

    def show(self, pose: Pose, arrived: float) -> None:
        """Put a pose in the place of the one before.

        Args:
            pose: Of the package's rig, not batched.
            arrived: When its motion came, by `clock`.
        """
        with self.changed:
            self.shown = _Shown(self.num_shown + 1, pose, arrived)
            self.changed.notify_all()

    def close(self) -> None:
        """There is no more to tell."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()

    @property
    def num_shown(self) -> int:
        """How many poses there have been."""
        return 0 if self.shown is None else self.shown.number


@final
class Reader:
    """One who reads a board, from now on, and knows what they have read."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._read_states = -1
        self._read_poses = board.num_shown

    def news(self) -> bytes | None:
        """Events of what is new since the last call, waited for; None at the end."""
        board = self._board
        with board.changed:
            board.changed.wait_for(self._is_behind, timeout=LONGEST_WAIT)
            if board.is_closed:
                return None
            state, shown = board.state, board.shown
        content = b""
        if state.number != self._read_states:
            content += state_event(state.phase, state.text)
        if shown is not None and shown.number != self._read_poses:
            now = clock()
            content += pose_event(shown.pose, age=max(0.0, now - shown.arrived), sent=now)
            self._read_poses = shown.number
        self._read_states = state.number
        return content or SIGN_OF_LIFE

    def _is_behind(self) -> bool:
        board = self._board
        return (
            board.is_closed
            or board.state.number != self._read_states
            or board.num_shown != self._read_poses
        )
