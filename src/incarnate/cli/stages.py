"""The stages of a demo: each is done once, timed and remembered."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from incarnate.cli.demo_notes import DemoNotes
from incarnate.cli.progress import ConsoleProgress

_EXPLAINED: Final = MappingProxyType(
    {
        "capture": "pictures of a person, with mattes and a fitted rig",
        "align": "correcting its poses by what a small avatar of the person draws",
        "start": "measuring the avatar before its training, as the figure to beat",
        "train": "fitting the avatar to the training frames",
        "evaluate": "measuring it on frames that training never saw",
        "render": "turning and relighting it",
    }
)


@dataclass(frozen=True)
class Stage:
    """A part of the job."""

    name: str
    is_done: Callable[[], bool]
    """Whether an earlier run has done it."""
    run: Callable[[ConsoleProgress], None]


def run_stage(stage: Stage, notes: DemoNotes) -> None:
    """Run a stage that is not done yet, and note its seconds."""
    if stage.is_done():
        print(f"{stage.name}: done before", flush=True)
        return
    print(f"{stage.name}: {_EXPLAINED[stage.name]}", flush=True)
    wall, cpu = time.monotonic(), time.process_time()
    with ConsoleProgress() as progress:
        stage.run(progress)
    notes.add_seconds(stage.name, time.monotonic() - wall, time.process_time() - cpu)


def is_trained(avatar: Path, steps: int) -> bool:
    """Whether a folder holds an avatar of so many steps."""
    from incarnate.avatars.files import read_manifest
    from incarnate.errors import AvatarError

    try:
        about = read_manifest(avatar)
    except AvatarError:
        return False
    return about.get("steps") == steps


def is_newer(file: Path, than: Path) -> bool:
    """Whether a file exists and is not older than another."""
    return file.is_file() and file.stat().st_mtime >= than.stat().st_mtime
