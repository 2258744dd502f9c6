"""``incarnate view``: which bytes it serves, and to whom."""

import threading
import urllib.request
import webbrowser
from pathlib import Path

import pytest

from incarnate.cli import main
from incarnate.cli.view import package_of, view
from incarnate.errors import AvatarError
from incarnate.view import server
from incarnate.view.package import read_package
from incarnate.view.server import ViewerServer
from incarnate.view.web import write_web_folder


def test_a_folder_becomes_a_package_and_a_package_stays(
    avatar_folder: Path, tmp_path: Path
) -> None:
    content = package_of(avatar_folder)
    (tmp_path / "a.glb").write_bytes(content)
    assert package_of(tmp_path / "a.glb") == content
    assert len(read_package(tmp_path / "a.glb").avatar.splats) == 600


def test_an_exported_page_is_served_too(avatar_folder: Path, tmp_path: Path) -> None:
    content = package_of(avatar_folder)
    write_web_folder(content, tmp_path / "site")
    assert package_of(tmp_path / "site") == content


def test_what_is_no_package_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(b"glTF but not really")
    with pytest.raises(AvatarError, match="is no GLB"):
        package_of(tmp_path / "a.glb")
    assert main(["view", str(tmp_path / "none")]) == 2


def test_it_listens_says_where_and_opens_it(
    avatar_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    answers: list[int] = []

    class Visited(ViewerServer):
        def serve_forever(self, poll_interval: float = 0.5) -> None:
            thread = threading.Thread(target=super().serve_forever, args=(0.02,), daemon=True)
            thread.start()
            # A token is kept in a cookie, as browsers do.
            visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            with visitor.open(self.address, timeout=20) as answer:
                answers.append(answer.status)
            self.shutdown()
            thread.join()

    monkeypatch.setattr(server, "ViewerServer", Visited)
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address))
    view(avatar_folder, port=0)
    shown = capsys.readouterr().out
    assert answers == [200]
    assert opened[0].startswith("http://127.0.0.1:")
    assert opened[0] in shown
    assert "only this machine" in shown
    view(avatar_folder, port=0, token="correct-horse", address_only=True)
    assert "token=correct-horse" in capsys.readouterr().out
    assert len(opened) == 1
    assert answers == [200, 200]


def test_a_source_goes_to_the_page_and_not_to_the_studio(
    avatar_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages: list[bytes] = []

    class Visited(ViewerServer):
        def serve_forever(self, poll_interval: float = 0.5) -> None:
            pages.append(self.answers["/"].content)

    monkeypatch.setattr(server, "ViewerServer", Visited)
    words = ["view", str(avatar_folder), "--port", "0", "--address-only", "--source"]
    assert main([*words, "vmc", "--source-port", "4444", "--smooth", "2"]) == 0
    assert b'<meta name="live" content="VMC">' in pages[0]
    assert "the page follows vmc on 127.0.0.1 port 4444" in capsys.readouterr().out
    assert main([*words, "vmc", "--address", "0.0.0.0"]) == 2
    assert "--allow-remote SENDER_ADDRESS" in capsys.readouterr().err
    assert main([*words, "vmc", "--studio"]) == 2
    assert "leave out --studio" in capsys.readouterr().err
