"""The studio's panel for an avatar: drawn by our own rasterizer behind the page's scene."""

import threading
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from incarnate.avatars.avatar import Avatar
from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.files import Stage
from incarnate.light.environment import Environment
from incarnate.view.studio import Studio
from incarnate.view.studio_cameras import Viewpoint
from incarnate.view.studio_picture import (
    BACKGROUNDS,
    CAPTURE_LIGHT,
    LIGHT_BACKGROUND,
    Arrangement,
    AvatarScene,
)
from incarnate.view.studio_worker import LatestWorker

# While something moves, pictures have this share of the side of those at rest.
_MOVING_SHARE: Final = 0.4
_MOVING_QUALITY, _RESTING_QUALITY = 80, 95
_SIZES: Final = (256, 384, 512, 640, 768, 1024, 1280)


@dataclass(frozen=True)
class Wish:
    """A picture that a visitor waits for."""

    viewpoint: Viewpoint
    rests: bool
    """Draw in full size: nothing has moved for a moment."""


@final
class AvatarPanel:
    """Sliders for what an avatar does and what lights it; a picture for every visitor."""

    def __init__(
        self,
        studio: Studio,
        avatar: Avatar,
        stage: Stage,
        *,
        lights: Mapping[str, Environment] | None = None,
        size: int = 640,
    ) -> None:
        """Add the panel to a page.

        Args:
            studio: The page.
            avatar: Who.
            stage: The avatar's own camera and motion.
            lights: By name, besides the capture's and those made by code.
            size: Longest side of pictures at rest, pixels.
        """
        self.studio, self._lights = studio, dict(lights or {})
        self.scene = AvatarScene(avatar, stage, self._lights)
        self._who = avatar
        self._closed = threading.Event()
        self._add_handles(size)
        self._worker: LatestWorker[Wish] = LatestWorker(self._draw, on_error=self._tell_error)
        for handle in (*self._settings.values(), *self._sliders.values()):
            handle.on_update(lambda _: self.redraw())
        self.play.on_update(lambda _: self.redraw())
        first = self.scene.shot(Arrangement(), stage.camera).pose
        studio.start_view(stage.camera, avatar.splat(first, stage.camera).means.detach())
        studio.on_look(self._look)
        studio.on_leave(self._worker.forget)
        studio.on_close(self.close)
        self._player = threading.Thread(target=self._play, name="playback", daemon=True)
        self._player.start()

    @property
    def arrangement(self) -> Arrangement:
        """What the page's sliders say."""
        settings = {name: handle.value for name, handle in self._settings.items()}
        side = settings.pop("size")
        assert side
        values = {name: handle.value for name, handle in self._sliders.items() if handle.value}
        return Arrangement(**settings, values=values)

    @property
    def side(self) -> int:
        """Longest side of pictures at rest, pixels."""
        return int(self._settings["size"].value)

    def set(self, name: str, value: Any) -> None:
        """Move a slider, as a visitor would: a field of `Arrangement`, ``size`` or a control."""
        {**self._settings, **self._sliders}[name].value = value

    def redraw(self) -> None:
        """Draw for every visitor anew, since something has changed."""
        for number, viewpoint in self.studio.viewpoints.items():
            self._look(number, viewpoint)

    def exchange(self, avatar: Avatar, stage: Stage) -> None:
        """Show another avatar of the same rig, such as a later state of its training."""
        self._who = avatar
        self.scene = AvatarScene(avatar, stage, self._lights)
        self.redraw()

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until every picture is drawn; False when it took longer."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """End drawing and playback."""
        self._closed.set()
        self._player.join()
        self._worker.close()

    def _look(self, number: int, viewpoint: Viewpoint) -> None:
        self._worker.ask(number, Wish(viewpoint, rests=False))

    def _draw(self, number: Hashable, wish: Wish) -> Wish | None:
        visitor = self.studio.server.get_clients().get(number)
        if visitor is None:
            return None
        side = self.side if wish.rests else max(round(self.side * _MOVING_SHARE), 128)
        camera = wish.viewpoint.camera(side)
        began = time.perf_counter()
        picture = self.scene.picture(self.arrangement, camera)
        took = time.perf_counter() - began
        quality = _RESTING_QUALITY if wish.rests else _MOVING_QUALITY
        visitor.scene.set_background_image(picture, format="jpeg", jpeg_quality=quality)
        self.status.content = f"{camera.width} × {camera.height} in {1000 * took:.0f} ms"
        return None if wish.rests else Wish(wish.viewpoint, rests=True)

    def _tell_error(self, error: Exception) -> None:
        self.status.content = f"**{type(error).__name__}**: {error}"

    def _play(self) -> None:
        """Step through the motion at its own pace; pictures that are late are left out."""
        stage = self.scene.stage
        frame, count = self._settings["frame"], len(stage.poses)
        while not self._closed.wait(1 / stage.fps):
            began, first = time.monotonic(), int(frame.value)
            while self.play.value and not self._closed.wait(1 / stage.fps):
                frame.value = (first + round((time.monotonic() - began) * stage.fps)) % count

    def _add_handles(self, size: int) -> None:
        gui, stage = self.studio.server.gui, self.scene.stage
        add: dict[str, Any] = {}
        with gui.add_folder("avatar"):
            self.status = gui.add_markdown("preparing shadows and the first picture")
            self.play = gui.add_checkbox("play", False)
            add["moves"] = gui.add_checkbox("own motion", True)
            add["frame"] = gui.add_slider("frame", 0, max(len(stage.poses) - 1, 1), 1, 0)
            reset = gui.add_button("reset sliders")
            if isinstance(self._who, BodyAvatar):
                self._add_projection(gui)
        with gui.add_folder("light"):
            add["light"] = gui.add_dropdown(
                "light", self.scene.light_names, initial_value=CAPTURE_LIGHT
            )
            add["rotation"] = gui.add_slider("rotation °", -180.0, 180.0, 1.0, 0.0)
            add["exposure"] = gui.add_slider("exposure", -3.0, 3.0, 0.05, 0.0)
            names = (*BACKGROUNDS, LIGHT_BACKGROUND)
            add["background"] = gui.add_dropdown("background", names, initial_value=names[0])
            sizes = tuple(str(each) for each in sorted({*_SIZES, size}))
            add["size"] = gui.add_dropdown("pixels", sizes, initial_value=str(size))
        self._settings = add
        self._sliders = self._add_sliders(gui)
        reset.on_click(lambda _: self.reset())

    def _add_sliders(self, gui: Any) -> dict[str, Any]:
        handles: dict[str, Any] = {}
        for group in dict.fromkeys(control.group for control in self.scene.controls):
            with gui.add_folder(group, expand_by_default=group == "face"):
                for each in self.scene.controls:
                    if each.group == group:
                        handles[each.name] = gui.add_slider(
                            each.label, each.low, each.high, each.step, 0.0
                        )
        return handles

    def _add_projection(self, gui: Any) -> None:
        """Whether a body's poses are brought back among those of its training."""
        projects = gui.add_checkbox("keep near known poses", False)

        def change(_: object) -> None:
            if isinstance(self._who, BodyAvatar):
                self._who.projects = bool(projects.value)
                self.exchange(self._who, self.scene.stage)

        projects.on_update(change)

    def reset(self) -> None:
        """Put every control at rest."""
        for slider in self._sliders.values():
            slider.value = 0.0
