"""What ablations of heads and of bodies share: names, folders that go on, and differences."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from incarnate.avatars.files import read_manifest
from incarnate.errors import AvatarError
from incarnate.evaluate.report import Figure

Progress = Callable[[int, int, str], None]


def check_names(names: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names that no arm has.

    Raises:
        AvatarError: There is no such arm; the text lists those that exist.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise AvatarError(f"no arm {unknown[0]!r}; these exist: {', '.join(known)}.")


def measured(path: Path, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """What an arm's file says, if it was measured as is wanted now; None where it was not.

    Args:
        path: A JSON object.
        wanted: How it is to be measured: entries that the file has too.
    """
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if {key: found.get(key) for key in wanted} == wanted else None


def is_trained(folder: Path, steps: int) -> bool:
    """Whether a folder holds an avatar of all its steps; checkpoints write avatars of fewer."""
    return (folder / "avatar.json").is_file() and read_manifest(folder)["steps"] >= steps


def prefixed(progress: Progress | None, prefix: str) -> Progress | None:
    """Progress that says first what it is of."""
    if progress is None:
        return None
    return lambda done, total, text: progress(done, total, f"{prefix}: {text}")


def gain_text(figure: Figure, ours: float | None, theirs: float | None) -> str:
    """Ours less theirs with its sign, as the figure is printed; a dash without either."""
    if ours is None or theirs is None:
        return "–"
    return f"{ours - theirs:+.{figure.digits}f}{figure.unit}"
