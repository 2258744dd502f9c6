"""The studio's panel for a training: how it stands, its last preview, and the avatar so far.

It reads what training writes to its folder and touches nothing else, so that a training that is
watched takes the same steps as one that is not; it may run in another process as well.
"""

import threading
from pathlib import Path
from typing import Any, Final, final

import numpy as np

from incarnate.avatars.files import load_stage, read_manifest
from incarnate.avatars.opening import load_avatar
from incarnate.errors import IncarnateError
from incarnate.view.studio import Studio, load_viser
from incarnate.view.studio_avatar import AvatarPanel
from incarnate.view.studio_notes import TrainingNotes, read_preview

_SECONDS_BETWEEN_LOOKS: Final = 1.0


@final
class TrainingPanel:
    """A curve, a picture and, once training has written one, the avatar itself."""

    def __init__(
        self,
        studio: Studio,
        folder: Path,
        *,
        every: float = _SECONDS_BETWEEN_LOOKS,
        size: int = 384,
    ) -> None:
        """Add the panel to a page.

        Args:
            studio: The page.
            folder: The avatar's; it may not be there yet.
            every: Seconds between looks into the folder.
            size: Longest side of the avatar's pictures at first, pixels: training needs the
                processor more.
        """
        self.studio, self.folder, self._every, self._size = studio, folder, every, size
        self.notes = TrainingNotes(folder / "training")
        self.avatar: AvatarPanel | None = None
        self._written: int | None = None
        self._preview: Path | None = None
        self._picture: Any = None
        with studio.server.gui.add_folder("training"):
            self.status = studio.server.gui.add_markdown(self.notes.words())
            self.curve = self._add_curve()
            self.curve.visible = False
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        studio.on_close(self.close)
        self._watcher.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._watcher.join()

    def look(self) -> None:
        """Show what is new in the folder."""
        if self.notes.read_on():
            self.status.content = self.notes.words()
            self.curve.data = self.notes.curve()
            self.curve.visible = True
        newest = self.notes.newest_preview()
        if newest is not None and newest != self._preview:
            self._show_preview(newest)
        # Only for visitors: reading an avatar costs training part of a second.
        if self.studio.viewpoints:
            self._follow_avatar()

    def _watch(self) -> None:
        while not self._closed.wait(self._every):
            try:
                self.look()
            except (IncarnateError, OSError) as problem:
                # A file may be exchanged while it is read; the next look finds it whole.
                self.status.content = f"{self.notes.words()} ({problem})"

    def _show_preview(self, path: Path) -> None:
        pixels = read_preview(path)
        if self._picture is None:
            with self.studio.server.gui.add_folder("capture · avatar · difference × 4"):
                self._picture = self.studio.server.gui.add_image(pixels, format="jpeg")
        else:
            self._picture.image = pixels
        self._preview = path

    def _follow_avatar(self) -> None:
        manifest = self.folder / "avatar.json"
        if not manifest.is_file():
            return
        written = manifest.stat().st_mtime_ns
        if written == self._written:
            return
        avatar, stage = load_avatar(self.folder), load_stage(self.folder)
        self.notes.num_splats = read_manifest(self.folder).get("num_splats")
        if self.avatar is None:
            self.avatar = AvatarPanel(self.studio, avatar, stage, size=self._size)
            for visitor in self.studio.server.get_clients().values():
                self.studio.go_to(stage.camera, visitor)
        else:
            self.avatar.exchange(avatar, stage)
        self._written = written

    def _add_curve(self) -> Any:
        uplot = load_viser().uplot
        return self.studio.server.gui.add_uplot(
            (np.array([0.0, 1.0]), np.array([0.0, 0.0])),
            (uplot.Series(label="step"), uplot.Series(label="L1 %", stroke="#e66a2c", width=2)),
            scales={"x": uplot.Scale(time=False)},
            axes=(uplot.Axis(stroke="#999"), uplot.Axis(stroke="#999")),
            aspect=2.0,
        )
