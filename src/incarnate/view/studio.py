"""The studio's server: a page in the browser, fed by this process (docs/studio.md)."""

import contextlib
import io
from collections.abc import Callable
from types import ModuleType
from typing import Any, final

import torch

from incarnate.errors import RenderError
from incarnate.geometry.cameras import Camera
from incarnate.view.server import Door
from incarnate.view.studio_cameras import (
    Viewpoint,
    orbit_point,
    quadruple,
    triple,
    vertical_fov,
    viewpoint_of,
)
from incarnate.view.studio_guard import check_place, guarded_servers


def load_viser() -> ModuleType:
    """The module viser.

    Raises:
        RenderError: It is not installed.
    """
    try:
        import viser
    except ModuleNotFoundError as missing:
        raise RenderError(
            f"the studio needs {missing.name}, which is not installed: "
            "pip install 'incarnate[studio]'"
        ) from missing
    return viser


@final
class Studio:
    """A page that panels add to; it listens from the start, until it is closed."""

    def __init__(self, label: str, *, door: Door | None = None, port: int = 0) -> None:
        """Listen.

        Args:
            label: What the page is called.
            door: Who is let in; this machine only if left out.
            port: Where; 0 takes a free one.

        Raises:
            RenderError: viser is not installed, or the port can't be listened on.
        """
        viser = load_viser()
        self.door = (Door() if door is None else door).locked()
        check_place(self.door, port)
        # It tells the terminal about itself and its visitors; the command does that.
        with guarded_servers(self.door), contextlib.redirect_stdout(io.StringIO()):
            server = viser.ViserServer(self.door.host, port, label=label, verbose=False)
        self.server: Any = server
        # Its button for sharing would publish the page through a server of somebody else.
        self.server.request_share_url = _refuse_to_share
        self.server.gui.configure_theme(show_share_button=False, show_logo=False, dark_mode=True)
        # Beside the picture, not over it.
        self.server.gui.main_panel.dock_right()
        self.server.scene.set_up_direction("+y")
        self._on_close: list[Callable[[], None]] = []

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.get_port()

    @property
    def address(self) -> str:
        """What to open in a browser, with the token where there is one."""
        host = f"[{self.door.host}]" if ":" in self.door.host else self.door.host
        place = f"{host}:{self.port}"
        if self.door.token is None:
            return f"http://{place}/"
        # The page opens the socket that this names, and the token goes with it.
        return f"http://{place}/?websocket=ws://{place}/?token={self.door.token}"

    @property
    def viewpoints(self) -> dict[int, Viewpoint]:
        """From where each visitor looks, by the visitor's number."""
        return {
            number: _viewpoint(client.camera)
            for number, client in self.server.get_clients().items()
        }

    def start_view(self, camera: Camera, target: torch.Tensor) -> None:
        """Where visitors begin.

        Args:
            camera: They see what it sees.
            target: Points that they look at, metres; they orbit about their middle.
        """
        start = self.server.initial_camera
        start.position = triple(camera.center)
        start.look_at = triple(orbit_point(camera, target))
        start.up = triple(-camera.camera_from_world[1, :3])
        start.fov = vertical_fov(camera)

    def go_to(self, camera: Camera, visitor: Any) -> None:
        """Move one visitor to a camera."""
        place = viewpoint_of(camera)
        with visitor.atomic():
            visitor.camera.wxyz = place.wxyz
            visitor.camera.position = place.position
            visitor.camera.fov = place.fov

    def on_look(self, look: Callable[[int, Viewpoint], None]) -> None:
        """Call a function whenever a visitor comes or moves."""

        def meet(client: Any) -> None:
            client.camera.on_update(lambda view: look(client.client_id, _viewpoint(view)))
            look(client.client_id, _viewpoint(client.camera))

        self.server.on_client_connect(meet)

    def on_leave(self, leave: Callable[[int], None]) -> None:
        """Call a function when a visitor has gone."""
        self.server.on_client_disconnect(lambda client: leave(client.client_id))

    def on_close(self, close: Callable[[], None]) -> None:
        """Call a function when the studio closes, the latest first."""
        self._on_close.append(close)

    def close(self) -> None:
        """End every panel's work, and stop listening."""
        while self._on_close:
            self._on_close.pop()()
        with contextlib.redirect_stdout(io.StringIO()):
            self.server.stop()


def _viewpoint(view: Any) -> Viewpoint:
    return Viewpoint(
        wxyz=quadruple(torch.as_tensor(view.wxyz)),
        position=triple(torch.as_tensor(view.position)),
        fov=float(view.fov),
        aspect=float(view.aspect),
    )


def _refuse_to_share(*_: object, **__: object) -> None:
    """Nothing is published, whoever asks."""
