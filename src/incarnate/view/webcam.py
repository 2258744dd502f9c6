"""What the browser needs to follow a face before a webcam, beside the page.

The page looks for faces by MediaPipe, compiled for the browser, in a worker. Those parts and the
model lie beside the page, and only where someone asks for them; the page itself names what is
there, so that a browser asks for nothing that is missing.
"""

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

from incarnate.errors import RenderError

WORKER_NAME: Final = "webcam/worker.js"
"""The script that finds faces: MediaPipe's tasks-vision, its loader and a few lines of ours."""
WASM_NAME: Final = "webcam/vision_wasm_internal.wasm.gz"
"""What it runs; packed, since many servers send files as they are."""
MODEL_NAME: Final = "models/face_landmarker.task"
PART_NAMES: Final = (WORKER_NAME, WASM_NAME)

_MARK: Final = b'<meta name="webcam" content="">'


def webcam_parts() -> Mapping[str, bytes]:
    """The files beside the page that find faces, by their names there; without the model.

    Raises:
        RenderError: This installation was made without them.
    """
    folder = resources.files("incarnate.view") / "static"
    missing = [name for name in PART_NAMES if not (folder / name).is_file()]
    if missing:
        raise RenderError(
            f"this installation lacks {', '.join(missing)} for the webcam; in a checkout, "
            "`make viewer` builds them"
        )
    return MappingProxyType({name: (folder / name).read_bytes() for name in PART_NAMES})


def page_with_webcam(page: bytes, *, has_model: bool) -> bytes:
    """The page that offers the webcam, since the parts lie beside it.

    Args:
        page: From `incarnate.view.web.viewer_page`.
        has_model: Whether the model lies there, too; else the page asks the user for it.
    """
    assert page.count(_MARK) == 1, "the page has one place for this"
    content = b"model" if has_model else b"parts"
    return page.replace(_MARK, _MARK.replace(b'content=""', b'content="' + content + b'"'))
