"""The studio, as ``incarnate view --studio`` and ``incarnate train --view`` open it."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from incarnate.view.server import Door
    from incarnate.view.studio import Studio
    from incarnate.view.studio_capture import CapturePanel


@dataclass(frozen=True)
class StudioShow:
    """Where a studio listens, and how it is shown."""

    door: "Door"
    port: int
    opens: bool = True
    """Whether to open it in a browser."""
    wait: Callable[[], None] = field(default=lambda: time.sleep(3600))
    """Called again and again while the studio is open."""


def show_studio(
    folder: Path, show: StudioShow, *, capture: Path | None = None, lights: Sequence[Path] = ()
) -> None:
    """Open the studio on an avatar, a training or a capture, until Ctrl-C.

    Args:
        folder: An avatar's, whole or in training, or a capture's.
        show: Where, and how.
        capture: A capture to show beside an avatar.
        lights: Files of light to pick from.

    Raises:
        IncarnateError: One of them can't be read, viser is missing, or the port is taken.
    """
    from incarnate.cli.threads import use_threads
    from incarnate.view.studio import Studio

    use_threads(0)
    with Studio(folder.name, door=show.door, port=show.port) as studio:
        _fill(studio, folder, capture, lights)
        print(f"studio on {folder} at {studio.address}")
        if studio.door.is_loopback:
            print("only this machine can open it; stop with Ctrl-C")
        else:
            print("any machine that knows the token can open it, unencrypted; stop with Ctrl-C")
        if show.opens:
            import webbrowser

            webbrowser.open(studio.address)
        while True:
            show.wait()


@contextmanager
def watched(output: Path, view: bool) -> Iterator[None]:
    """While a training runs, show it in the studio, on this machine only, if asked to.

    Args:
        output: The avatar's folder.
        view: Whether it was asked for.
    """
    if not view:
        yield
        return
    from incarnate.view.studio import Studio
    from incarnate.view.studio_training import TrainingPanel

    with Studio(output.name) as studio:
        TrainingPanel(studio, output)
        print(f"watch it at {studio.address} until it ends", file=sys.stderr)
        yield


def _fill(studio: "Studio", folder: Path, capture: Path | None, lights: Sequence[Path]) -> None:
    """Add the panels; with a capture, visitors begin where they see its cameras and the person."""
    from incarnate.avatars.files import load_stage
    from incarnate.avatars.opening import load_avatar
    from incarnate.light.files import load_environment
    from incarnate.view.studio_avatar import AvatarPanel
    from incarnate.view.studio_training import TrainingPanel

    if (folder / "capture.json").is_file():
        _add_capture(studio, folder)
        return
    if not (folder / "avatar.json").is_file() and (folder / "training").is_dir():
        TrainingPanel(studio, folder)
        return
    avatar, stage = load_avatar(folder), load_stage(folder)
    given = {path.name: load_environment(path) for path in lights}
    seen = _add_capture(studio, capture) if capture is not None else None
    AvatarPanel(studio, avatar, stage, lights=given)
    if seen is not None:
        # The rig would hide the avatar, which is drawn behind the scene.
        seen.mesh.value = False
        seen.start_beside()


def _add_capture(studio: "Studio", folder: Path) -> "CapturePanel":
    from incarnate.capture.files import load_capture
    from incarnate.capture.tracks import load_track
    from incarnate.view.studio_capture import CapturePanel

    capture = load_capture(folder)
    has_track = (folder / "track.npz").is_file()
    return CapturePanel(studio, capture, load_track(capture) if has_track else None)
