"""Damped steps: they end at the minimum, never go up, and stop where nothing is gained."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from incarnate.tracking.levenberg_marquardt import Descent, minimised

DESCENT = Descent(first_damping=1e-3, least_damping=1e-9)


@dataclass(frozen=True)
class Valley:
    """½ (x² − 2)², by Gauss-Newton: near zero its undamped steps are far too long."""

    seen: list[float]
    """Costs that were asked for, in order."""

    def cost(self, x: float) -> float:
        self.seen.append(0.5 * (x * x - 2) ** 2)
        return self.seen[-1]

    def equations(self, x: float) -> tuple[float, float]:
        """Gradient and curvature."""
        return 2 * x * (x * x - 2), 4 * x * x


def step(x: float, equations: tuple[float, float], damping: float) -> float:
    gradient, curvature = equations
    return x - gradient / (curvature * (1 + damping))


@pytest.mark.parametrize("start", [0.05, 1.0, 5.0, -3.0])
def test_the_minimum_is_found(start: float) -> None:
    found = minimised(Valley([]), start, step, descent=DESCENT, iterations=60)
    # Steps converge quadratically; the cost, a square, is exact to half the digits of x.
    assert abs(found) == pytest.approx(2**0.5, abs=1e-7)


def test_every_step_that_is_taken_lowers_the_cost() -> None:
    costs = []
    for iterations in range(8):
        problem = Valley([])
        found = minimised(problem, 0.05, step, descent=DESCENT, iterations=iterations)
        costs.append(problem.cost(found))
    assert all(after < before for before, after in pairwise(costs))
    # The first step overshoots a hundredfold, so that some must have been refused.
    problem = Valley([])
    minimised(problem, 0.05, step, descent=DESCENT, iterations=1)
    assert problem.seen[1] > problem.seen[0] > problem.seen[-1]


def test_a_minimum_is_left_alone_and_reported_once() -> None:
    told: list[int] = []
    start = 2**0.5
    found = minimised(Valley([]), start, step, descent=DESCENT, iterations=9, report=told.append)
    assert found == start
    assert told == [1]


def test_little_gain_ends_it() -> None:
    told: list[int] = []
    short = replace(DESCENT, least_gain=0.3)
    minimised(Valley([]), 2.0, step, descent=short, iterations=9, report=told.append)
    # ½ (4 − 2)² = 2, then 0.03, then less than 0.3 is to be had.
    assert told == [1, 2]
    told.clear()
    relative = replace(DESCENT, least_relative_gain=1e9)
    minimised(Valley([]), 2.0, step, descent=relative, iterations=9, report=told.append)
    assert told == [1]
