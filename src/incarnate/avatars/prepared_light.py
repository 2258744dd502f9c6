"""Lights made ready for shading, kept for as long as one light is in use."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar, final

import torch
from torch import Tensor

from incarnate.light.environment import Environment
from incarnate.light.prefilter import PrefilteredLight

_Ready = TypeVar("_Ready", PrefilteredLight, Environment)


@final
class PreparedLight(Generic[_Ready]):
    """Makes a light ready once for a whole video, turned or not."""

    def __init__(self, prepare: Callable[[Environment], _Ready]) -> None:
        """Nothing is kept yet.

        Args:
            prepare: What is done to a light: `prefilter`, say.
        """
        self._prepare = prepare
        self._last: tuple[Tensor, _Ready] | None = None

    def __call__(self, light: Environment) -> _Ready:
        """The light, made ready and turned as it says."""
        unturned = replace(light, rotation=0.0)
        if light.radiance.requires_grad:
            # A light that is being learned is another at each step, with a graph of its own.
            return self._prepare(unturned).rotated(light.rotation)
        if self._last is None or not _is_same(self._last[0], light.radiance):
            self._last = (light.radiance, self._prepare(unturned))
        return self._last[1].rotated(light.rotation)


def _is_same(one: Tensor, other: Tensor) -> bool:
    """Whether two maps hold the same light: a learned one is made anew for each picture."""
    return one is other or torch.equal(one, other)
