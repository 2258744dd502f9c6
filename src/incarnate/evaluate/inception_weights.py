"""Finding and reading the one file of weights by which FID is defined; the user supplies it."""

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from incarnate.errors import ModelFileError
from incarnate.model_files import find_file

FILE_NAME: Final = "pt_inception-2015-12-05-6726825d.pth"
URL: Final = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE_NAME}"
INSTALL: Final = (
    f"download {FILE_NAME} (96 MB, Apache-2.0) from {URL} into a folder, and set INCARNATE_MODELS "
    "to that folder"
)
_SHA256: Final = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"

# What torch wrote at the head of files before it wrote zip archives (torch 1.6, 2020).
_MAGIC: Final = 0x1950A86A20F9469CFC6C
_VERSION: Final = 1001


def weights_path() -> Path:
    """Where the file lies, under its published name: in the first of the model folders that has it.

    Raises:
        ModelFileError: It is in none of them; the text says how to get it.
    """
    path = find_file(FILE_NAME)
    if path is None:
        raise ModelFileError(f"FID needs the weights of its network: {INSTALL}")
    return path


def checked_bytes(path: Path) -> bytes:
    """The content of the published file, whatever it is called here.

    Raises:
        ModelFileError: It can't be read, or is another file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error}): {INSTALL}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256:
        raise ModelFileError(
            f"{path} is not the published {FILE_NAME}: its SHA-256 is {found}, expected {_SHA256}. "
            f"No other weights give FID; {INSTALL}"
        )
    return content


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of the published file, by name.

    Args:
        path: The file, whatever it is called here.

    Raises:
        ModelFileError: It can't be read, or is another file.
    """
    return read_tensors(checked_bytes(path), str(path))


def read_tensors(content: bytes, origin: str) -> dict[str, Tensor]:
    """Named tensors of a file as ``torch.save`` wrote it before torch 1.6; nothing of it is run.

    Args:
        content: The file: five pickles, the fourth the tensors, then their numbers.
        origin: Where it is from, for errors.

    Raises:
        ModelFileError: It is no such file, is damaged, or names what a state dictionary does not
            need.
    """
    try:
        return _tensors(BytesIO(content))
    except ModelFileError as error:
        raise ModelFileError(f"{origin}: {error}") from error
    # A damaged or hostile pickle raises whatever the unpickler happens to meet.
    except Exception as error:
        raise ModelFileError(
            f"{origin} is no whole file of tensors as torch wrote them before 1.6 "
            f"({type(error).__name__}: {error}): {INSTALL}"
        ) from error


@dataclass(frozen=True)
class _Storage:
    """Numbers that stand further back in the file."""

    key: str
    dtype: torch.dtype


@dataclass(frozen=True)
class _View:
    """A tensor as numbers of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _view(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _View:
    return _View(storage, offset, shape, strides)


def _bare(tensor: _View, *_: object) -> _View:
    return tensor


_ALLOWED: Final[dict[str, Callable[..., object] | torch.dtype]] = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_parameter": _bare,
    "torch.FloatStorage": torch.float32,
    "torch.LongStorage": torch.int64,
}


class _TensorUnpickler(pickle.Unpickler):
    """Reads plain values, and tensors as `_View`."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in _ALLOWED:
            raise ModelFileError(
                f"the pickle mentions {name}; a file of plain tensors does not. Nothing of it was "
                f"run: {INSTALL}"
            )
        return _ALLOWED[name]

    def persistent_load(self, pid: Any, /) -> _Storage:
        match pid:
            case ("storage", torch.dtype() as dtype, str(key), _place, _size, None):
                return _Storage(key, dtype)
        raise ValueError(f"unknown reference {pid!r}")


def _tensors(file: BytesIO) -> dict[str, Tensor]:
    magic, version, _machine, named, keys = (_TensorUnpickler(file).load() for _ in range(5))
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError(f"starts with {magic!r}, version {version!r}")
    views: dict[str, _View] = {k: v for k, v in named.items() if isinstance(v, _View)}
    dtypes = {view.storage.key: view.storage.dtype for view in views.values()}
    storages: dict[str, Tensor] = {}
    for key in keys:
        size = int.from_bytes(file.read(8), "little")
        content = bytearray(file.read(size * dtypes[key].itemsize))
        storages[key] = torch.frombuffer(content, dtype=dtypes[key], count=size)
    return {
        name: storages[v.storage.key].as_strided(v.shape, v.strides, v.offset)
        for name, v in views.items()
    }
