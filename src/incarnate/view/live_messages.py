"""What the page is told about live motion, as server-sent events (HTML standard, section 9.2).

``names`` comes first and lists expressions and joints in the package's order; ``state`` says what
the source is doing; ``pose`` has numbers in the order of the names. docs/live.md has the format.
"""

import json
from typing import Any, Final

import torch

from incarnate.drive.live_beginning import Phase
from incarnate.geometry.rotations import quaternion_from_axis_angle
from incarnate.rigs.rig import Pose, Rig

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
SIGN_OF_LIFE: Final = b":\n\n"
"""A comment: it shows whether somebody still listens."""

# A hundred-thousandth of a quaternion turns by a thousandth of a degree.
_DECIMALS = 5


def names_event(rig: Rig) -> bytes:
    """What the numbers of a pose belong to."""
    return _event(
        "names", {"expressions": list(rig.expression_names), "joints": list(rig.joint_names)}
    )


def state_event(phase: Phase, text: str) -> bytes:
    """What the source is doing, and words about it."""
    return _event("state", {"phase": phase, "text": text})


def pose_event(pose: Pose, *, age: float, sent: float) -> bytes:
    """A pose of the package's rig, not batched.

    Args:
        pose: Joint 0 in world axes, the others about their rest joints in rest axes.
        age: Seconds since its motion arrived.
        sent: Seconds by a steady clock, now: by its differences the page sees what waits.
    """
    turns = torch.cat([pose.root_rotation[None], pose.joint_rotations])
    quaternions = quaternion_from_axis_angle(turns.double()).roll(-1, -1)
    return _event(
        "pose",
        {
            "age": round(1000 * age, 1),
            "sent": round(1000 * sent, 1),
            "expression": _rounded(pose.expression),
            "rotations": _rounded(quaternions.flatten()),
            "translation": _rounded(pose.root_translation),
        },
    )


def _rounded(numbers: torch.Tensor) -> list[float | int]:
    # Whole numbers, of which there are many, need no decimal point.
    return [int(n) if n == int(n) else round(n, _DECIMALS) for n in numbers.double().tolist()]


def _event(name: str, data: dict[str, Any]) -> bytes:
    # JSON escapes line ends, which would end the event.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return f"event: {name}\ndata: {text}\n\n".encode()
