"""The head of an avatar package: what a browser needs of a head avatar, and no more."""

from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.avatars.codes import CodeProjection
from incarnate.avatars.head import thin_axis
from incarnate.avatars.materials import MATERIAL_CHANNELS
from incarnate.avatars.transfer import LIGHT_HEIGHT, Transfer, light_of_fan
from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import (
    aligned_quaternions,
    quaternion_from_matrix,
    quaternion_product,
)
from incarnate.light.environment import Environment
from incarnate.light.pictures import MaterialColumns, shade_picture
from incarnate.light.prefilter import prefilter
from incarnate.light.sampling import downsampled
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import apply_affine, blend_transforms, world_from_rest_joints
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

INFLUENCES = 4
"""Joints that may move one splat, as in an ordinary glTF skin."""


@dataclass(frozen=True)
class Surface:
    """Materials of the splats."""

    albedo: Float[Tensor, "splats 3"]
    """Linear RGB."""
    roughness: Float[Tensor, "splats"]
    reflectance: Float[Tensor, "splats"]
    """F0."""


@dataclass(frozen=True)
class Deformation:
    """How splats move with the face: one basis for expressions and learned codes together."""

    projection: CodeProjection
    """From a pose to the learned codes."""
    coefficients: Float[Tensor, "coefficients features"]
    """Takes the expression, followed by the codes, to the coefficients of the basis."""
    basis: Float[Tensor, "splats 3 coefficients"]
    """Metres in rest space for each coefficient."""


@dataclass(frozen=True)
class Exposure:
    """What keeps light from the splats."""

    transfer: Transfer
    frame_joints: tuple[int, ...]
    """Joints whose axes shadows turn with."""
    frame_of_joint: Float[Tensor, "joints frames"]
    """How much each joint belongs to each of them."""
    logits: Float[Tensor, "splats"]
    """Occlusion at codes of zero, before the sigmoid."""
    basis: Float[Tensor, "splats codes"]
    """What each code adds to the logits."""
    training_gain: Float[Tensor, "splats 3"]
    """A factor under the training light alone: what that light's model leaves unexplained."""


@final
@dataclass(frozen=True)
class PackagedHead:
    """A head avatar in the terms of a package; meets `incarnate.avatars.avatar.Avatar`."""

    rig: Rig
    """Joints and names; it has no mesh."""
    splats: Splats
    """At rest, with the channel ``albedo``."""
    joints: Int[Tensor, "splats influences"]
    weights: Float[Tensor, "splats influences"]
    """Skinning weights of `joints`; rows sum to one."""
    surface: Surface
    deformation: Deformation
    exposure: Exposure
    light: Environment
    """The light of the capture."""
    shading: Literal["shaded", "baked"]

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        """Posed splats with material channels (see `Avatar.splat`)."""
        del camera
        codes = self.deformation.projection(pose)
        mix = self.deformation.coefficients @ torch.cat([pose.expression, codes])
        rest = self.splats.means + self.deformation.basis @ mix
        transforms = world_from_rest_joints(self.rig, pose)
        weights = dense_weights(self.joints, self.weights, self.rig.num_joints)
        means = apply_affine(blend_transforms(weights, transforms), rest)
        turns = aligned_quaternions(quaternion_from_matrix(transforms[:, :3, :3]))
        quaternions = quaternion_product(weights @ turns, self.splats.quaternions)
        features = [
            self.surface.albedo,
            self.surface.roughness[:, None],
            self.surface.reflectance[:, None],
            thin_axis(quaternions),
            self._exposed(light, transforms, weights, codes),
        ]
        return Splats(
            means=means,
            quaternions=quaternions,
            log_scales=self.splats.log_scales,
            opacity_logits=self.splats.opacity_logits,
            features=torch.cat(features, -1),
            channels=MATERIAL_CHANNELS,
        )

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """Deferred shading (see `Avatar.shade`)."""
        return shade_packaged(raster, camera, light or self.light, shading=self.shading)

    def _exposed(
        self,
        light: Environment | None,
        transforms: Float[Tensor, "joints 4 4"],
        weights: Float[Tensor, "splats joints"],
        codes: Float[Tensor, "codes"],
    ) -> Float[Tensor, "splats 3"]:
        """Share of an unobstructed sky's light that reaches each splat, a colour channel each."""
        if self.shading == "baked":
            return torch.ones_like(self.surface.albedo)
        parts = self.exposure
        small = downsampled(self.light if light is None else light, LIGHT_HEIGHT)
        fan = light_of_fan(small, transforms[list(parts.frame_joints), :3, :3])
        share = weights @ parts.frame_of_joint
        exposed = parts.transfer.exposure(fan, share, self.surface.albedo)
        if light is None:
            exposed = exposed * parts.training_gain
        return exposed * torch.sigmoid(parts.logits + parts.basis @ codes)[:, None]


def dense_weights(
    joints: Int[Tensor, "splats influences"],
    weights: Float[Tensor, "splats influences"],
    num_joints: int,
) -> Float[Tensor, "splats joints"]:
    """Skinning weights of all joints, from those of the joints that move each splat."""
    dense = weights.new_zeros(len(weights), num_joints)
    return dense.scatter_add(1, joints, weights)


def shade_packaged(
    raster: Raster, camera: Camera, light: Environment, *, shading: Literal["shaded", "baked"]
) -> Float[Tensor, "height width 3"]:
    """Linear RGB of splatted materials under a light: deferred shading (see `Avatar.shade`)."""
    if shading == "baked":
        return raster.sum("albedo")
    columns = MaterialColumns.of(raster.channels)
    return shade_picture(raster.sums, raster.alpha, columns, camera, prefilter(light))
