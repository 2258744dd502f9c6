"""What a training writes down as it goes, read while it goes on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

# A curve has at most about so many points; more can't be told apart in the panel.
_MOST_POINTS = 400
# Over how many rows the pace is measured.
_PACE_ROWS = 10


@final
class TrainingNotes:
    """The notes of one training: ``metrics.jsonl``, ``recipe.json`` and ``previews``."""

    def __init__(self, folder: Path) -> None:
        """Begin at the start of the notes.

        Args:
            folder: The notes'; it may not be there yet.
        """
        self.folder = folder
        self.num_splats: int | None = None
        """Where the metrics do not say it."""
        self._rows: dict[int, Mapping[str, Any]] = {}
        self._offset = 0

    @property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """One a step that was written down; of a step taken twice, the later."""
        return tuple(self._rows.values())

    def read_on(self) -> bool:
        """Read the whole lines that were added; whether there were any."""
        path = self.folder / "metrics.jsonl"
        if not path.is_file():
            return False
        with path.open("rb") as metrics:
            metrics.seek(self._offset)
            content = metrics.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        for row in (_row(line) for line in whole.splitlines()):
            if row is not None:
                self._add(row)
        return bool(whole)

    def words(self) -> str:
        """How the training stands, in a line."""
        if not self._rows:
            return "waiting for the first steps; the avatar follows with the first checkpoint"
        last = self.rows[-1]
        words = [f"step {last['step']}"]
        pace = self.steps_a_second()
        if pace is not None:
            words.append(f"{pace:.1f} steps/s")
        splats = last.get("splats", self.num_splats)
        if splats is not None:
            words.append(f"{splats} splats")
        words.append(f"L1 {_percent(last, self._l1_weight()):.2f} %")
        return " · ".join(words)

    def steps_a_second(self) -> float | None:
        """The pace of late; None before it can be told."""
        late = self.rows[-_PACE_ROWS:]
        if len(late) < 2 or late[-1]["time"] <= late[0]["time"]:
            return None
        return (late[-1]["step"] - late[0]["step"]) / (late[-1]["time"] - late[0]["time"])

    def curve(self) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
        """Steps, and the mean absolute difference from the capture in percent.

        Each point is a mean over its neighbours: the frames of single steps differ a lot.
        """
        weight = self._l1_weight()
        steps = np.array([row["step"] for row in self.rows], np.float64)
        errors = np.array([_percent(row, weight) for row in self.rows], np.float64)
        group = -(-len(steps) // _MOST_POINTS)
        parts = [slice(i, i + group) for i in range(0, len(steps), max(group, 1))]
        return (
            np.array([steps[part].mean() for part in parts]),
            np.array([errors[part].mean() for part in parts]),
        )

    def newest_preview(self) -> Path | None:
        """The picture of the latest step that has one."""
        previews = self.folder / "previews"
        return max(previews.glob("*.jpg"), default=None) if previews.is_dir() else None

    def _add(self, row: Mapping[str, Any]) -> None:
        # A training that was killed goes on from its last checkpoint, and takes steps again.
        for step in [step for step in reversed(self._rows) if step >= row["step"]]:
            del self._rows[step]
        self._rows[row["step"]] = row

    def _l1_weight(self) -> float:
        """What the training multiplies its L1 term by."""
        try:
            weight = json.loads((self.folder / "recipe.json").read_text())["losses"]["l1"]
            return float(weight) or 1.0
        except (OSError, ValueError, KeyError, TypeError):
            return 1.0


def read_preview(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """A preview, 8-bit sRGB; OSError while it is half written."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _row(line: bytes) -> Mapping[str, Any] | None:
    """A line of the metrics; None where a kill cut it short."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    is_known = isinstance(row, dict) and {"step", "time", "l1"} <= row.keys()
    return row if is_known else None


def _percent(row: Mapping[str, Any], weight: float) -> float:
    return 100 * float(row["l1"]) / weight
