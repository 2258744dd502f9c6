"""The space of poses that training saw: new conditions are projected on it, and told how far off.

Only what a network sees is projected; skinning keeps the true pose. Li et al., "Animatable
Gaussians" (CVPR 2024), §3.4.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

PROJECTION_LIMIT = 2.0
"""Coefficients are clipped to so many standard deviations of the training poses."""
# Directions in which training poses vary less than this part of the strongest are rounding.
_NEGLIGIBLE = 1e-4
# Few training poses span their space exactly; in the condition's unit, about a metre.
_LEAST_USUAL = 0.01


@dataclass(frozen=True)
class PoseSpace:
    """Principal components of the conditions of the training poses."""

    mean: Float[Tensor, "2 channels height width"]
    """Mean condition."""
    components: Float[Tensor, "components features"]
    """Orthonormal rows over the flattened condition, strongest first."""
    deviations: Float[Tensor, "components"]
    """Standard deviation of the training poses along each."""
    num_covered: int
    """How many entries of a condition do not lie beside the silhouette."""
    training_distance: float
    """95th percentile of `distance` over the training poses."""

    def coefficients(
        self, condition: Float[Tensor, "*batch 2 channels height width"]
    ) -> Float[Tensor, "*batch components"]:
        """β = Sᵀ(X − X̄), as it is, not clipped."""
        return (condition - self.mean).flatten(-4) @ self.components.T

    def compose(
        self, coefficients: Float[Tensor, "*batch components"]
    ) -> Float[Tensor, "*batch 2 channels height width"]:
        """Sβ + X̄."""
        return self.mean + (coefficients @ self.components).unflatten(-1, self.mean.shape)

    def project(
        self, condition: Float[Tensor, "*batch 2 channels height width"]
    ) -> Float[Tensor, "*batch 2 channels height width"]:
        """The condition within ±`PROJECTION_LIMIT` deviations of the training poses next to one."""
        limit = PROJECTION_LIMIT * self.deviations
        beta = self.coefficients(condition)
        return self.compose(torch.maximum(torch.minimum(beta, limit), -limit))

    def distance(
        self, condition: Float[Tensor, "*batch 2 channels height width"]
    ) -> Float[Tensor, "*batch"]:
        """How far projection moves a condition: root mean square over its covered entries.

        In units of the condition; `training_distance` says what is usual.
        """
        moved = (condition - self.project(condition)).flatten(-4).square().sum(-1)
        return (moved / self.num_covered).sqrt()

    def relative_distance(
        self, condition: Float[Tensor, "*batch 2 channels height width"]
    ) -> Float[Tensor, "*batch"]:
        """`distance` over what is usual; one is as far as all but a twentieth of training poses."""
        return self.distance(condition) / max(self.training_distance, _LEAST_USUAL)


def fit_pose_space(
    conditions: Float[Tensor, "poses 2 channels height width"], num_components: int = 20
) -> PoseSpace:
    """Principal components of training conditions, through the Gram matrix of the poses.

    Args:
        conditions: One a training pose; poses are far fewer than pixels.
        num_components: At most so many; fewer where the poses vary in fewer ways.
    """
    mean = conditions.mean(0)
    centered = (conditions - mean).flatten(1)
    # X Xᵀ = U Λ Uᵀ is poses × poses; the components are the rows of Λ^−½ Uᵀ X. Its eigenvalues
    # are squares: in single precision the weaker components would drown.
    parts = (part.double() for part in centered.split(8192, 1))
    gram = torch.stack([part @ part.T for part in parts]).sum(0)
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0), vectors.flip(1)
    kept = values > (_NEGLIGIBLE**2 * values[0]).clamp(min=1e-12)
    count = min(num_components, int(kept.sum()))
    values, vectors = values[:count], vectors[:, :count]
    components = ((vectors / values.sqrt()).T.to(centered) @ centered).contiguous()
    deviations = (values / max(len(conditions) - 1, 1)).sqrt().to(centered)
    num_covered = max(int((conditions != 0).any(0).sum()), 1)
    space = PoseSpace(mean, components, deviations, num_covered, 0.0)
    usual = torch.cat([space.distance(block) for block in conditions.split(64)]).quantile(0.95)
    return replace(space, training_distance=float(usual))
