"""The head avatar: Gaussians with learned blendshapes, skinning and materials (docs/head.md)."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.codes import CodeProjection
from incarnate.avatars.encoder import ExpressionEncoder
from incarnate.avatars.materials import (
    MATERIAL_CHANNELS,
    REFLECTANCE_RANGE,
    ROUGHNESS_RANGE,
    START_OCCLUSION_LOGIT,
    START_REFLECTANCE_LOGIT,
    decode_bounded,
)
from incarnate.avatars.nodes import NodeReads, at_splats
from incarnate.avatars.prepared_light import PreparedLight
from incarnate.avatars.start import HeadStart, Surroundings
from incarnate.avatars.transfer import (
    LIGHT_HEIGHT,
    Transfer,
    light_of_fan,
    transfer_of,
)
from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import (
    aligned_quaternions,
    quaternion_from_matrix,
    quaternion_normalized,
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


@dataclass(frozen=True)
class HeadModel:
    """What the head avatar is made of; sizes and switches that its weights depend on."""

    num_codes: int = 24
    """How many principal deformation codes the learned bases answer to."""
    bases: Literal["learned", "frozen"] = "learned"
    """Whether bases and skinning weights are learned per splat, or stay the rig's."""
    shading: Literal["shaded", "baked"] = "shaded"
    """Materials under a light, or one colour a splat that can't be relit."""
    occlusion: Literal["learned", "off"] = "learned"
    """A factor on each splat's light that depends on the deformation codes (mouth, lids, folds)."""
    shadows: Literal["traced", "off"] = "traced"
    """Whether the rest head shadows itself, and brightens its folds (docs/head.md)."""
    splat_residual: Literal["learned", "off"] = "learned"
    """Light of each splat that only the training light has, learned when albedo is settled."""
    num_nodes: int = 600
    """Nodes over the head on which what is smooth lives: shading that the light can't explain."""
    light_height: int = 16
    """Rows of the learned equirectangular light; it has twice as many columns."""


# Largest log-ratio of light that a residual may add or take away.
_RESIDUAL_LIMIT = 0.6

# Per-splat tensors that training changes, in the order in which checkpoints list them.
SPLAT_PARAMETERS = (
    "means",
    "quaternions",
    "log_scales",
    "opacity_logits",
    "albedo_logits",
    "roughness_logits",
    "reflectance_logits",
    "occlusion_logits",
    "occlusion_basis",
    "splat_residual",
    "corrective_basis",
    "skinning_logits",
)
# Per-splat tensors that stay as they started; children of a split inherit them all the same.
SPLAT_CONSTANTS = (
    "rig_basis",
    "start_means",
    "start_quaternions",
    "visibility",
    "nodes",
    "node_weights",
)
# What training changes besides: no splat owns it.
SHARED_PARAMETERS = ("light_logits", "residual")
SHARED_CONSTANTS = ("start_light_logits",)


@final
class HeadAvatar(nn.Module):
    """A head that is posed by its rig's codes and lit by any environment.

    Rest space is the rig's. For splat i, with codes c of the pose (`CodeProjection`):
    ``x_e = x_i + E_i ψ + D_i c`` and ``x_p = Σ_j w_ij M_j x_e``; rotations follow the blended
    joint quaternions. E is the rig's basis, D is learned from zero.
    """

    means: nn.Parameter
    quaternions: nn.Parameter
    log_scales: nn.Parameter
    opacity_logits: nn.Parameter
    albedo_logits: nn.Parameter
    roughness_logits: nn.Parameter
    skinning_logits: nn.Parameter
    rig_basis: Tensor
    start_means: Tensor
    start_quaternions: Tensor
    visibility: Tensor
    nodes: Tensor
    node_weights: Tensor
    start_light_logits: Tensor
    encoder: ExpressionEncoder | None
    """Reads expression, eyelids and jaw from a picture, where training made one."""

    def __init__(
        self,
        model: HeadModel,
        rig: Rig,
        projection: CodeProjection,
        start: HeadStart,
        surroundings: Surroundings,
    ) -> None:
        super().__init__()
        self.model = model
        self._rig = rig
        self.projection = projection
        self.encoder = None
        self._prepared = PreparedLight(prefilter)
        self._small = PreparedLight(partial(downsampled, height=LIGHT_HEIGHT))
        self._last_transfer: tuple[Tensor, Transfer] | None = None
        self.shadow_joints, self._frame_of_joint = _shadow_frames(rig)
        count = len(start.means)
        for name in ("means", "quaternions", "log_scales", "opacity_logits", "albedo_logits",
                     "roughness_logits", "skinning_logits"):  # fmt: skip
            setattr(self, name, nn.Parameter(getattr(start, name).clone()))
        zeros = start.means.new_zeros
        self.reflectance_logits = nn.Parameter(zeros(count) + START_REFLECTANCE_LOGIT)
        self.occlusion_logits = nn.Parameter(zeros(count) + START_OCCLUSION_LOGIT)
        self.occlusion_basis = nn.Parameter(zeros(count, model.num_codes))
        self.corrective_basis = nn.Parameter(zeros(count, 3, model.num_codes))
        self.register_buffer("rig_basis", start.rig_basis.clone())
        self.register_buffer("start_means", start.means.clone())
        self.register_buffer("start_quaternions", start.quaternions.clone())
        for name in ("visibility", "nodes", "node_weights"):
            self.register_buffer(name, getattr(surroundings, name).clone())
        self.residual = nn.Parameter(zeros(model.num_nodes, 3))
        self.splat_residual = nn.Parameter(zeros(count, 3))
        height = model.light_height
        # softplus(0.5413) = 1: a white light of radiance one, so that the first image is albedo.
        self.light_logits = nn.Parameter(zeros(height, 2 * height, 3) + 0.5413)
        self.register_buffer("start_light_logits", self.light_logits.detach().clone())

    @property
    def rig(self) -> Rig:
        """The person's rig."""
        return self._rig

    @property
    def num_splats(self) -> int:
        """How many splats the avatar has."""
        return self.means.shape[0]

    @property
    def learned_light(self) -> Environment:
        """The light of the training capture as far as training recovered it; differentiable."""
        return Environment(nn.functional.softplus(self.light_logits), name="learned")

    @property
    def start_light(self) -> Environment:
        """The light that training started from."""
        return Environment(nn.functional.softplus(self.start_light_logits), name="start")

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        """Posed splats with material channels (see `Avatar.splat`)."""
        del camera  # nothing of a head depends on the view but its shading
        codes = self.projection(pose)
        rest = self.means + (self.rig_basis @ pose.expression)
        if self.model.bases == "learned":
            rest = rest + self.corrective_basis @ codes
        transforms = world_from_rest_joints(self._rig, pose)
        weights = self.skinning_weights()
        means = apply_affine(blend_transforms(weights, transforms), rest)
        joint_quaternions = aligned_quaternions(quaternion_from_matrix(transforms[:, :3, :3]))
        quaternions = quaternion_product(weights @ joint_quaternions, self.quaternions)
        exposure = self._exposure(light, transforms[self.shadow_joints, :3, :3], weights, codes)
        return Splats(
            means=means,
            quaternions=quaternions,
            log_scales=self.log_scales,
            opacity_logits=self.opacity_logits,
            features=self._features(quaternions, exposure),
            channels=MATERIAL_CHANNELS,
        )

    def skinning_weights(self) -> Float[Tensor, "splats joints"]:
        """Non-negative weights that sum to one."""
        logits = self.skinning_logits
        if self.model.bases == "frozen":
            logits = logits.detach()
        return torch.softmax(logits, -1)

    @property
    def node_reads(self) -> NodeReads:
        """How splats read the nodes."""
        return NodeReads(self.nodes, self.node_weights)

    def shadow_share(
        self, weights: Float[Tensor, "splats joints"]
    ) -> Float[Tensor, "splats frames"]:
        """How much each splat follows each of `shadow_joints`, from its skinning weights."""
        return weights @ self._frame_of_joint

    def albedo(self) -> Float[Tensor, "splats 3"]:
        """Linear diffuse albedo of each splat, in (0, 1)."""
        return torch.sigmoid(self.albedo_logits)

    def _features(
        self, quaternions: Float[Tensor, "splats 4"], exposure: Float[Tensor, "splats 3"]
    ) -> Float[Tensor, "splats channels"]:
        return torch.cat(
            [
                self.albedo(),
                decode_bounded(self.roughness_logits, ROUGHNESS_RANGE)[:, None],
                decode_bounded(self.reflectance_logits, REFLECTANCE_RANGE)[:, None],
                thin_axis(quaternions),
                exposure,
            ],
            -1,
        )

    def _exposure(
        self,
        light: Environment | None,
        world_from_frame: Float[Tensor, "frames 3 3"],
        weights: Float[Tensor, "splats joints"],
        codes: Float[Tensor, "codes"],
    ) -> Float[Tensor, "splats 3"]:
        """Share of an unobstructed sky's light that reaches each splat, a colour channel each."""
        exposure = torch.ones_like(self.albedo_logits)
        if self.model.shading == "baked":
            return exposure
        if self.model.shadows == "traced":
            small = self._small(light) if light else self.learned_light
            fan = light_of_fan(small, world_from_frame)
            share = self.shadow_share(weights.detach())
            exposure = self.transfer.exposure(fan, share, self.albedo().detach())
        if light is None:
            # What the training light's model leaves unexplained is no property of the skin.
            residual = at_splats(_limited(self.residual), self.node_reads)
            if self.model.splat_residual == "learned":
                residual = residual + _limited(self.splat_residual)
            exposure = exposure * residual.exp()
        if self.model.occlusion == "learned":
            logits = self.occlusion_logits + self.occlusion_basis @ codes
            exposure = exposure * torch.sigmoid(logits)[:, None]
        return exposure

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """Deferred shading of the covered pixels (see `Avatar.shade`; docs/head.md)."""
        if self.model.shading == "baked":
            return raster.sum("albedo")
        columns = MaterialColumns.of(raster.channels)
        prepared = self._prepared(light or self.learned_light)
        return shade_picture(raster.sums, raster.alpha, columns, camera, prepared)

    @property
    def transfer(self) -> Transfer:
        """How light reaches the splats; made anew when some were split or dropped."""
        if self._last_transfer is None or self._last_transfer[0] is not self.visibility:
            transfer = transfer_of(thin_axis(self.start_quaternions), self.visibility)
            self._last_transfer = (self.visibility, transfer)
        return self._last_transfer[1]


def _limited(residual: Float[Tensor, "*owners 3"]) -> Float[Tensor, "*owners 3"]:
    """Log-ratios of light, softly within ±`_RESIDUAL_LIMIT`."""
    return _RESIDUAL_LIMIT * torch.tanh(residual / _RESIDUAL_LIMIT)


def _shadow_frames(rig: Rig) -> tuple[list[int], Float[Tensor, "joints 2"]]:
    """The joints whose axes shadows turn with, chest and head, and to which each joint belongs."""
    head = rig.joint_names.index("head") if "head" in rig.joint_names else 0
    share = torch.zeros(rig.num_joints, 2)
    for joint, parent in enumerate(rig.parents):
        with_head = joint == head or (parent >= 0 and bool(share[parent, 1] == 1))
        share[joint] = torch.tensor([0.0, 1.0] if with_head else [1.0, 0.0])
    if "neck" in rig.joint_names:
        share[rig.joint_index("neck")] = 0.5
    return [0, head], share


def thin_axis(quaternions: Float[Tensor, "splats 4"]) -> Float[Tensor, "splats 3"]:
    """World direction of each splat's third axis, the thin one: its normal, of unit length."""
    w, x, y, z = quaternion_normalized(quaternions).unbind(-1)
    return torch.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], -1)
