"""Lights made ready for shading, kept for as long as one light is in use."""

from dataclasses import replace
from typing import final

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
        if self._last is None or self._last[0] is not light.radiance:
            self._last = (light.radiance, prefilter(replace(light, rotation=0.0)))
        return self._last[1].rotated(light.rotation)
