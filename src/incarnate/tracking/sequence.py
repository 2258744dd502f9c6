"""Fits the poses of a whole clip at once: evidence in each frame, smoothness between frames.

Levenberg-Marquardt. The smoothness is a second difference, so the equations of all frames are one
symmetric system with a narrow band, which Cholesky solves in time linear in the frames. Past two
standard deviations an acceleration counts linearly (Huber): a still head is calm, and yet a blink
or a nod is not rounded off.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import LinAlgError, solveh_banded
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.tracking.evidence import Evidence, huber, normal_equations, project_frames
from incarnate.tracking.head_model import LandmarkModel
from incarnate.tracking.head_priors import PosePrior
from incarnate.tracking.levenberg_marquardt import Descent, minimised
from incarnate.tracking.orientation import HeadOrientation
from incarnate.tracking.photometric import PhotometricTerm

_DESCENT = Descent(first_damping=1e-3, least_damping=1e-7, least_relative_gain=3e-4)
_CALM_KNEE = 2.0


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

    def bands(
        self, weights: Float[Tensor, "inner width"]
    ) -> tuple[
        Float[Tensor, "frames width"], Float[Tensor, "frames width"], Float[Tensor, "frames width"]
    ]:
        """Main and two lower diagonals of ``Dᵀ diag(weights) D`` of each column, zero-padded."""
        a, b, c = (part[:, None] for part in (self.previous, self.current, self.next))
        main, first, second = (
            weights.new_zeros(len(weights) + 2, weights.shape[1]) for _ in range(3)
        )
        main[:-2] += a * a * weights
        main[1:-1] += b * b * weights
        main[2:] += c * c * weights
        first[:-2] += a * b * weights
        first[1:-1] += b * c * weights
        second[:-2] += a * c * weights
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
    photometric: PhotometricTerm | None = None
    """What the pixels say besides."""
    orientation: HeadOrientation | None = None
    """What the landmarks' depths say besides."""

    def cost(self, parameters: Float[Tensor, "frames parameters"]) -> float:
        """Half the squared misfit, distance from what is expected, and acceleration."""
        fit = self.evidence.cost(project_frames(self.model, parameters, self.camera)).sum()
        size = self._accelerations(parameters).abs()
        calm = huber(size, _CALM_KNEE)
        pixels = self.photometric.cost(parameters) if self.photometric else 0.0
        turned = float(self.orientation.cost(parameters).sum()) if self.orientation else 0.0
        return float(fit + self.prior.cost(parameters).sum() + calm.sum()) + pixels + turned

    def equations(self, parameters: Float[Tensor, "frames parameters"]) -> "SequenceEquations":
        """The quadratic model of `cost` around the current parameters."""
        plain = normal_equations(self.model, parameters, self.camera, self.evidence)
        difference = second_difference(self.prior.times)
        size = self._accelerations(parameters).abs()
        weights = self.prior.calmness * (_CALM_KNEE / size.clamp(min=_CALM_KNEE))
        calm = difference.transposed(weights * difference.of(parameters))
        gradient, blocks = plain.gradient, plain.hessian
        for term in (self.photometric, self.orientation):
            if term is not None:
                by_term, curved = term.equations(parameters)
                gradient, blocks = gradient + by_term, blocks + curved
        curvature = self.prior.curvature(parameters)
        return SequenceEquations(
            gradient=gradient + self.prior.gradient(parameters) + calm,
            blocks=blocks + torch.diag_embed(curvature),
            bands=difference.bands(weights),
        )

    def _accelerations(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> Float[Tensor, "inner parameters"]:
        """In standard deviations."""
        return second_difference(self.prior.times).of(parameters) * self.prior.calmness.sqrt()


@dataclass(frozen=True)
class SequenceEquations:
    """Newton's equations of a clip: a block a frame, and the bands that smoothness adds."""

    gradient: Float[Tensor, "frames parameters"]
    blocks: Float[Tensor, "frames parameters parameters"]
    bands: tuple[
        Float[Tensor, "frames parameters"],
        Float[Tensor, "frames parameters"],
        Float[Tensor, "frames parameters"],
    ]
    """Added to the diagonal, and between a parameter and itself one and two frames before."""


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
    return minimised(problem, start, _step, descent=_DESCENT, iterations=iterations, report=report)


def _step(
    parameters: Float[Tensor, "frames parameters"], equations: SequenceEquations, damping: float
) -> Float[Tensor, "frames parameters"]:
    return parameters - solve_banded(equations, damping)


def solve_banded(
    equations: SequenceEquations, damping: float
) -> Float[Tensor, "frames parameters"]:
    """Solve a clip's equations with the diagonal raised by a factor of 1 + damping.

    Zero where the matrix is not positive definite to rounding, so that the caller damps more.
    """
    frames, width = equations.gradient.shape
    # The lower band, stored as LAPACK wants it: row k holds the k-th diagonal below the main one.
    band = np.zeros((2 * width + 1, frames, width))
    blocks = equations.blocks.numpy()
    for below in range(width):
        band[below, :, : width - below] = np.diagonal(blocks, -below, 1, 2)
    for order, diagonal in enumerate(equations.bands):
        band[order * width] += diagonal.numpy()
    band[0] *= 1 + damping
    flat = band.reshape(2 * width + 1, frames * width)
    right = equations.gradient.numpy().ravel()
    try:
        solution = solveh_banded(flat, right, lower=True, overwrite_ab=True, check_finite=False)
    except LinAlgError:
        return torch.zeros_like(equations.gradient)
    return torch.from_numpy(solution.reshape(frames, width))
