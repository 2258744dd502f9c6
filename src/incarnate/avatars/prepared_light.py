"""Lights made ready for shading, kept for as long as one light is in use."""

from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from incarnate.light.environment import Environment
from incarnate.light.prefilter import PrefilteredLight, prefilter


@final
class PreparedLight:
    """Filters a light once for a whole video, turned or not."""

    def __init__(self) -> None:
        self._last: tuple[Tensor, PrefilteredLight] | None = None

    def __call__(self, light: Environment) -> PrefilteredLight:
        """The light, filtered for diffuse and glossy reflection and turned as it says."""
        if self._last is None or not _is_same(self._last[0], light.radiance):
            self._last = (light.radiance, prefilter(replace(light, rotation=0.0)))
        return self._last[1].rotated(light.rotation)


def _is_same(one: Tensor, other: Tensor) -> bool:
    """Whether two maps hold the same light: a learned one is made anew for each picture."""
    return one is other or torch.equal(one, other)
