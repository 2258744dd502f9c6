"""Fetching over real HTTP, from a publisher on loopback that serves, lies, or hangs up."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from incarnate import model_files
from incarnate.cli import inspections, main
from incarnate.errors import ModelFileError
from incarnate.model_files import Download, ModelFile, ModelName

CONTENT = b"a model" * 30_000


class Publisher(BaseHTTPRequestHandler):
    """Serves the model, another file, or half of what it promises; else nothing."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        served = {"/good": CONTENT, "/login": b"please log in", "/cut": CONTENT[:1000]}
        if self.path not in served:
            self.send_error(404)
            return
        self.send_response(200)
        promised = len(CONTENT) if self.path == "/cut" else len(served[self.path])
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(served[self.path])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(Publisher, "asked", [], raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "models"


def know(monkeypatch: pytest.MonkeyPatch, **urls: str) -> None:
    """Let models of these names have the same content, at these addresses."""

    def known(name: ModelName) -> ModelFile:
        digest = hashlib.sha256(CONTENT).hexdigest()
        return ModelFile(f"{name}.task", digest, "Apache-2.0", Download(urls[name]))

    monkeypatch.setattr(model_files, "known_model", known)
    monkeypatch.setattr(model_files, "MODEL_NAMES", tuple(urls))


def test_a_model_is_fetched_checked_and_found(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, face_landmarker=f"{address}/good")
    path = model_files.fetch_model("face_landmarker")
    assert path.read_bytes() == CONTENT
    assert [*folder.iterdir()] == [path]
    assert model_files.find_model("face_landmarker") == path


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("login", "is not the known face_landmarker.task"),
        ("cut", "cannot fetch face_landmarker.task from .*/cut: IncompleteRead"),
        ("nowhere", "cannot fetch .*: HTTP Error 404: Not Found.* by other means into .*models"),
    ],
)
def test_what_is_not_the_whole_model_is_never_kept(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, page: str, text: str
) -> None:
    know(monkeypatch, face_landmarker=f"{address}/{page}")
    with pytest.raises(ModelFileError, match=text):
        model_files.fetch_model("face_landmarker")
    assert not folder.exists()


def test_nobody_there_is_said_plainly(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 9 discards, where it is open at all; machines leave it closed.
    know(monkeypatch, face_landmarker="http://127.0.0.1:9/model")
    with pytest.raises(ModelFileError, match=r"from http://127\.0\.0\.1:9/model: .*refused"):
        model_files.fetch_model("face_landmarker")


def test_doctor_fetches_what_is_missing_and_leaves_what_is_there(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inspections, "findings", lambda: iter(()))
    pages = {"face_landmarker": f"{address}/good", "selfie_segmentation": f"{address}/nowhere"}
    know(monkeypatch, **pages)
    assert main(["doctor", "--fetch"]) == 0
    shown = capsys.readouterr()
    assert f"fetched {folder / 'face_landmarker.task'}" in shown.out
    assert "error: cannot fetch selfie_segmentation.task" in shown.err
    before = (folder / "face_landmarker.task").stat().st_mtime_ns
    assert main(["doctor", "--fetch"]) == 0
    assert "fetched" not in capsys.readouterr().out
    assert Publisher.asked == ["/good", "/nowhere", "/nowhere"]
    assert (folder / "face_landmarker.task").stat().st_mtime_ns == before


def test_doctor_replaces_a_file_that_is_not_the_model(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspections, "findings", lambda: iter(()))
    know(monkeypatch, face_landmarker=f"{address}/good")
    folder.mkdir()
    path = folder / "face_landmarker.task"
    path.write_bytes(b"half of it")
    main(["doctor", "--fetch"])
    assert path.read_bytes() == CONTENT
