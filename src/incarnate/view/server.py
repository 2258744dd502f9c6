"""A small web server for the viewer: it knows a page and an avatar, and nothing else.

It serves a few things from memory and no folder, so that no path leads anywhere. On loopback it
answers only requests that were sent to a loopback name: a page of somewhere else, whose name was
pointed at this machine (DNS rebinding), gets nothing. On another address, which has to be asked
for, only who knows the token gets an answer. Live motion goes to pages of this server only.
"""

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs, urlsplit

from incarnate.errors import RenderError
from incarnate.view.live_bridge import LIVE_PATH, Bridge, page_with_live
from incarnate.view.live_messages import CONTENT_TYPE
from incarnate.view.web import PACKAGE_NAME, viewer_page
from incarnate.view.webcam import MODEL_NAME, page_with_webcam, webcam_parts

LOOPBACK: Final = "127.0.0.1"
_COOKIE: Final = "incarnate_token"
_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
# A visitor who sends nothing for so long (seconds) is let go.
_PATIENCE: Final = 20
_SCRIPT: Final = "text/javascript; charset=utf-8"
# What a page doesn't take is to wait here, where newer poses replace it, and not on the way: bytes.
_ON_THE_WAY: Final = 16384
# The worker that finds faces may compile what it fetched from here, and talk to nobody else.
_WORKER_POLICY: Final = "default-src 'none'; script-src 'wasm-unsafe-eval'"


@dataclass(frozen=True)
class Served:
    """Something that the server answers with."""

    content: bytes
    kind: str
    """Its media type."""


@dataclass(frozen=True)
class Door:
    """Who is let in."""

    host: str = LOOPBACK
    """The address that is listened on."""
    token: str | None = None
    """What visitors have to know; made up where the address is not loopback and none is given."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def locked(self) -> "Door":
        """The same door with a token where it needs one.

        Raises:
            RenderError: The token is too short to keep anybody out.
        """
        if self.token is not None and not re.fullmatch(r"[\w-]{8,200}", self.token):
            raise RenderError(
                "a token needs at least 8 letters and digits; leave it out to have one made"
            )
        if self.is_loopback or self.token is not None:
            return self
        return Door(self.host, secrets.token_urlsafe(18))


class ViewerServer(ThreadingHTTPServer):
    """Serves the viewer with one avatar; `serve_forever` runs it, `shutdown` ends it."""

    daemon_threads = True

    def __init__(
        self,
        package: bytes,
        door: Door | None = None,
        port: int = 0,
        *,
        face_model: bytes | None = None,
        bridge: Bridge | None = None,
    ) -> None:
        """Listen.

        Args:
            package: The avatar's.
            door: Who is let in.
            port: 0 takes a free one.
            face_model: What finds faces before the visitor's webcam; else the page asks for it.
            bridge: To the live source that the page may follow.

        Raises:
            RenderError: The address or the port can't be listened on.
        """
        self.door = (Door() if door is None else door).locked()
        self.answers = _answers(package, face_model, bridge)
        self.bridge = bridge
        try:
            super().__init__((self.door.host, port), _Handler)
        except (OSError, OverflowError) as problem:
            raise RenderError(
                f"can't listen on {self.door.host} port {port} ({problem}); another --port, or 0 "
                "for any free one?"
            ) from problem

    @property
    def address(self) -> str:
        """What to open in a browser, with the token where there is one."""
        host = f"[{self.door.host}]" if ":" in self.door.host else self.door.host
        token = f"?token={self.door.token}" if self.door.token else ""
        return f"http://{host}:{self.server_address[1]}/{token}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who hangs up is no news."""


def _answers(
    package: bytes, face_model: bytes | None, bridge: Bridge | None
) -> Mapping[str, Served]:
    content = page_with_webcam(viewer_page(), has_model=face_model is not None)
    if bridge is not None:
        content = page_with_live(content, bridge.name)
    page = Served(content, "text/html; charset=utf-8")
    parts = {f"/{name}": Served(part, _kind(name)) for name, part in webcam_parts().items()}
    if face_model is not None:
        parts[f"/{MODEL_NAME}"] = Served(face_model, _kind(MODEL_NAME))
    return MappingProxyType(
        {
            "/": page,
            "/index.html": page,
            f"/{PACKAGE_NAME}": Served(package, "model/gltf-binary"),
            **parts,
        }
    )


def _kind(name: str) -> str:
    return _SCRIPT if name.endswith(".js") else "application/octet-stream"


class _Handler(BaseHTTPRequestHandler):
    server: ViewerServer  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = _PATIENCE
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "incarnate", ""

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written about visits."""

    def _answer(self, *, with_content: bool) -> None:
        target = urlsplit(self.path)
        if not self._is_addressed_well():
            self._refuse(HTTPStatus.FORBIDDEN, "this server answers to its own address only")
            return
        token = self.server.door.token
        if token is not None:
            shown = parse_qs(target.query).get("token", [""])[0]
            if hmac.compare_digest(shown.encode(), token.encode()):
                self._let_in(token)
                return
            if not hmac.compare_digest(self._cookie().encode(), token.encode()):
                self._refuse(HTTPStatus.FORBIDDEN, "open the address with its token")
                return
        bridge = self.server.bridge
        if bridge is not None and target.path == LIVE_PATH and with_content:
            self._stream(bridge)
            return
        found = self.server.answers.get(target.path)
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
            return
        self.send_response(HTTPStatus.OK)
        self._send_headers(found)
        if with_content:
            self.wfile.write(found.content)

    def _is_addressed_well(self) -> bool:
        """Whether the request was sent to this server's own name, if it is on loopback."""
        if not self.server.door.is_loopback:
            return True
        name, colon, port = self.headers.get("Host", "").rpartition(":")
        return (
            name in _LOOPBACK_NAMES and colon == ":" and port == str(self.server.server_address[1])
        )

    def _stream(self, bridge: Bridge) -> None:
        """Tell a page of this server what the bridge tells, until one of them ends it."""
        if not self._is_asked_from_here():
            self._refuse(HTTPStatus.FORBIDDEN, "only pages of this server may follow")
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_THE_WAY)
        try:
            with bridge.listening() as parts:
                self.send_response(HTTPStatus.OK)
                self._send_headers(Served(b"", CONTENT_TYPE))
                for part in parts:
                    if self._has_hung_up():
                        break
                    self.wfile.write(part)
        except RenderError as problem:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, str(problem))
        self.close_connection = True

    def _is_asked_from_here(self) -> bool:
        """Whether a page of this server asked; browsers say so, in one header or the other."""
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        return origin in (None, f"http://{self.headers.get('Host')}") and site in (
            None,
            "same-origin",
        )

    def _has_hung_up(self) -> bool:
        """Whether the visitor, who has no more to say, ended the connection."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def _cookie(self) -> str:
        try:
            entry = SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except CookieError:
            entry = None
        return "" if entry is None else entry.value

    def _let_in(self, token: str) -> None:
        """Keep the token in a cookie, so that it leaves the address bar."""
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "/")
        self.send_header("Set-Cookie", f"{_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        content = f"{status.value}: {words}\n".encode()
        self.send_response(status)
        self._send_headers(Served(content, "text/plain; charset=utf-8"))
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_headers(self, served: Served) -> None:
        self.send_header("Content-Type", served.kind)
        if served.kind != CONTENT_TYPE:
            self.send_header("Content-Length", str(len(served.content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        if served.kind.startswith("text/html"):
            self.send_header("Content-Security-Policy", content_policy(served.content))
        elif served.kind == _SCRIPT:
            self.send_header("Content-Security-Policy", _WORKER_POLICY)
        self.end_headers()


def content_policy(page: bytes) -> str:
    """What the page may do: run its own script, work in workers, fetch from where it came."""
    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(text).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{text}'" for text in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; worker-src blob: 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
