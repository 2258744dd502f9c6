"""A visitor of the studio without a browser: it speaks viser's protocol over a socket."""

import io
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import websockets.sync.client as sockets
import zstandard
from PIL import Image
from websockets.typing import Origin, Subprotocol

from incarnate.view.studio_cameras import Viewpoint

# Long enough for a busy machine; no test waits for it unless it fails.
PATIENT = 30.0


class Visitor:
    """Looks from a viewpoint and keeps what it is told."""

    def __init__(self, address: str, *, origin: str | None = None) -> None:
        import viser

        protocol = Subprotocol(f"viser-v{viser.__version__}")
        self._socket = sockets.connect(
            address.replace("http://", "ws://"), subprotocols=[protocol], origin=_origin(origin),
            max_size=None,
        )  # fmt: skip
        self.messages: list[dict[str, Any]] = []

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def look(self, viewpoint: Viewpoint, height: int = 60) -> None:
        """Tell the studio from where this visitor looks."""
        self.send(
            "ViewerCameraMessage",
            wxyz=viewpoint.wxyz, position=viewpoint.position, fov=viewpoint.fov,
            near=0.01, far=100.0, image_height=height,
            image_width=round(height * viewpoint.aspect),
            look_at=(0.0, 0.0, 0.0), up_direction=(0.0, 1.0, 0.0),
        )  # fmt: skip

    def send(self, kind: str, **fields: Any) -> None:
        """Send one message."""
        self._socket.send(msgspec.msgpack.encode({"type": kind, **fields}))

    def wait_for(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message, of those not yet looked at, that is as asked."""
        deadline = time.monotonic() + PATIENT
        while True:
            while self.messages:
                message = self.messages.pop(0)
                if is_it(message):
                    return message
            left = deadline - time.monotonic()
            assert left > 0, "the studio does not say what it should"
            self._receive(left)

    def picture(self) -> np.ndarray:
        """The next picture behind the scene, 8-bit sRGB."""
        message = self.wait_for(_is_picture)
        return np.asarray(Image.open(io.BytesIO(message["rgb_data"])).convert("RGB"))

    def _receive(self, timeout: float) -> None:
        raw = self._socket.recv(timeout)
        assert isinstance(raw, bytes)
        packed = int.from_bytes(raw[8:16], "little")
        content = msgspec.msgpack.decode(
            zstandard.ZstdDecompressor().decompress(raw[16 : 16 + packed])
        )
        buffers, start = [], _aligned(16 + packed)
        for length in content["binaryBufferLengths"]:
            buffers.append(raw[start : start + length])
            start = _aligned(start + length)
        self.messages += [_filled(message, buffers) for message in content["messages"]]


def _is_picture(message: dict[str, Any]) -> bool:
    """A page without a picture yet is told so as well."""
    return message["type"] == "BackgroundImageMessage" and bool(message["rgb_data"])


def _origin(origin: str | None) -> Origin | None:
    return None if origin is None else Origin(origin)


def _aligned(offset: int) -> int:
    return -(-offset // 8) * 8


def _filled(value: Any, buffers: list[bytes]) -> Any:
    if isinstance(value, dict):
        if "__binary_index" in value:
            return buffers[value["__binary_index"]]
        return {key: _filled(each, buffers) for key, each in value.items()}
    return value
