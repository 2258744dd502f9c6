"""BVH, the text format of motion capture (Biovision): a skeleton, then a row of angles a frame."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
import torch
from jaxtyping import Float

from incarnate.drive.skeletons import SkeletonMotion
from incarnate.errors import DriveError
from incarnate.geometry.rotations import matrix_from_axis_angle

MAX_BYTES = 1 << 29
"""A longer file is refused: an hour of a hundred joints is shorter."""

_MAX_JOINTS = 2000
_AXES: Final = "xyz"
_CHANNELS: Final = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in _AXES)


@dataclass
class _Joint:
    """A joint while its block is being read."""

    name: str
    parent: int
    offset: tuple[float, ...] | None = None
    channels: tuple[str, ...] = ()
    first_channel: int = 0


@dataclass(frozen=True)
class _Lines:
    """The file's lines with words, and where they stand in it."""

    source: str
    words: list[tuple[int, list[str]]]
    place: list[int] = field(default_factory=lambda: [0])
    """The index of the next; a list, so that the record stays frozen."""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while self.place[0] < len(self.words):
            self.place[0] += 1
            yield self.words[self.place[0] - 1]

    def fail(self, line: int, what: str) -> NoReturn:
        raise DriveError(f"{self.source}, line {line}: {what}")


def read_bvh(path: Path) -> SkeletonMotion:
    """Read a BVH file; its rest pose is the one in which all angles are zero.

    A joint's position channels stand in for its OFFSET, as most programs write them.

    Raises:
        DriveError: The file is absent or damaged; the text names the line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DriveError(f"{path} is longer than {MAX_BYTES >> 20} MiB: cut the motion")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DriveError(f"{path} can't be read ({error.strerror}): give a .bvh file") from error
    words = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    lines = _Lines(str(path), [(number, line) for number, line in words if line])
    joints = _hierarchy(lines)
    rows, seconds = _motion(lines, joints)
    return _moved(joints, rows, 1 / seconds)


def _hierarchy(lines: _Lines) -> list[_Joint]:
    joints: list[_Joint] = []
    open_blocks: list[int | None] = []  # None is an end site, whose offset no joint needs
    number = 0
    for number, words in lines:
        keyword, rest = words[0].upper(), words[1:]
        if rest and rest[-1] == "{":
            rest = rest[:-1]
        if keyword == "MOTION":
            if open_blocks or not joints:
                lines.fail(number, "MOTION starts before the skeleton ends; close every brace")
            return joints
        match keyword:
            case "HIERARCHY" | "{":
                pass
            case "ROOT" | "JOINT":
                _open_joint(lines, number, joints, open_blocks, " ".join(rest))
            case "END":
                open_blocks.append(None)
            case "}":
                if not open_blocks:
                    lines.fail(number, "closes a brace that was never opened")
                open_blocks.pop()
            case "OFFSET" | "CHANNELS":
                if not open_blocks:
                    lines.fail(number, f"{keyword} stands outside of any joint")
                if open_blocks[-1] is not None:
                    _describe(lines, number, joints[open_blocks[-1]], words)
            case _:
                lines.fail(number, f"{words[0][:40]!r} has no meaning in a BVH skeleton")
    lines.fail(number, "the file ends before MOTION: it is no BVH file, or was cut off")


def _open_joint(
    lines: _Lines, number: int, joints: list[_Joint], open_blocks: list[int | None], name: str
) -> None:
    if not open_blocks and joints:
        lines.fail(number, "a second ROOT begins; keep one skeleton in the file")
    if open_blocks and open_blocks[-1] is None:
        lines.fail(number, "a joint begins inside an End Site")
    if len(joints) >= _MAX_JOINTS:
        lines.fail(number, f"there are more than {_MAX_JOINTS} joints")
    parent = open_blocks[-1] if open_blocks else None
    open_blocks.append(len(joints))
    joints.append(_Joint(name or f"joint{len(joints)}", -1 if parent is None else parent))


def _describe(lines: _Lines, number: int, joint: _Joint, words: list[str]) -> None:
    if words[0].upper() == "OFFSET":
        offset = _numbers(lines, number, words[1:])
        if len(offset) != 3:
            lines.fail(number, f"OFFSET has {len(offset)} numbers, expected 3")
        joint.offset = tuple(offset)
        return
    channels = tuple(word.lower() for word in words[2:])
    if len(words) < 2 or words[1] != str(len(channels)):
        lines.fail(number, f"CHANNELS announces {' '.join(words[1:2])}, {len(channels)} follow")
    unknown = [channel for channel in channels if channel not in _CHANNELS]
    if unknown or len(set(channels)) < len(channels):
        lines.fail(
            number,
            f"CHANNELS are {' '.join(channels)[:80]}; expected each of {', '.join(_CHANNELS)} once "
            "at most",
        )
    joint.channels = channels


def _motion(
    lines: _Lines, joints: list[_Joint]
) -> tuple[Float[np.ndarray, "frames channels"], float]:
    width = 0
    for joint in joints:
        joint.first_channel = width
        width += len(joint.channels)
    count, seconds = 0, 0.0
    rows: list[list[float]] = []
    number = 0
    for number, words in lines:
        label = " ".join(words).lower()
        if label.startswith("frames:"):
            count = int(_single(lines, number, label.removeprefix("frames:")))
        elif label.startswith("frame time:"):
            seconds = _single(lines, number, label.removeprefix("frame time:"))
        else:
            row = _numbers(lines, number, words)
            if len(row) != width:
                lines.fail(
                    number, f"a frame has {len(row)} numbers, but {width} channels are named"
                )
            rows.append(row)
    if not 1e-4 <= seconds <= 10:
        lines.fail(number, f"'Frame Time:' is {seconds:g}; expected seconds, such as 0.033333")
    if not rows or len(rows) != count:
        lines.fail(
            number, f"'Frames:' announces {count}, the file has {len(rows)}; was it cut off?"
        )
    return np.array(rows).reshape(len(rows), width), seconds


def _moved(
    joints: list[_Joint], rows: Float[np.ndarray, "frames channels"], fps: float
) -> SkeletonMotion:
    rest = torch.zeros(len(joints), 3, dtype=torch.float64)
    turns = torch.empty(len(rows), len(joints), 3, 3, dtype=torch.float64)
    positions = torch.empty(len(rows), len(joints), 3, dtype=torch.float64)
    for index, joint in enumerate(joints):
        offset = torch.tensor(joint.offset or (0.0, 0.0, 0.0), dtype=torch.float64)
        local = torch.eye(3, dtype=torch.float64).expand(len(rows), 3, 3)
        place = offset.repeat(len(rows), 1)
        for column, channel in enumerate(joint.channels, joint.first_channel):
            values, axis = torch.from_numpy(rows[:, column]), _AXES.index(channel[0])
            if channel.endswith("position"):
                place[:, axis] = values
            else:
                angles = torch.zeros(len(rows), 3, dtype=torch.float64)
                angles[:, axis] = torch.deg2rad(values)
                local = local @ matrix_from_axis_angle(angles)
        if joint.parent < 0:
            rest[index], turns[:, index], positions[:, index] = offset, local, place
            continue
        parent = turns[:, joint.parent]
        rest[index] = rest[joint.parent] + offset
        turns[:, index] = parent @ local
        positions[:, index] = positions[:, joint.parent] + (parent @ place[..., None])[..., 0]
    return SkeletonMotion(tuple(joint.name for joint in joints), rest, turns, positions, fps)


def _numbers(lines: _Lines, number: int, words: list[str]) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [math.nan]
    # Beyond this no angle or place is meant, and products would overflow.
    if not all(abs(value) < 1e9 for value in values):
        lines.fail(number, f"expected numbers, found {' '.join(words)[:60]!r}")
    return values


def _single(lines: _Lines, number: int, text: str) -> float:
    values = _numbers(lines, number, text.split())
    if len(values) != 1:
        lines.fail(number, f"expected one number, found {len(values)}")
    return values[0]
