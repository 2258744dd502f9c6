"""Model files are found by name, trusted by hash, fetched only on request."""

import hashlib
import io
import subprocess
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from incarnate import model_files
from incarnate.errors import ModelFileError
from incarnate.model_files import InsideWheel, ModelFile

CONTENT = b"a model"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty chosen folder and an empty cache."""
    chosen, cache = tmp_path / "chosen", tmp_path / "cache"
    monkeypatch.setenv("INCARNATE_MODELS", str(chosen))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return chosen, cache / "incarnate" / "models"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> ModelFile:
    """Pretend that the known model file is `CONTENT`."""
    model = ModelFile(
        file_name="a.tflite",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        license="Apache-2.0",
        source=model_files.Download("https://publisher.example/a.tflite"),
    )
    monkeypatch.setattr(model_files, "known_model", lambda _: model)
    return model


def put(folder: Path, content: bytes = CONTENT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "a.tflite"
    path.write_bytes(content)
    return path


def test_the_chosen_folder_goes_before_the_cache(
    folders: tuple[Path, Path], known: ModelFile
) -> None:
    cached = put(folders[1])
    assert model_files.find_model("face_landmarker") == cached
    chosen = put(folders[0])
    assert model_files.find_model("face_landmarker") == chosen


def test_a_missing_file_says_where_it_was_looked_for_and_how_to_get_it(
    folders: tuple[Path, Path],
) -> None:
    with pytest.raises(ModelFileError) as error:
        model_files.find_model("face_landmarker")
    text = str(error.value)
    assert "face_landmarker.task" in text
    assert str(folders[0]) in text
    assert str(folders[1]) in text
    assert "`incarnate doctor --fetch`" in text
    assert "INCARNATE_MODELS" in text


def test_another_file_of_that_name_is_refused(folders: tuple[Path, Path], known: ModelFile) -> None:
    path = put(folders[0], b"another model")
    with pytest.raises(ModelFileError, match="is not the known") as error:
        model_files.find_model("face_landmarker")
    assert str(path) in str(error.value)
    assert known.sha256 in str(error.value)


def test_a_download_is_checked_and_written_whole(
    folders: tuple[Path, Path], known: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def serve(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(CONTENT)

    monkeypatch.setattr(urllib.request, "urlopen", serve)
    path = model_files.fetch_model("face_landmarker")
    assert asked == ["https://publisher.example/a.tflite"]
    assert path == folders[0] / "a.tflite"
    assert path.read_bytes() == CONTENT
    assert list(folders[0].iterdir()) == [path], "no partial file stays"
    assert model_files.find_model("face_landmarker") == path


def test_a_wrong_download_is_not_kept(
    folders: tuple[Path, Path], known: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: io.BytesIO(b"a login page"))
    with pytest.raises(ModelFileError, match="is not the known"):
        model_files.fetch_model("face_landmarker")
    assert not folders[0].exists()


def test_an_unreachable_publisher_is_named(
    folders: tuple[Path, Path], known: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(url: str, timeout: float) -> io.BytesIO:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(ModelFileError, match=r"from https://publisher\.example.*no route"):
        model_files.fetch_model("face_landmarker")


@pytest.fixture
def known_in_wheel(monkeypatch: pytest.MonkeyPatch) -> ModelFile:
    model = ModelFile(
        file_name="a.tflite",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        license="Apache-2.0",
        source=InsideWheel("package==1.0", "3.11", "package/a.tflite"),
    )
    monkeypatch.setattr(model_files, "known_model", lambda _: model)
    return model


def test_a_member_of_a_wheel_is_extracted(
    known_in_wheel: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[-1] == "package==1.0"
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "package.whl", "w") as wheel:
            wheel.writestr("package/a.tflite", CONTENT)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", download)
    assert model_files.fetch_model("selfie_segmentation").read_bytes() == CONTENT


def test_a_failed_pip_tells_how_to_do_it_by_hand(
    known_in_wheel: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "warning\nERROR: no such version\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(ModelFileError) as error:
        model_files.fetch_model("selfie_segmentation")
    assert "ERROR: no such version" in str(error.value)
    assert "pip download --no-deps package==1.0" in str(error.value)
    assert "package/a.tflite" in str(error.value)


@pytest.mark.parametrize("name", model_files.MODEL_NAMES)
def test_the_real_files_are_the_known_ones(
    name: model_files.ModelName, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCARNATE_MODELS", str(shared_data / "models"))
    assert model_files.find_model(name).parent == shared_data / "models"
