"""The viewer's page with an avatar beside it: a folder that any web server, or none, shows."""

import base64
import gzip
from importlib import resources
from pathlib import Path

from incarnate.errors import RenderError
from incarnate.view.webcam import MODEL_NAME, page_with_webcam, webcam_parts
from incarnate.whole_files import write_whole

PAGE_NAME = "index.html"
PACKAGE_NAME = "avatar.glb"
SCRIPT_NAME = "avatar.js"


def viewer_page() -> bytes:
    """The viewer: one HTML page with all its code, shaders and lights in it.

    Raises:
        RenderError: This installation was made without it.
    """
    page = resources.files("incarnate.view") / "static" / PAGE_NAME
    if not page.is_file():
        raise RenderError(
            "this installation has no browser viewer; in a checkout, `make viewer` builds it"
        )
    return page.read_bytes()


def write_web_folder(package: bytes, folder: Path, *, face_model: bytes | None = None) -> int:
    """Write a folder that shows an avatar in a browser.

    Browsers let a page that was opened from a folder read no file, but run a script beside it:
    for them the package lies there a second time, packed into one. Pages from a server never ask
    for it.

    Args:
        package: From `incarnate.view.package.package_bytes`.
        folder: Where to; what else is in it stays.
        face_model: What finds faces before a visitor's webcam; without it the page offers none.

    Returns:
        Bytes that a visitor of a web server downloads, who leaves the webcam switched off.
    """
    page, beside = viewer_page(), {}
    if face_model is not None:
        page = page_with_webcam(page, has_model=True)
        beside = {**webcam_parts(), MODEL_NAME: face_model}
    packed = base64.b64encode(gzip.compress(package, 6, mtime=0)).decode("ascii")
    write_whole(package, folder / PACKAGE_NAME)
    write_whole(f'window.INCARNATE_AVATAR="{packed}";\n'.encode(), folder / SCRIPT_NAME)
    for name, content in beside.items():
        write_whole(content, folder / name)
    write_whole(page, folder / PAGE_NAME)
    return len(page) + len(package)
