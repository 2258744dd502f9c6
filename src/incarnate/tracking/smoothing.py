"""The One-Euro filter for live signals, and how much a signal jitters."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class OneEuroSettings:
    """Parameters of Casiez, Roussel, Vogel: "1€ Filter" (CHI 2012)."""

    min_cutoff: float = 1.0
    """Cut-off in Hz at rest: lower is calmer."""
    beta: float = 0.05
    """How fast the cut-off rises with speed, in Hz per (unit a second): higher lags less."""
    speed_cutoff: float = 1.0
    """Cut-off in Hz of the speed estimate."""


class OneEuroFilter:
    """A low-pass whose cut-off rises with the signal's speed: calm at rest, quick in motion.

    Takes one array at a time; each element is filtered by itself.
    """

    def __init__(self, settings: OneEuroSettings | None = None) -> None:
        self._settings = settings or OneEuroSettings()
        self._time = -math.inf
        self._value: Float[np.ndarray, "*shape"] | None = None
        self._speed: Float[np.ndarray, "*shape"] | None = None

    def __call__(
        self, value: Float[np.ndarray, "*shape"], time: float
    ) -> Float[np.ndarray, "*shape"]:
        """The filtered value at a time in seconds; times rise from call to call."""
        if self._value is None or self._speed is None:
            self._value, self._speed, self._time = value, np.zeros_like(value), time
            return value
        step = time - self._time
        assert step > 0, f"time must rise: {self._time} s, then {time} s"
        settings = self._settings
        speed = (value - self._value) / step
        self._speed = _blend(self._speed, speed, _gain(settings.speed_cutoff, step))
        cutoff = settings.min_cutoff + settings.beta * np.abs(self._speed)
        self._value = _blend(self._value, value, _gain(cutoff, step))
        self._time = time
        return self._value


def _gain(cutoff: "float | np.ndarray", step: float) -> "float | np.ndarray":
    """Weight of the new sample of a first-order low-pass: 1 / (1 + τ / step), τ = 1 / 2π f."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * step))


def _blend(old: np.ndarray, new: np.ndarray, gain: "float | np.ndarray") -> np.ndarray:
    return old + gain * (new - old)


def jitter(points: Float[np.ndarray, "frames points width"]) -> float:
    """How much points tremble while they are still, in their unit per frame².

    The second difference over time measures trembling but also true acceleration; so only the
    calmer half of the frames counts, by the median speed of all points.

    Returns:
        Root mean square length of the second difference over those frames.
    """
    assert len(points) >= 3, "jitter needs three frames"
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    speed = np.median(np.linalg.norm(points[2:] - points[:-2], axis=-1), axis=1)
    calm = speed <= np.median(speed)
    return float(np.sqrt((second[calm] ** 2).sum(-1).mean()))
