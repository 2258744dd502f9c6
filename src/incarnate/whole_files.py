"""Files and folders that appear under their name only when they are whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give another name beside a file or folder, to write it there; then put it in its place.

    A run that is killed leaves what was there before, and remains that begin with
    ``.partial-``; the next run under the same name removes them.

    Args:
        path: The file, which is replaced, or the folder, which must not exist. Folders above it
            are made.

    Yields:
        Where to write. The ending is that of ``path``: some libraries go by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    discard(partial)
    try:
        yield partial
        partial.replace(path)
    finally:
        discard(partial)


def write_whole(content: str | bytes, path: Path) -> None:
    """Write a file's whole content; text as UTF-8."""
    with whole(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


def try_folder(folder: Path) -> None:
    """Make a folder and write in it, before what takes long is found to have no place.

    Raises:
        OSError: It can't be made, or can't be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass


def discard(path: Path) -> None:
    """Remove a file, or a folder with all in it; nothing if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
