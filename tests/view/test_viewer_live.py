"""The page follows a VRM program, from its packets to its pixels, and goes back to its clip."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.drive.senders import blend, bones, eventually, sender, turn
from tests.view.chromium import Chromium
from tests.view.packages import lively_avatar, lively_stage
from tests.view.viewer_pages import needs_chromium, pixels_of

from incarnate.cli.live import Following
from incarnate.cli.view import view
from incarnate.view import server
from incarnate.view.package import write_package
from incarnate.view.server import ViewerServer

pytestmark = needs_chromium

# A busy machine without a graphics card takes its time.
PATIENCE = 60.0
TRANSPORT_HIDDEN = "document.getElementById('transport').hidden"
BUTTON = "[...document.querySelectorAll('button')].find((b) => b.innerText === 'VMC')"


class Program(threading.Thread):
    """Sends a model's bones and face, and garbage, until it is closed; looks ahead, or acts."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.is_acting = False
        self.is_closed = threading.Event()

    def run(self) -> None:
        with sender(self.port) as send:
            while not self.is_closed.wait(1 / 20):
                turned, opened = (0.5, 1.0) if self.is_acting else (0.0, 0.0)
                for packet in (bones({"Head": turn(y=turned)}), blend(jawOpen=opened), b"garbage"):
                    try:
                        send(packet)
                    except ConnectionRefusedError:
                        continue  # The page has not switched it on yet.

    def close(self) -> None:
        self.is_closed.set()
        self.join()


@contextmanager
def served(package: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """``incarnate view --source vmc``; yields its address."""
    started: list[ViewerServer] = []

    class Kept(ViewerServer):
        def serve_forever(self, poll_interval: float = 0.5) -> None:
            started.append(self)
            super().serve_forever(0.02)

    monkeypatch.setattr(server, "ViewerServer", Kept)
    options = {"port": 0, "address_only": True, "source": "vmc", "source_port": port}
    following = Following(calibrate=0.2, smooth=0.0)
    command = threading.Thread(
        target=view, args=(package,), kwargs={**options, "following": following}, daemon=True
    )
    command.start()
    eventually(lambda: bool(started), PATIENCE)
    yield started[0].address
    started[0].shutdown()
    command.join(timeout=PATIENCE)
    assert not command.is_alive()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(page: Chromium, condition: str) -> None:
    eventually(lambda: page.run(condition), PATIENCE)


def settled(page: Chromium) -> np.ndarray:
    """The picture of the newest pose, its splats in order."""
    page.run("incarnate.page.snapshot()")
    time.sleep(0.5)
    return pixels_of(page.run("incarnate.page.snapshot()")).astype(float)


def test_the_page_follows_a_program_and_goes_back_to_its_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatar, port = lively_avatar(600), free_port()
    package = tmp_path / "lively.glb"
    write_package(avatar, lively_stage(avatar), package)
    program = Program(port)
    with served(package, port, monkeypatch) as address, Chromium((300, 260)) as page:
        page.open(address)
        page.run("incarnate.ready.then(() => incarnate.page.play(false))")
        # Pictures that are compared keep their size, however slow they come.
        page.run("incarnate.page.measure = () => undefined")
        wait_for(page, "incarnate.page.live.text.startsWith('waiting for vmc on 127.0.0.1 port')")
        assert not page.run(TRANSPORT_HIDDEN)
        program.start()
        wait_for(page, "incarnate.page.live.pose")
        assert page.run(TRANSPORT_HIDDEN)
        before = settled(page)
        program.is_acting = True
        # The jaw's turn is about x; a jaw of 0.4 rad is open wide. The head's is about y.
        wait_for(page, "incarnate.page.live.pose.rotations.jaw[0] > 0.1")
        wait_for(page, "incarnate.page.live.pose.rotations.head[1] > 0.15")
        assert np.abs(settled(page) - before).max() > 20
        line = "document.getElementById('live').innerText"
        wait_for(page, f"/ · following · [0-9]+ ms$/.test({line})")
        # A slider adds to what comes.
        page.run("incarnate.page.set({ values: { turn: 20 } })")
        shown = "incarnate.page.posed(incarnate.page.avatar).rotations"
        head = "4 * incarnate.page.avatar.skeleton.names.indexOf('head') + 1"
        assert page.run(f"{shown}[{head}] - incarnate.page.live.pose.rotations.head[1]") > 0.1
        page.run("incarnate.page.set({ values: {} })")
        program.close()
        wait_for(page, "incarnate.page.live.phase === 'lost'")
        assert page.run("incarnate.page.live.pose === undefined")
        assert not page.run(TRANSPORT_HIDDEN)
        assert page.run(f"{BUTTON}.getAttribute('aria-pressed')") == "true"
        page.run(f"{BUTTON}.click()")
        assert page.run("document.getElementById('live').hidden")
        assert page.run(f"{BUTTON}.getAttribute('aria-pressed')") == "false"
        assert page.console == []
