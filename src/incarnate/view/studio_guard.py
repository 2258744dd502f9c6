"""Who may speak to the studio: its own page on this machine, or who knows the token."""

import hmac
import http
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from incarnate.errors import RenderError
from incarnate.view.server import Door

_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")


def is_welcome(headers: Mapping[str, str], target: str, door: Door) -> bool:
    """Whether a request may be answered.

    On loopback only a loopback name leads in: no page of somewhere else whose name was pointed at
    this machine. A socket is opened by our own page only, wherever it is listened on; browsers let
    every page try. On other addresses a socket needs the token; the page without it is empty.

    Args:
        headers: Of the request.
        target: The path that is asked for, with its query.
        door: Who is let in.
    """
    host = headers.get("Host", "")
    if door.is_loopback and host.rpartition(":")[0] not in _LOOPBACK_NAMES:
        return False
    if headers.get("Upgrade", "").lower() != "websocket":
        return True
    # Programs other than browsers send no origin; they need no page to get at this machine.
    if headers.get("Origin", f"http://{host}") != f"http://{host}":
        return False
    if door.token is None:
        return True
    shown = parse_qs(urlsplit(target).query).get("token", [""])[0]
    return hmac.compare_digest(shown.encode(), door.token.encode())


@contextmanager
def guarded_servers(door: Door) -> Iterator[None]:
    """Websocket servers that are started meanwhile refuse who is not welcome.

    viser starts one and lets everybody in, whatever page their browser shows.

    Raises:
        RenderError: None was started in the way that we know; nothing must run unguarded.
    """
    import websockets.asyncio.server as sockets

    original, guarded = sockets.serve, []

    def serve(*arguments: Any, process_request: Callable[..., Any], **settings: Any) -> Any:
        def checked(connection: Any, request: Any) -> Any:
            if not is_welcome(request.headers, request.path, door):
                return connection.respond(http.HTTPStatus.FORBIDDEN, "this is not your address\n")
            return process_request(connection, request)

        guarded.append(True)
        return original(*arguments, process_request=checked, **settings)

    # The class stands in for a function of its own name, which viser looks up when it starts.
    setattr(sockets, "serve", serve)  # noqa: B010
    try:
        yield
    finally:
        setattr(sockets, "serve", original)  # noqa: B010
    if not guarded:
        raise RenderError("this viser can't be guarded; install the release in constraints.txt")


def check_place(door: Door, port: int) -> None:
    """Try whether an address and port can be listened on: viser would try others without end.

    Raises:
        RenderError: They can't.
    """
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    try:
        socket.create_server((door.host, port), family=family).close()
    except (OSError, OverflowError) as problem:
        raise RenderError(
            f"can't listen on {door.host} port {port} ({problem}); another --port, or 0 for any "
            "free one?"
        ) from problem
