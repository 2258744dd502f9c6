"""The viewer's page in headless Chromium, as ``incarnate view`` serves it."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float, UInt8
from PIL import Image
from tests.view.chromium import Chromium, chromium_path

from incarnate.view.server import ViewerServer

needs_chromium = pytest.mark.skipif(
    chromium_path() is None, reason="Chromium is not installed; make test-browser installs it"
)


@contextmanager
def viewer_page(package: bytes, size: tuple[int, int]) -> Iterator[Chromium]:
    """The page of a package, loaded, with its clip paused; its window has a size in pixels."""
    server = ViewerServer(package)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Chromium(size) as browser:
        browser.open(server.address)
        browser.run("incarnate.ready.then(() => incarnate.page.play(false))")
        yield browser
    server.shutdown()
    server.server_close()


def still(page: Chromium, **request: Any) -> UInt8[np.ndarray, "height width 3"]:
    """The picture that the page makes on request, at the size of the package's camera."""
    return pixels_of(page.run(f"incarnate.still({json.dumps(request)})"))


def shown(page: Chromium, **settings: Any) -> Float[np.ndarray, "height width 3"]:
    """The page's canvas under some settings, once it has come to rest; 0 to 255."""
    page.run(f"incarnate.page.set({json.dumps(settings)})")
    address = page.run(
        "new Promise((done) => { const look = () => requestAnimationFrame(() =>"
        " incarnate.page.isAtRest ? done(incarnate.page.snapshot()) : look()); look(); })"
    )
    return pixels_of(address).astype(float)


def pixels_of(address: str) -> UInt8[np.ndarray, "height width 3"]:
    """The picture of a PNG's data address."""
    raw = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
