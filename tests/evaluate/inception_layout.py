"""Weights by formula in the layout of the published file of FID's network, which is not at hand."""

import io
from collections import OrderedDict

import torch
from torch import Tensor

from incarnate.evaluate.inception import layer_shapes


def uniform(shape: tuple[int, ...], low: float, high: float, seed: int) -> Tensor:
    """Numbers that look random, by whole numbers alone: the same on every machine and torch."""
    bits = torch.arange(int(torch.tensor(shape).prod())) + 7919 * seed
    for factor in (0x9E3779B1, 0x85EBCA77):
        bits = bits * factor & 0xFFFFFFFF
        bits = bits ^ bits >> 15
    return (low + (high - low) * bits.double() / 0xFFFFFFFF).float().reshape(shape)


def formula_weights() -> "OrderedDict[str, Tensor]":
    """What the published file holds, by its names: kernels, batch statistics, classes."""
    tensors: OrderedDict[str, Tensor] = OrderedDict()
    for seed, (name, shape) in enumerate(layer_shapes(), 1):
        # He's range, so that features neither vanish nor grow through forty layers.
        bound = (6 / (shape[1] * shape[2] * shape[3])) ** 0.5
        tensors[f"{name}.conv.weight"] = uniform(shape, -bound, bound, seed)
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.2, 0.2),
            ("running_mean", -0.2, 0.2),
            ("running_var", 0.5, 1.5),
        ):
            tensors[f"{name}.bn.{part}"] = uniform(shape[:1], low, high, seed + len(part))
    tensors["fc.weight"] = uniform((1008, 2048), -0.05, 0.05, 1)
    tensors["fc.bias"] = uniform((1008,), -0.05, 0.05, 1)
    return tensors


def as_published(tensors: "OrderedDict[str, Tensor]") -> bytes:
    """The file that torch before 1.6 makes of named tensors."""
    file = io.BytesIO()
    torch.save(tensors, file, _use_new_zipfile_serialization=False)
    return file.getvalue()
