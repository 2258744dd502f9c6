"""Levenberg-Marquardt: Newton's steps of a cost, damped until it falls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

Unknowns = TypeVar("Unknowns")
Equations = TypeVar("Equations")
_Guess = TypeVar("_Guess", contravariant=True)
_Model = TypeVar("_Model", covariant=True)

_MAX_REJECTIONS = 6


@runtime_checkable
class Problem(Protocol[_Guess, _Model]):
    """A cost, and its quadratic model around a guess."""

    def cost(self, unknowns: _Guess, /) -> float:
        """What is to become small; not negative."""
        ...

    def equations(self, unknowns: _Guess, /) -> _Model:
        """The quadratic model of the cost around a guess."""
        ...


@dataclass(frozen=True)
class Descent:
    """How steps are damped, and when enough is gained."""

    first_damping: float
    """What the diagonal is raised by at first, as a share of itself."""
    least_damping: float
    """A share that damping does not fall below."""
    least_gain: float = 0.0
    """A step that lowers the cost by less is the last one."""
    least_relative_gain: float = 0.0
    """The same, as a share of the cost that is left."""


def minimised(
    problem: Problem[Unknowns, Equations],
    start: Unknowns,
    step: Callable[[Unknowns, Equations, float], Unknowns],
    *,
    descent: Descent,
    iterations: int,
    report: Callable[[int], None] | None = None,
) -> Unknowns:
    """The best that damped steps find: no step is taken that does not lower the cost.

    Args:
        problem: Cost and equations.
        start: First guess.
        step: Takes a guess, the equations there and a damping; gives the next guess.
        descent: How steps are damped, and when enough is gained.
        iterations: At most so many steps; stops when the cost no longer falls.
        report: Told the number of each finished iteration.
    """
    unknowns, damping, current = start, descent.first_damping, problem.cost(start)
    for iteration in range(iterations):
        equations = problem.equations(unknowns)
        trial, cost = unknowns, current
        for _ in range(_MAX_REJECTIONS):
            trial = step(unknowns, equations, damping)
            cost = problem.cost(trial)
            if cost < current:
                break
            damping *= 10
        if report is not None:
            report(iteration + 1)
        if not cost < current:
            break
        gain, current = current - cost, cost
        unknowns, damping = trial, max(0.1 * damping, descent.least_damping)
        if gain < max(descent.least_gain, descent.least_relative_gain * current):
            break
    return unknowns
