"""Fits what all frames share, the identity and the focal length, together with some frames' poses.

Bundle adjustment by Levenberg-Marquardt. Frames meet only in what they share, so each frame's pose
is eliminated first (Schur complement).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.tracking.evidence import (
    Evidence,
    NormalEquations,
    normal_equations,
    project_frames,
)
from incarnate.tracking.head_model import LandmarkModel
from incarnate.tracking.head_priors import PosePrior
from incarnate.tracking.levenberg_marquardt import Descent, minimised
from incarnate.tracking.orientation import HeadOrientation

# The focal length trades off with the distance along a valley that more damping would block. The
# cost is in units of a log-likelihood: no posterior notices a tenth.
_DESCENT = Descent(first_damping=1e-6, least_damping=1e-10, least_gain=0.1)


@dataclass(frozen=True)
class FocalPrior:
    """A log-normal expectation of the focal length."""

    pixels: float
    """Most likely focal length, pixels of the crop."""
    spread: float
    """Standard deviation of its natural logarithm."""


@dataclass(frozen=True)
class SharedFit:
    """What all frames share, and the poses of the frames it was fitted on."""

    identity: Float[Tensor, "shapes"]
    """Coefficients of the identity directions, each of unit spread."""
    focal: float
    """Pixels of the crop."""
    parameters: Float[Tensor, "frames parameters"]


@dataclass(frozen=True)
class SharedProblem:
    """What is known: generic landmarks, detected ones, and what to expect of each unknown."""

    model: LandmarkModel
    """Of the generic rig, with identity directions of unit spread."""
    camera: Camera
    """Its focal length is ignored."""
    evidence: Evidence
    prior: PosePrior
    """Of the evidence's frames; its smoothness is not used."""
    focal_prior: FocalPrior
    orientation: HeadOrientation | None = None
    """What the landmarks' depths say besides of the same frames."""

    def at(self, fit: SharedFit) -> tuple[LandmarkModel, Camera]:
        """The person's landmarks and the camera of a fit."""
        return self.model.with_identity(fit.identity), with_focal(self.camera, fit.focal)

    def cost(self, fit: SharedFit) -> float:
        """Half the squared misfit and distance from what is expected."""
        model, camera = self.at(fit)
        misfit = self.evidence.cost(project_frames(model, fit.parameters, camera)).sum()
        shared = 0.5 * (self._offsets(fit) ** 2).sum()
        turned = self.orientation.cost(fit.parameters).sum() if self.orientation else 0.0
        return float(misfit + self.prior.cost(fit.parameters).sum() + shared + turned)

    def equations(self, fit: SharedFit) -> NormalEquations:
        """The quadratic model of `cost` around a fit."""
        model, camera = self.at(fit)
        plain = normal_equations(model, fit.parameters, camera, self.evidence, shared=True)
        assert plain.shared_gradient is not None
        assert plain.shared_hessian is not None
        spread = self._spreads(fit)
        gradient = plain.gradient + self.prior.gradient(fit.parameters)
        hessian = plain.hessian + torch.diag_embed(self.prior.curvature(fit.parameters))
        if self.orientation is not None:
            by_turn, curved = self.orientation.equations(fit.parameters)
            gradient, hessian = gradient + by_turn, hessian + curved
        return replace(
            plain,
            gradient=gradient,
            hessian=hessian,
            shared_gradient=plain.shared_gradient + self._offsets(fit) / spread,
            shared_hessian=plain.shared_hessian + torch.diag(spread**-2),
        )

    def _spreads(self, fit: SharedFit) -> Float[Tensor, "shared"]:
        ones = torch.ones_like(fit.identity)
        return torch.cat([ones.new_tensor([self.focal_prior.spread]), ones])

    def _offsets(self, fit: SharedFit) -> Float[Tensor, "shared"]:
        """Distance from what is expected, in standard deviations."""
        ratio = fit.identity.new_tensor([fit.focal / self.focal_prior.pixels])
        return torch.cat([ratio.log() / self.focal_prior.spread, fit.identity])


def with_focal(camera: Camera, focal: float) -> Camera:
    """The camera with another focal length, square pixels."""
    intrinsics = camera.intrinsics.clone()
    intrinsics[0, 0] = intrinsics[1, 1] = focal
    return replace(camera, intrinsics=intrinsics)


def fit_shared(
    problem: SharedProblem,
    start: SharedFit,
    *,
    iterations: int,
    report: Callable[[int], None] | None = None,
) -> SharedFit:
    """Fit identity, focal length and the poses of some frames.

    Args:
        problem: What is known.
        start: First guess.
        iterations: At most so many steps; stops when the cost no longer falls.
        report: Told the number of each finished iteration.
    """
    return minimised(problem, start, _step, descent=_DESCENT, iterations=iterations, report=report)


def _step(fit: SharedFit, equations: NormalEquations, damping: float) -> SharedFit:
    mixed, shared_hessian = equations.mixed, equations.shared_hessian
    assert mixed is not None
    assert shared_hessian is not None
    assert equations.shared_gradient is not None
    blocks = equations.hessian + damping * torch.diag_embed(
        torch.diagonal(equations.hessian, dim1=1, dim2=2)
    )
    both = torch.cat([mixed, equations.gradient[..., None]], -1)
    solved = torch.linalg.solve(blocks, both)
    by_shared, by_gradient = solved[..., :-1], solved[..., -1]
    reduced = shared_hessian + damping * torch.diag(shared_hessian.diagonal())
    reduced = reduced - torch.einsum("fps,fpt->st", mixed, by_shared)
    right = equations.shared_gradient - torch.einsum("fps,fp->s", mixed, by_gradient)
    shared = torch.linalg.solve(reduced, right)
    # A step of more than a factor e^0.3 in focal length leaves the range of the linearisation.
    log_focal = float(shared[0].clamp(-0.3, 0.3))
    return SharedFit(
        identity=fit.identity - shared[1:],
        focal=fit.focal * float(torch.exp(torch.tensor(-log_focal))),
        parameters=fit.parameters - (by_gradient - by_shared @ shared),
    )
