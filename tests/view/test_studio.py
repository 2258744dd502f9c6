"""The studio listens on loopback, tells from where its visitors look, and lets no other page in."""

import pytest
from tests.avatars.people import portrait_camera

pytest.importorskip("viser", reason="the studio's extra is not installed")

import torch
import websockets.exceptions
from tests.view.studio_visitor import PATIENT, Visitor

from incarnate.errors import RenderError
from incarnate.view.server import Door
from incarnate.view.studio import Studio
from incarnate.view.studio_cameras import Viewpoint, viewpoint_of


def test_it_listens_on_loopback_and_says_where_visitors_look(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import threading

    seen, gone = [], threading.Event()
    camera = portrait_camera(48)
    with Studio("a page") as studio:
        assert studio.address == f"http://127.0.0.1:{studio.port}/"
        studio.start_view(camera, torch.zeros(1, 3))
        came = threading.Event()

        def look(number: int, viewpoint: Viewpoint) -> None:
            seen.append(viewpoint)
            came.set()

        studio.on_look(look)
        studio.on_leave(lambda number: gone.set())
        with Visitor(studio.address, origin=studio.address.rstrip("/")) as visitor:
            visitor.look(viewpoint_of(camera))
            assert came.wait(PATIENT)
            assert list(studio.viewpoints.values()) == seen[:1]
        assert gone.wait(PATIENT)
    again = seen[0].camera(48)
    # Through single and double precision and a quaternion.
    torch.testing.assert_close(again.camera_from_world, camera.camera_from_world, atol=1e-5, rtol=0)
    # The command says where it is; the library says nothing.
    assert capfd.readouterr().out == ""


def test_no_page_of_somewhere_else_gets_in() -> None:
    with Studio("a page") as studio, pytest.raises(websockets.exceptions.InvalidStatus):
        Visitor(studio.address, origin="https://page.example")


def test_nobody_publishes_the_page_through_a_stranger() -> None:
    with Studio("a page") as studio:
        assert studio.server.request_share_url() is None


def test_a_token_goes_with_the_socket() -> None:
    with Studio("a page", door=Door(token="eight-or-more")) as studio:
        assert studio.address.endswith(
            f"?websocket=ws://127.0.0.1:{studio.port}/?token=eight-or-more"
        )
        place = f"http://127.0.0.1:{studio.port}/"
        with pytest.raises(websockets.exceptions.InvalidStatus):
            Visitor(place)
        with Visitor(f"{place}?token=eight-or-more"):
            pass


def test_a_port_that_is_taken_is_said() -> None:
    with Studio("a page") as studio, pytest.raises(RenderError, match=f"port {studio.port}"):
        Studio("another", port=studio.port)
