"""Where the splats of a body start: flat, on the drawn surface, in the rig's rest pose."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.geometry.rotations import (
    aligned_quaternions,
    quaternion_from_matrix,
    quaternion_product,
)
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.position_maps import PositionMaps
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import world_from_rest_joints

# Standard deviation of a splat, in distances to its neighbours; its third axis is this much
# thinner. Steep surfaces are sampled thinly, but a blob of many pixels is no surface either.
_SPREAD, _THIN, _MOST_STRETCHED = 0.6, 0.25, 3.0
_START_OPACITY_LOGIT = 2.2


@dataclass(frozen=True)
class BodyStart:
    """Geometry of the splats before training, in the rig's rest pose."""

    means: Float[Tensor, "splats 3"]
    quaternions: Float[Tensor, "splats 4"]
    log_scales: Float[Tensor, "splats 3"]
    opacity_logits: Float[Tensor, "splats"]


def start_of_maps(maps: PositionMaps, rig: Rig) -> BodyStart:
    """Flat splats that cover the drawn surface, each as wide as its neighbours are apart."""
    transforms = world_from_rest_joints(rig, canonical_pose(rig))
    joints = aligned_quaternions(quaternion_from_matrix(transforms[:, :3, :3]))
    canonical_from_rest = nn.functional.normalize(maps.weights @ joints, dim=-1)
    rest_from_canonical = canonical_from_rest * canonical_from_rest.new_tensor([1.0, -1, -1, -1])
    spacings = maps.spacings().clamp(max=_MOST_STRETCHED * maps.pixel_size) * _SPREAD
    scales = torch.cat([spacings, spacings[:, :1] * _THIN], -1)
    return BodyStart(
        means=maps.rest_points.clone(),
        quaternions=quaternion_product(rest_from_canonical, quaternion_from_matrix(maps.axes())),
        log_scales=scales.log(),
        opacity_logits=torch.full_like(maps.stretches, _START_OPACITY_LOGIT),
    )
