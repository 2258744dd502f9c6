"""What listens: only its own page and avatar, only by its own name, only with the token."""

import base64
import hashlib
import http.client
import re
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incarnate.errors import RenderError
from incarnate.view.server import Door, ViewerServer, content_policy
from incarnate.view.web import viewer_page
from incarnate.view.webcam import MODEL_NAME, PART_NAMES, page_with_webcam, webcam_parts

PACKAGE = b"glTF and more"
TOKEN = "correct-horse"


def running(door: Door | None) -> Iterator[ViewerServer]:
    server = ViewerServer(PACKAGE, door)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[ViewerServer]:
    yield from running(None)


@pytest.fixture(scope="module")
def guarded() -> Iterator[ViewerServer]:
    yield from running(Door("127.0.0.1", TOKEN))


def ask(
    server: ViewerServer, path: str, method: str = "GET", **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"127.0.0.1:{server.server_address[1]}", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, {name.lower(): value for name, value in answer.getheaders()}


def test_it_serves_the_page_and_the_package(server: ViewerServer) -> None:
    assert ask(server, "/")[:2] == (200, page_with_webcam(viewer_page(), has_model=False))
    status, body, headers = ask(server, "/avatar.glb?anything")
    assert (status, body) == (200, PACKAGE)
    assert headers["content-type"] == "model/gltf-binary"
    status, body, headers = ask(server, "/avatar.glb", "HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", str(len(PACKAGE)))
    assert server.address == f"http://127.0.0.1:{server.server_address[1]}/"


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/server.py",
        "//etc/passwd",
        "/static/index.html",
        "/avatar.glb/..",
        "http://example.com/avatar",
    ],
)
def test_no_path_leads_out(server: ViewerServer, path: str) -> None:
    status, body, _ = ask(server, path)
    assert status == 404
    assert b"root:" not in body


@pytest.mark.parametrize("host", ["example.com", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_foreign_host_name_gets_nothing(server: ViewerServer, host: str) -> None:
    status, body, _ = ask(server, "/avatar.glb", Host=host)
    assert status == 403
    assert PACKAGE not in body


def test_localhost_is_its_name_too(server: ViewerServer) -> None:
    assert ask(server, "/", Host=f"localhost:{server.server_address[1]}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_it_takes_nothing(server: ViewerServer, method: str) -> None:
    assert ask(server, "/avatar.glb", method)[0] == 501


def test_with_a_token_only_who_knows_it_gets_in(guarded: ViewerServer) -> None:
    assert ask(guarded, "/avatar.glb")[0] == 403
    assert ask(guarded, "/avatar.glb?token=wrong-wrong")[0] == 403
    status, _, headers = ask(guarded, f"/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Strict" in headers["set-cookie"]
    cookie = headers["set-cookie"].partition(";")[0]
    assert ask(guarded, "/avatar.glb", Cookie=cookie)[:2] == (200, PACKAGE)
    assert ask(guarded, "/avatar.glb", Cookie=cookie[:-1])[0] == 403
    assert ask(guarded, "/avatar.glb", Cookie='"\\;;=')[0] == 403


def test_another_address_always_has_a_token() -> None:
    assert Door().locked().token is None
    made = Door("0.0.0.0").locked().token
    assert made is not None
    assert len(made) >= 20
    assert made != Door("0.0.0.0").locked().token
    assert Door("192.0.2.7", TOKEN).locked().token == TOKEN
    with pytest.raises(RenderError, match="at least 8"):
        Door("0.0.0.0", "short").locked()


def test_a_taken_port_and_a_foreign_address_are_named(server: ViewerServer) -> None:
    for door, port in ((Door(), server.server_address[1]), (Door("192.0.2.7"), 0), (Door(), 70000)):
        with pytest.raises(RenderError, match="can't listen"):
            ViewerServer(PACKAGE, door, port)


def test_the_page_may_run_its_own_script_only() -> None:
    page = b"<body><script>one()</script><script>two()</script>"
    policy = content_policy(page)
    for script in (b"one()", b"two()"):
        assert base64.b64encode(hashlib.sha256(script).digest()).decode() in policy
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert len(re.findall("sha256", content_policy(viewer_page()))) == 1


def test_it_serves_what_finds_faces_and_the_model_where_it_has_one(server: ViewerServer) -> None:
    for name in PART_NAMES:
        assert ask(server, f"/{name}")[:2] == (200, webcam_parts()[name])
    assert ask(server, f"/{MODEL_NAME}")[0] == 404
    having = ViewerServer(PACKAGE, face_model=b"a model")
    having.server_close()
    assert having.answers[f"/{MODEL_NAME}"].content == b"a model"
    assert b'name="webcam" content="model"' in having.answers["/"].content


def test_what_finds_faces_talks_to_nobody(server: ViewerServer) -> None:
    headers = ask(server, f"/{PART_NAMES[0]}")[2]
    assert headers["content-type"].startswith("text/javascript")
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'wasm-unsafe-eval'"
    )


@given(st.binary(max_size=300))
def test_garbage_leaves_it_alive(server: ViewerServer, content: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as sent:
        sent.sendall(content + b"\r\n\r\n")
        sent.shutdown(socket.SHUT_WR)
        assert PACKAGE not in sent.recv(1 << 16)
    assert ask(server, "/avatar.glb")[0] == 200
