"""Deformation codes: what a pose says about the shape of a face, reduced to a few numbers.

The head's correctives are linear in the expression coefficients ψ and in vec(R(θ) − I) of jaw,
eyes, neck and head. Some hundred such features are strongly correlated in talking, and a
basis for each would be mostly unseen in a minute of video. So the features are projected on the
principal components of the training poses, scaled to unit variance, and limited to the range
that training saw: outside of it the rig's own bases carry on alone.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_features

# Typical lever arm of a rotation in a head (jaw to chin, neck to skull), metres: it puts rotation
# features and expression coefficients on one scale, that of surface displacement.
_LEVER_ARM = 0.08
# Codes are limited to this many standard deviations of the training poses.
CODE_LIMIT = 2.5


@dataclass(frozen=True)
class CodeProjection:
    """The affine map from pose features to a few codes."""

    mean: Float[Tensor, "features"]
    """Mean pose features of the training frames."""
    components: Float[Tensor, "features codes"]
    """Columns scaled so that each code has unit variance over the training frames."""

    def __call__(self, pose: Pose) -> Float[Tensor, "*batch codes"]:
        """Codes of a pose, softly limited to ±`CODE_LIMIT`."""
        raw = (deformation_features(pose) - self.mean) @ self.components
        return CODE_LIMIT * torch.tanh(raw / CODE_LIMIT)


def deformation_features(pose: Pose) -> Float[Tensor, "*batch features"]:
    """ψ followed by vec(R(θ) − I) of the joints after the root."""
    return torch.cat([pose.expression, pose_features(pose)], -1)


def fit_code_projection(rig: Rig, poses: Pose, num_codes: int) -> CodeProjection:
    """Principal components of training poses, weighted by how far each feature moves the surface.

    Args:
        rig: The person's rig.
        poses: Batched training poses.
        num_codes: How many codes; fewer come back as zero columns if the poses vary in fewer ways.
    """
    features = deformation_features(poses)
    displacement = rig.expression_basis.square().sum(-1).mean(-1).sqrt()
    rotation_scale = displacement.new_full((9 * (rig.num_joints - 1),), _LEVER_ARM)
    weight = torch.cat([displacement, rotation_scale])
    mean = features.mean(0)
    centered = ((features - mean) * weight).double()
    _, singular, directions = torch.linalg.svd(centered, full_matrices=False)
    deviation = singular / max(len(features) - 1, 1) ** 0.5
    components = torch.zeros(features.shape[-1], num_codes, dtype=torch.float64)
    # A direction that moves the surface by under 0.01 mm is noise, not motion.
    count = min(num_codes, int((deviation > 1e-5).sum()))
    components[:, :count] = (directions[:count] / deviation[:count, None]).T
    return CodeProjection(mean, (components * weight[:, None].double()).to(mean.dtype))
