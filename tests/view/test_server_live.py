"""The stream of live motion: to pages of this server only, to few at a time, and newest first."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.drive.senders import eventually
from tests.view.puppets import Puppet, bridge_to_puppet, events_of, smiling

from incarnate.drive.live import clock
from incarnate.view.live_bridge import LIVE_PATH, MOST_LISTENERS
from incarnate.view.server import Door, ViewerServer

PACKAGE = b"glTF and more"
TOKEN = "correct-horse"


@contextmanager
def running(puppet: Puppet, door: Door | None = None) -> Iterator[ViewerServer]:
    with bridge_to_puppet(puppet) as bridge, ViewerServer(PACKAGE, door, bridge=bridge) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def asking(
    server: ViewerServer, path: str = LIVE_PATH, method: str = "GET", **headers: str
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    connection.putrequest(method, path, skip_host=True)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in {"Host": f"127.0.0.1:{server.server_address[1]}", **named}.items():
        connection.putheader(name, value)
    connection.endheaders()
    with connection.getresponse() as answer:
        yield answer
    connection.close()


def read_until(answer: http.client.HTTPResponse, text: str) -> bytes:
    """What comes up to the end of the first event that has this text."""
    content, wanted = b"", text.encode()
    while wanted not in content or not content.endswith(b"\n\n"):
        content += answer.readline()
    return content


def test_the_page_follows_and_is_told_how() -> None:
    puppet = Puppet()
    with running(puppet) as server, asking(server) as answer:
        assert answer.status == 200
        headers = {name.lower(): value for name, value in answer.getheaders()}
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "content-length" not in headers
        assert "access-control-allow-origin" not in headers
        puppet.move(0.5)
        events = events_of(read_until(answer, "event: pose"))
        assert [name for name, _ in events if name != "state"][0:1] == ["names"]
        assert events[-1][1]["phase" if events[-1][0] == "state" else "expression"]


def test_the_page_names_the_source_and_others_have_none() -> None:
    with running(Puppet()) as server, asking(server, "/") as answer:
        assert b'<meta name="live" content="Puppet">' in answer.read()
    with ViewerServer(PACKAGE) as plain:
        threading.Thread(target=plain.serve_forever, args=(0.02,), daemon=True).start()
        with asking(plain, "/") as answer:
            assert b'<meta name="live" content="">' in answer.read()
        with asking(plain) as answer:
            assert answer.status == 404
        plain.shutdown()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        # Another port of this machine is the same site, and another page.
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_nobody_else_follows_and_the_source_stays_closed(headers: dict[str, str]) -> None:
    puppet = Puppet()
    with running(puppet) as server:
        with asking(server, **headers) as answer:
            assert answer.status == 403
            assert b"event:" not in answer.read()
        with asking(server, method="HEAD") as answer:
            assert answer.status == 404
    assert puppet.num_opened == 0


def test_its_own_page_is_let_in_by_either_header() -> None:
    with running(Puppet()) as server:
        own = f"http://127.0.0.1:{server.server_address[1]}"
        for headers in ({"Origin": own}, {"Sec_Fetch_Site": "same-origin"}):
            with asking(server, **headers) as answer:
                assert answer.status == 200
                assert answer.readline() == b"event: names\n"


def test_with_a_token_only_who_knows_it_follows() -> None:
    with running(Puppet(), Door("127.0.0.1", TOKEN)) as server:
        with asking(server) as answer:
            assert answer.status == 403
        with asking(server, Cookie=f"incarnate_token={TOKEN}") as answer:
            assert answer.status == 200


def test_few_follow_at_a_time_and_who_leaves_makes_room() -> None:
    with running(Puppet()) as server:
        pages = [asking(server) for _ in range(MOST_LISTENERS)]
        for page in pages:
            assert page.__enter__().readline() == b"event: names\n"
        with asking(server) as answer:
            assert answer.status == 503
            assert b"4 pages follow already" in answer.read()
        pages.pop().__exit__(None, None, None)

        def is_let_in() -> bool:
            with asking(server) as answer:
                return answer.status == 200

        eventually(is_let_in)
        for page in pages:
            page.__exit__(None, None, None)


def test_a_page_that_slept_reads_little_that_is_old() -> None:
    with running(Puppet()) as server, socket.socket() as page:
        # As little as the system allows: a browser's buffers are its own.
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        page.settimeout(20)
        page.connect(("127.0.0.1", server.server_address[1]))
        host = f"127.0.0.1:{server.server_address[1]}"
        page.sendall(f"GET {LIVE_PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        bridge = server.bridge
        assert bridge is not None
        eventually(lambda: bridge.board.state.text != "")
        for step in range(1, 401):
            bridge.board.show(smiling(step / 1000), clock())
            time.sleep(0.001)
        content = b""
        while b",0.4," not in content:
            content += page.recv(1 << 16)
        # Of 400 poses while it slept, some 50 fit into the system's buffers, and then the newest.
        assert content.count(b"event: pose") < 200
