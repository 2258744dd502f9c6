"""A live source in the test's hand, and what a page reads of a stream."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from incarnate.drive.live import clock
from incarnate.drive.live_beginning import Beginning
from incarnate.errors import IncarnateError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, rest_pose
from incarnate.view.live_bridge import Bridge

UNCALIBRATED = Beginning("a puppet", calibrate=0.0, cutoff=None, patience=float("inf"))


def smiling(value: float) -> Pose:
    """A face at rest, but for a smile to the left."""
    rig = default_head_rig()
    pose = rest_pose(rig)
    expression = pose.expression.clone()
    expression[rig.expression_names.index("mouthSmileLeft")] = value
    return replace(pose, expression=expression)


class Puppet:
    """See `incarnate.drive.live.LiveSource`."""

    def __init__(self) -> None:
        self.pose: Pose | None = None
        self.arrived = 0.0
        self.has_ended = False
        self.failure: IncarnateError | None = None
        self.num_opened = 0
        self.num_open = 0

    def __enter__(self) -> "Puppet":
        self.num_opened += 1
        self.num_open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.num_open -= 1

    def move(self, value: float) -> None:
        """Smile, so much."""
        self.pose, self.arrived = smiling(value), clock()

    def latest(self) -> tuple[Pose, float] | None:
        if self.failure is not None:
            raise self.failure
        return None if self.pose is None else (self.pose, clock() - self.arrived)

    def complaint(self) -> str | None:
        return None


def bridge_to_puppet(
    puppet: Puppet, beginning: Beginning = UNCALIBRATED, tell: Callable[[str], None] = print
) -> Bridge:
    """A bridge to a puppet of the embedded head."""
    rig = default_head_rig()
    return Bridge(lambda: puppet, rig, rest_pose(rig, 2), beginning, name="Puppet", tell=tell)


def events_of(content: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, by name, as browsers take them apart; comments are left out."""
    found: list[tuple[str, dict[str, Any]]] = []
    for block in content.decode().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith(":")]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            assert [*fields] == ["event", "data"]
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def read_until(
    parts: Iterator[bytes], holds: Callable[[str, dict[str, Any]], bool], most: int = 400
) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream up to the first that fits."""
    read: list[tuple[str, dict[str, Any]]] = []
    for _ in range(most):
        for event in events_of(next(parts)):
            read.append(event)
            if holds(*event):
                return read
    raise AssertionError(f"it never came, but {read[-5:]}")


def is_phase(phase: str) -> Callable[[str, dict[str, Any]], bool]:
    """Whether an event tells this phase."""
    return lambda name, data: name == "state" and data["phase"] == phase
