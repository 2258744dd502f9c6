"""Loads MediaPipe, which is an optional part of the installation."""

import importlib
from types import ModuleType

from incarnate.errors import TrackingError


def load_mediapipe() -> ModuleType:
    """The package mediapipe, with its task library imported.

    Raises:
        TrackingError: It is not installed, or lacks a library of the system.
    """
    try:
        importlib.import_module("mediapipe.tasks.python.vision")
        return importlib.import_module("mediapipe")
    except ModuleNotFoundError as error:
        raise TrackingError(
            f"tracking needs MediaPipe, but the package {error.name} is not installed: "
            "pip install 'incarnate[track]'"
        ) from error
    except (ImportError, OSError) as error:
        raise TrackingError(
            f"MediaPipe is installed but cannot be loaded ({error}); on Debian and Ubuntu: "
            "apt-get install libegl1 libgles2 libgl1; `incarnate doctor` looks at it again"
        ) from error
