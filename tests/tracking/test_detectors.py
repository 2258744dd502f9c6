"""MediaPipe is optional: where it is missing or broken, the remedy is said."""

import importlib
from types import ModuleType

import pytest

from incarnate.errors import TrackingError
from incarnate.tracking.detectors import load_mediapipe


def break_imports(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(name: str, package: str | None = None) -> ModuleType:
        raise error

    monkeypatch.setattr(importlib, "import_module", fail)


def test_it_gives_the_package_with_its_tasks() -> None:
    mediapipe = pytest.importorskip("mediapipe")
    loaded = load_mediapipe()
    assert loaded is mediapipe
    assert hasattr(loaded.tasks.vision, "FaceLandmarker")


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    break_imports(monkeypatch, ModuleNotFoundError("No module", name="mediapipe"))
    with pytest.raises(TrackingError) as error:
        load_mediapipe()
    assert str(error.value) == (
        "tracking needs MediaPipe, but the package mediapipe is not installed: "
        "pip install 'incarnate[track]'"
    )


@pytest.mark.parametrize("kind", [ImportError, OSError])
def test_a_missing_system_library_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    break_imports(monkeypatch, kind("libGLESv2.so.2: cannot open shared object file"))
    with pytest.raises(TrackingError, match=r"cannot be loaded \(libGLESv2.*apt-get install"):
        load_mediapipe()
