"""Published MobileNetV3 weights, as timm and SMIRK name them, read from a safetensors file."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from incarnate.avatars.mobilenet import MobileNet
from incarnate.errors import ModelFileError

_FIRST = "conv_stem.weight"
# What a classifier has behind the features, and counters of training: not needed here.
_IGNORED = ("conv_head.", "classifier.", "bn2.", "global_pool.")
_COUNTER = "num_batches_tracked"
_SHOWN = 6


def load_mobilenet(network: MobileNet, path: Path | str) -> None:
    """Replace a network's weights by those of a file.

    Args:
        network: Made with ``norm="frozen"``; its weights are overwritten.
        path: Safetensors with timm's names, such as the ``model.safetensors`` of
            ``mobilenetv3_large_100`` or ``tf_mobilenetv3_small_minimal_100``. All names may have
            one prefix in common, as SMIRK's encoders have.

    Raises:
        ModelFileError: The file can't be read, or holds another network; the text lists what
            does not match.
    """
    path = Path(path)
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelFileError(
            f"{path} cannot be read as safetensors ({error}). Save the network's state dict with "
            "safetensors.torch.save_file."
        ) from error
    adopt_tensors(network, tensors, str(path))


def adopt_tensors(network: MobileNet, tensors: Mapping[str, Tensor], origin: str) -> None:
    """Replace a network's weights by named tensors (see `load_mobilenet`)."""
    found = _unprefixed(tensors, origin)
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - found.keys())
    unknown = sorted(found.keys() - wanted.keys())
    shapes = [
        f"{name} is {tuple(found[name].shape)} for {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & found.keys())
        if found[name].shape != wanted[name].shape
    ]
    if missing or unknown or shapes:
        texts = [
            f"{len(names)} {what}: {_some(names)}"
            for what, names in (("missing", missing), ("not known", unknown), ("unfit", shapes))
            if names
        ]
        raise ModelFileError(
            f"the weights of {origin} belong to another network: {'; '.join(texts)}. "
            "Choose the backbone and width that the file was made for, and norm 'frozen'."
        )
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(found[name])


def _unprefixed(tensors: Mapping[str, Tensor], origin: str) -> dict[str, Tensor]:
    prefixes = sorted(name.removesuffix(_FIRST) for name in tensors if name.endswith(_FIRST))
    if len(prefixes) != 1:
        raise ModelFileError(
            f"{origin} holds {len(prefixes)} networks with a {_FIRST!r} (prefixes: "
            f"{_some(prefixes)}), expected one. Save the network that is meant alone."
        )
    named = {name.removeprefix(prefixes[0]): tensors[name] for name in tensors
             if name.startswith(prefixes[0])}  # fmt: skip
    return {
        name: value
        for name, value in named.items()
        if not name.startswith(_IGNORED) and not name.endswith(_COUNTER)
    }


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more or "none"
