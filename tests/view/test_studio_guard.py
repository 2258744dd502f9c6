"""The studio answers its own page, or who knows the token, and nobody else."""

import pytest

from incarnate.errors import RenderError
from incarnate.view.server import Door
from incarnate.view.studio_guard import check_place, guarded_servers, is_welcome

HERE = Door()
TOKEN = "eight-or-more"
ABROAD = Door("192.0.2.1", TOKEN)
SOCKET = {"Upgrade": "websocket"}


def test_loopback_answers_to_loopback_names_only() -> None:
    assert is_welcome({"Host": "127.0.0.1:80"}, "/", HERE)
    assert is_welcome({"Host": "localhost:8137"}, "/", HERE)
    assert not is_welcome({"Host": "rebound.example:80"}, "/", HERE)
    assert not is_welcome({}, "/", HERE)


def test_no_page_of_somewhere_else_opens_a_socket() -> None:
    host = {"Host": "127.0.0.1:80", **SOCKET}
    assert is_welcome({**host, "Origin": "http://127.0.0.1:80"}, "/", HERE)
    assert not is_welcome({**host, "Origin": "http://127.0.0.1:81"}, "/", HERE)
    assert not is_welcome({**host, "Origin": "https://page.example"}, "/", HERE)
    assert not is_welcome({**host, "Origin": "null"}, "/", HERE)
    assert is_welcome(host, "/", HERE)


@pytest.mark.parametrize("target", ["/", "/?token=", "/?token=eight-or-less", "/?other=1"])
def test_sockets_from_abroad_need_the_token(target: str) -> None:
    headers = {"Host": "192.0.2.1:80", **SOCKET}
    assert not is_welcome(headers, target, ABROAD)
    assert is_welcome(headers, f"/?token={TOKEN}", ABROAD)
    # The page alone shows nobody.
    assert is_welcome({"Host": "192.0.2.1:80"}, "/", ABROAD)


def test_a_server_that_is_not_started_as_we_know_is_refused() -> None:
    pytest.importorskip("websockets", reason="the studio's extra is not installed")
    with pytest.raises(RenderError, match="can't be guarded"), guarded_servers(HERE):
        pass


def test_a_place_that_cannot_be_listened_on_is_named() -> None:
    with pytest.raises(RenderError, match=r"192\.0\.2\.1 port 0"):
        check_place(ABROAD, 0)
