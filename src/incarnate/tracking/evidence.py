"""What a fit is held to: detected landmarks with weights, robustly; and their normal equations."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.tracking.head_model import LandmarkModel, Linearized, linearize

_CHUNK = 32


@dataclass(frozen=True)
class Evidence:
    """Landmarks of a clip, in pixels of the crop; double precision."""

    points: Float[Tensor, "frames landmarks 2"]
    weights: Float[Tensor, "frames landmarks"]
    """Relative trust; includes that neighbouring landmarks err together."""
    sigma: float
    """Pixels by which a detected landmark is usually off."""
    knee: float = 2.5
    """Multiple of sigma past which a residual counts linearly (Huber)."""

    def __getitem__(self, frames: "slice | Int[Tensor, 'chosen']") -> "Evidence":
        """The evidence of some frames."""
        return Evidence(self.points[frames], self.weights[frames], self.sigma, self.knee)

    def cost(self, pixels: Float[Tensor, "frames landmarks 2"]) -> Float[Tensor, "frames"]:
        """Half the robust squared error of each frame."""
        length = (pixels - self.points).norm(dim=-1) / self.sigma
        return (self.weights * huber(length, self.knee)).sum(-1)

    def pulls(
        self, pixels: Float[Tensor, "frames landmarks 2"]
    ) -> Float[Tensor, "frames landmarks"]:
        """Weights of iteratively reweighted least squares, per pixel²."""
        length = (pixels - self.points).norm(dim=-1) / self.sigma
        return self.weights * (self.knee / length.clamp(min=self.knee)) / self.sigma**2


@dataclass(frozen=True)
class NormalEquations:
    """A quadratic model of the evidence's cost around the current parameters."""

    cost: Float[Tensor, "frames"]
    gradient: Float[Tensor, "frames parameters"]
    hessian: Float[Tensor, "frames parameters parameters"]
    shared_gradient: Float[Tensor, "shared"] | None = None
    shared_hessian: Float[Tensor, "shared shared"] | None = None
    mixed: Float[Tensor, "frames parameters shared"] | None = None


def normal_equations(
    model: LandmarkModel,
    parameters: Float[Tensor, "frames parameters"],
    camera: Camera,
    evidence: Evidence,
    *,
    shared: bool = False,
) -> NormalEquations:
    """Gauss-Newton's equations of every frame, in chunks that bound memory.

    Args:
        model: Landmarks of the current identity.
        parameters: Of each frame.
        camera: Of the clip.
        evidence: Of the same frames.
        shared: Whether focal length and identity are unknown too.
    """
    pieces = [
        _equations(linearize(model, parameters[part], camera, shared=shared), evidence[part])
        for part in chunks(len(parameters), _CHUNK)
    ]
    whole = NormalEquations(
        cost=torch.cat([piece.cost for piece in pieces]),
        gradient=torch.cat([piece.gradient for piece in pieces]),
        hessian=torch.cat([piece.hessian for piece in pieces]),
    )
    if not shared:
        return whole
    shared_gradient = sum_of([piece.shared_gradient for piece in pieces])
    shared_hessian = sum_of([piece.shared_hessian for piece in pieces])
    mixed = torch.cat([piece.mixed for piece in pieces if piece.mixed is not None])
    return NormalEquations(
        whole.cost, whole.gradient, whole.hessian, shared_gradient, shared_hessian, mixed
    )


def sum_of(tensors: list[Tensor | None]) -> Tensor:
    """Sum of tensors that are all there."""
    return torch.stack([tensor for tensor in tensors if tensor is not None]).sum(0)


def project_frames(
    model: LandmarkModel, parameters: Float[Tensor, "frames parameters"], camera: Camera
) -> Float[Tensor, "frames landmarks 2"]:
    """The fitted landmarks in pixels."""
    parts = [camera.project(model.points(parameters[p])) for p in chunks(len(parameters), _CHUNK)]
    return torch.cat(parts)


def _equations(linear: Linearized, evidence: Evidence) -> NormalEquations:
    pull = evidence.pulls(linear.pixels)[..., None]
    residual = (linear.pixels - evidence.points) * pull
    by_pose = linear.by_pose.flatten(1, 2)
    weighted = (linear.by_pose * pull[..., None]).flatten(1, 2)
    flat = residual.flatten(1)[..., None]
    basic = NormalEquations(
        cost=evidence.cost(linear.pixels),
        gradient=(by_pose.transpose(1, 2) @ flat)[..., 0],
        hessian=by_pose.transpose(1, 2) @ weighted,
    )
    if linear.by_shared is None:
        return basic
    by_shared = linear.by_shared.flatten(1, 2)
    pulled = (linear.by_shared * pull[..., None]).flatten(1, 2)
    return NormalEquations(
        basic.cost,
        basic.gradient,
        basic.hessian,
        shared_gradient=(by_shared.transpose(1, 2) @ flat).sum(0)[..., 0],
        shared_hessian=by_shared.flatten(0, 1).T @ pulled.flatten(0, 1),
        mixed=weighted.transpose(1, 2) @ by_shared,
    )


def huber(length: Float[Tensor, "*batch"], knee: float) -> Float[Tensor, "*batch"]:
    """Half the square of a length in standard deviations, growing linearly past the knee."""
    inner, outer = 0.5 * length**2, knee * (length - 0.5 * knee)
    return torch.where(length < knee, inner, outer)


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of so many frames each, which bound the memory that a clip takes."""
    for start in range(0, count, size):
        yield slice(start, start + size)
