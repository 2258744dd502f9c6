"""Fits the poses of a whole clip at once: evidence in each frame, smoothness between frames.

Levenberg-Marquardt. The smoothness is a second difference, so the equations of all frames are one
symmetric system with a narrow band, which Cholesky solves in time linear in the frames.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import LinAlgError, solveh_banded
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.tracking.evidence import Evidence, normal_equations, project_frames
from incarnate.tracking.head_model import LandmarkModel
from incarnate.tracking.head_priors import PosePrior

_MAX_REJECTIONS = 6
_SMALL_GAIN = 3e-4


@dataclass(frozen=True)
class SecondDifference:
    """Change of velocity at each inner frame, times the inverse root of the time it takes.

    Squared and summed it is the integral of the squared acceleration, whatever the frame rate.
    """

    previous: Float[Tensor, "inner"]
    current: Float[Tensor, "inner"]
    next: Float[Tensor, "inner"]

    def of(self, values: Float[Tensor, "frames width"]) -> Float[Tensor, "inner width"]:
        """The scaled second difference of a sequence."""
        return (
            self.previous[:, None] * values[:-2]
            + self.current[:, None] * values[1:-1]
            + self.next[:, None] * values[2:]
        )

    def transposed(self, inner: Float[Tensor, "inner width"]) -> Float[Tensor, "frames width"]:
        """The adjoint of `of`."""
        values = inner.new_zeros(len(inner) + 2, inner.shape[1])
        values[:-2] += self.previous[:, None] * inner
        values[1:-1] += self.current[:, None] * inner
        values[2:] += self.next[:, None] * inner
        return values

    def bands(self) -> tuple[Tensor, Tensor, Tensor]:
        """Main and two lower diagonals of the normal matrix, (frames,) each, zero-padded."""
        a, b, c = self.previous, self.current, self.next
        main, first, second = (a.new_zeros(len(a) + 2) for _ in range(3))
        main[:-2] += a * a
        main[1:-1] += b * b
        main[2:] += c * c
        first[:-2] += a * b
        first[1:-1] += b * c
        second[:-2] += a * c
        return main, first, second


def second_difference(times: Float[Tensor, "frames"]) -> SecondDifference:
    """The operator for frames at times in seconds, in units of 1/30 s."""
    steps = (times[1:] - times[:-1]) * 30
    before, after = steps[:-1], steps[1:]
    scale = (0.5 * (before + after)).rsqrt()
    return SecondDifference(scale / before, -scale * (1 / before + 1 / after), scale / after)


@dataclass(frozen=True)
class SequenceProblem:
    """What is known: the person's landmarks, the detected ones, and what to expect of poses."""

    model: LandmarkModel
    camera: Camera
    evidence: Evidence
    prior: PosePrior

    def cost(self, parameters: Float[Tensor, "frames parameters"]) -> float:
        """Half the squared misfit, distance from what is expected, and acceleration."""
        fit = self.evidence.cost(project_frames(self.model, parameters, self.camera)).sum()
        second = second_difference(self.prior.times).of(parameters)
        calm = 0.5 * (self.prior.calmness * second**2).sum()
        return float(fit + self.prior.cost(parameters).sum() + calm)

    def equations(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> tuple[Float[Tensor, "frames parameters"], Float[Tensor, "frames parameters parameters"]]:
        """Gradient of `cost`, and its second derivative but for the acceleration's."""
        plain = normal_equations(self.model, parameters, self.camera, self.evidence)
        difference = second_difference(self.prior.times)
        calm = difference.transposed(self.prior.calmness * difference.of(parameters))
        curvature = self.prior.curvature(parameters)
        gradient = plain.gradient + self.prior.gradient(parameters) + calm
        return gradient, plain.hessian + torch.diag_embed(curvature)


def fit_sequence(
    problem: SequenceProblem,
    start: Float[Tensor, "frames parameters"],
    *,
    iterations: int,
    report: Callable[[int], None] | None = None,
) -> Float[Tensor, "frames parameters"]:
    """The parameters of every frame that explain the evidence under the prior.

    Args:
        problem: What is known.
        start: First guess.
        iterations: At most so many steps; stops when the cost no longer falls.
        report: Told the number of each finished iteration.

    Returns:
        Fitted parameters.
    """
    difference = second_difference(problem.prior.times)
    parameters, damping, current = start, 1e-3, problem.cost(start)
    for iteration in range(iterations):
        gradient, hessian = problem.equations(parameters)
        improved = False
        for _ in range(_MAX_REJECTIONS):
            step = _solve(hessian, gradient, problem.prior.calmness, difference, damping)
            trial = parameters - step
            cost = problem.cost(trial)
            if cost < current:
                improved = True
                break
            damping *= 10
        if report is not None:
            report(iteration + 1)
        if not improved:
            break
        gain, current = current - cost, cost
        parameters, damping = trial, max(0.1 * damping, 1e-7)
        if gain < _SMALL_GAIN * current:
            break
    return parameters


def _solve(
    hessian: Float[Tensor, "frames parameters parameters"],
    gradient: Float[Tensor, "frames parameters"],
    calmness: Float[Tensor, "parameters"],
    difference: SecondDifference,
    damping: float,
) -> Float[Tensor, "frames parameters"]:
    """Solve the banded system; the lower band is stored as LAPACK wants it."""
    frames, width = gradient.shape
    band = np.zeros((2 * width + 1, frames, width))
    blocks = hessian.numpy()
    for below in range(width):
        band[below, :, : width - below] = np.diagonal(blocks, -below, 1, 2)
    for order, diagonal in enumerate(difference.bands()):
        band[order * width] += (diagonal[:, None] * calmness).numpy()
    band[0] *= 1 + damping
    flat = band.reshape(2 * width + 1, frames * width)
    try:
        solution = solveh_banded(
            flat, gradient.numpy().ravel(), lower=True, overwrite_ab=True, check_finite=False
        )
    except LinAlgError:
        # Not positive definite to rounding: no step, so that the caller damps more.
        return torch.zeros_like(gradient)
    return torch.from_numpy(solution.reshape(frames, width))
