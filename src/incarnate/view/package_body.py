"""The body of an avatar package: what a browser needs of a body avatar, and no more."""

from dataclasses import dataclass
from typing import Final, Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.avatars.head import thin_axis
from incarnate.avatars.materials import MATERIAL_CHANNELS
from incarnate.avatars.pose_changes import PoseChanges, bounded, changes_of
from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import (
    aligned_quaternions,
    quaternion_from_axis_angle,
    quaternion_from_matrix,
    quaternion_product,
)
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import apply_affine, world_from_rest_joints
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats
from incarnate.view.package_head import (
    PackagedHead,
    Surface,
    dense_weights,
    shade_packaged,
)

BODY_INFLUENCES: Final = 8
"""Joints that may move one splat: two sets of an ordinary glTF skin. With four, places at hips and
shoulders would be centimetres off."""
# Half floats of an albedo may say zero or one; their logits must stay finite.
_ALBEDO_EDGE = 1e-4


@dataclass(frozen=True)
class Changes:
    """What the pose changes of each splat, as far as the clips show it.

    The channels are those of `incarnate.avatars.pose_changes`.
    """

    start: Float[Tensor, "splats channels"]
    """What is painted where all coefficients are zero."""
    basis: Float[Tensor, "splats channels coefficients"]
    """What each coefficient adds to it."""
    units: Float[Tensor, "channels"]
    """What one unit of paint does, as long as it is small."""
    limits: Float[Tensor, "channels"]
    """What no paint goes beyond."""

    def at(self, coefficients: Float[Tensor, "coefficients"]) -> PoseChanges:
        """The changes for some coefficients."""
        painted = self.start + self.basis @ coefficients
        return changes_of(bounded(painted, self.units, self.limits))


@final
@dataclass(frozen=True)
class PackagedBody:
    """A body avatar in the terms of a package; meets `incarnate.avatars.avatar.Avatar`.

    A pose's expression holds the coefficients of `changes`: those of the clips come with their
    poses, and without any the body is only skinned.
    """

    rig: Rig
    """Joints, and the coefficients' names as those of expressions; it has no mesh."""
    splats: Splats
    """At rest, with the channel ``albedo``."""
    joints: Int[Tensor, "splats influences"]
    weights: Float[Tensor, "splats influences"]
    """Skinning weights of `joints`; rows sum to one."""
    surface: Surface
    changes: Changes
    light: Environment
    """The light of the capture."""
    shading: Literal["shaded", "baked"]

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        """Posed splats with material channels (see `Avatar.splat`)."""
        del camera, light
        splats, changes = self.splats, self.changes.at(pose.expression)
        transforms = world_from_rest_joints(self.rig, pose)
        turns = aligned_quaternions(quaternion_from_matrix(transforms[:, :3, :3]))
        weights = dense_weights(self.joints, self.weights, self.rig.num_joints)
        blended = weights @ torch.cat([transforms[:, :3].flatten(1), turns], 1)
        places = apply_affine(blended[:, :12].unflatten(1, (3, 4)), splats.means + changes.offsets)
        turned = quaternion_product(quaternion_from_axis_angle(changes.turns), splats.quaternions)
        quaternions = quaternion_product(blended[:, 12:], turned)
        logits = torch.logit(self.surface.albedo, _ALBEDO_EDGE) + changes.albedo_logits
        features = [
            torch.sigmoid(logits),
            self.surface.roughness[:, None],
            self.surface.reflectance[:, None],
            thin_axis(quaternions),
            changes.log_exposure.exp().expand(-1, 3),
        ]
        return Splats(
            means=places,
            quaternions=quaternions,
            log_scales=splats.log_scales + changes.log_scales,
            opacity_logits=splats.opacity_logits + changes.opacity_logits,
            features=torch.cat(features, -1),
            channels=MATERIAL_CHANNELS,
        )

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """Deferred shading (see `Avatar.shade`)."""
        return shade_packaged(raster, camera, light or self.light, shading=self.shading)


Packaged = PackagedHead | PackagedBody
"""An avatar as a package holds it."""
