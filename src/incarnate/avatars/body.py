"""The body avatar: splats painted in position maps, changed by the pose (docs/body.md)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.body_model import BodyModel
from incarnate.avatars.body_skinning import LearnedSkinning
from incarnate.avatars.body_start import start_of_maps
from incarnate.avatars.distilled_body import DistilledPainter
from incarnate.avatars.head import thin_axis
from incarnate.avatars.map_network import MapNetwork
from incarnate.avatars.map_reading import MapReading
from incarnate.avatars.materials import (
    MATERIAL_CHANNELS,
    REFLECTANCE_RANGE,
    ROUGHNESS_RANGE,
    START_REFLECTANCE_LOGIT,
    START_ROUGHNESS_LOGIT,
    decode_bounded,
)
from incarnate.avatars.networks import make_network
from incarnate.avatars.pose_changes import POSE_CHANNELS, PoseChanges, decode_changes
from incarnate.avatars.pose_condition import make_pose_condition, remembered
from incarnate.avatars.pose_memory import PoseMemory, Recall
from incarnate.avatars.pose_signature import pose_signatures
from incarnate.avatars.pose_space import PoseSpace, fit_pose_space
from incarnate.avatars.prepared_light import PreparedLight
from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import (
    aligned_quaternions,
    quaternion_from_axis_angle,
    quaternion_from_matrix,
    quaternion_product,
)
from incarnate.light.environment import Environment
from incarnate.light.pictures import MaterialColumns, shade_picture
from incarnate.light.prefilter import prefilter
from incarnate.rigs.position_maps import PositionMaps
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import apply_affine, world_from_rest_joints
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats


@dataclass(frozen=True)
class BodyCondition:
    """What one pose tells the networks."""

    maps: Float[Tensor, "2 channels height width"]
    """For the network (`PoseCondition`)."""
    signature: Float[Tensor, "signature"]
    """For the memory; Euclidean distances are root mean squares over the surface, metres."""


# A channel that hardly differs between training poses is not blown up beyond this, in its own unit.
_LEAST_SPREAD = 0.01

# Per-splat tensors that training changes.
BODY_SPLAT_PARAMETERS = (
    "means",
    "quaternions",
    "log_scales",
    "opacity_logits",
    "albedo_logits",
    "roughness_logits",
    "reflectance_logits",
)


@final
class BodyAvatar(nn.Module):
    """A clothed body whose splats are posed by its rig and changed by maps of the pose.

    For splat i with rest mean x_i: ``x' = Σ_j w_ij M_j (x_i + ΔO_i(pose))``; rotations follow the
    blended joint quaternions. Changes are painted into position maps, by a network (Li et al.,
    "Animatable Gaussians", CVPR 2024) and by a memory of the training poses, and read where the
    splat lies in them. What poses share is learned per splat.
    """

    means: nn.Parameter
    quaternions: nn.Parameter
    log_scales: nn.Parameter
    opacity_logits: nn.Parameter
    albedo_logits: nn.Parameter
    roughness_logits: nn.Parameter
    reflectance_logits: nn.Parameter
    start_means: Tensor
    condition_mean: Tensor
    condition_scale: Tensor
    pose_space: PoseSpace | None
    """What conditions of training poses span."""
    projects: bool
    """Whether new poses are projected on it before the network sees them."""
    distilled: DistilledPainter | None
    """What was distilled from network and memory, for slow machines."""
    decoder: Literal["full", "distilled"]
    """Whether network and memory paint, or what was distilled from them."""

    def __init__(
        self,
        model: BodyModel,
        rig: Rig,
        maps: PositionMaps,
        *,
        keys: Float[Tensor, "keys signature"] | None = None,
        kernel_width: float = 1.0,
        seed: int = 0,
    ) -> None:
        """A body of even grey, before training.

        Args:
            model: Sizes and switches.
            rig: The person's rig.
            maps: Where the splats lie, of the size that the model says.
            keys: Signatures of the memory's key poses; None is no memory.
            kernel_width: Of the memory, metres.
            seed: Seeds the network's start.
        """
        super().__init__()
        self.model, self._rig, self.maps = model, rig, maps
        assert maps.size == model.map_size, f"maps of {maps.size} for a model of {model.map_size}"
        self._condition = make_pose_condition(maps, model.condition)
        self._signature = make_pose_condition(maps, model.signature)
        self._prepared = PreparedLight(prefilter)
        self.pose_space, self.projects = None, False
        self.distilled, self.decoder = None, "full"
        zeros = maps.points.new_zeros
        count = maps.num_points
        start = start_of_maps(maps, rig)
        for name, value in vars(start).items():
            setattr(self, name, nn.Parameter(value))
        self.albedo_logits = nn.Parameter(zeros(count, 3))
        self.roughness_logits = nn.Parameter(zeros(count) + START_ROUGHNESS_LOGIT)
        self.reflectance_logits = nn.Parameter(zeros(count) + START_REFLECTANCE_LOGIT)
        self.register_buffer("start_means", start.means.clone())
        self._readings: dict[int, MapReading] = {}
        height = model.light_height
        # softplus(0.5413) = 1: a white light of radiance one, so that the first image is albedo.
        self.light_logits = nn.Parameter(zeros(height, 2 * height, 3) + 0.5413)
        posed = model.dependence == "posed"
        channels, side = model.condition.num_channels, model.condition.size
        self.register_buffer("condition_mean", zeros(2, channels, side, side))
        self.register_buffer("condition_scale", zeros(channels) + 1)
        self.skinning: LearnedSkinning | None = None
        if model.influences > 0:
            self.skinning = LearnedSkinning(maps.weights, model.influences)
        self.network: MapNetwork | None = None
        if posed and model.network is not None:
            self.network = make_network(model.painter, seed)
        self.memory: PoseMemory | None = None
        if posed and keys is not None and model.key_poses > 0:
            self.memory = PoseMemory(
                keys, channels=POSE_CHANNELS, size=model.memory_size, width=kernel_width,
                num_splats=count if model.memory_details == "splats" else 0,
            )  # fmt: skip

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

    def conditions(
        self, poses: Pose, times: Sequence[float], clips: tuple[str, ...] = ()
    ) -> list[BodyCondition]:
        """What a motion's poses tell the networks, history included.

        Args:
            poses: Poses batched over frames, in order of time.
            times: Seconds, one a frame.
            clips: The clip each frame belongs to; empty if all are one clip.
        """
        maps = self._condition.of_frames(self._rig, poses, times, clips)
        signatures = pose_signatures(self._signature, self._rig, poses, times, clips)
        return [BodyCondition(*pair) for pair in zip(maps, signatures, strict=True)]

    @torch.no_grad()
    def learn_poses(self, conditions: Sequence[BodyCondition]) -> None:
        """Let the network see how training poses differ: off their mean, on unit scale.

        Their principal components are kept, to bring new poses back among them.
        """
        maps = torch.stack([condition.maps for condition in conditions])
        self.pose_space = fit_pose_space(maps)
        mean = maps.mean(0)
        self.condition_mean.copy_(mean)
        inside = maps.abs().amax((0, 2)) > 0
        spread = (maps - mean).square().mean(0).permute(0, 2, 3, 1)[inside].mean(0).sqrt()
        self.condition_scale.copy_(1 / spread.clamp(min=_LEAST_SPREAD))

    def condition(self, pose: Pose) -> BodyCondition:
        """What a single pose and its past tell the networks; without a past it is held."""
        return self.conditions(*remembered(pose, self.model.history))[-1]

    def pose_distance(self, condition: BodyCondition) -> float | None:
        """How far a pose is from the training's; one is as far as all but a twentieth of those.

        None before `learn_poses`.
        """
        if self.pose_space is None:
            return None
        return float(self.pose_space.relative_distance(condition.maps))

    def splat(
        self,
        pose: Pose,
        camera: Camera,
        light: Environment | None = None,
        *,
        condition: BodyCondition | None = None,
        recall: Recall = "all",
    ) -> Splats:
        """Posed splats with material channels (see `Avatar.splat`).

        Args:
            pose: One pose in the rig's order.
            camera: The view.
            light: Not looked at: shading happens in the picture.
            condition: What the pose tells the networks, where that is known already.
            recall: Which memories may be used; training varies it.
        """
        del camera, light
        painted = None
        if self.model.dependence == "posed":
            if condition is None and self.decoder == "distilled":
                painted = self._painted_quickly(self._signature_of(pose))
            else:
                painted = self.painted(condition or self.condition(pose), recall)
        return self.posed(pose, painted)

    def posed(self, pose: Pose, painted: Float[Tensor, "splats channels"] | None) -> Splats:
        """Splats in a pose, changed by what is painted for it (`painted`), or only skinned."""
        changes = None if painted is None else decode_changes(painted)
        transforms = world_from_rest_joints(self._rig, pose)
        joints = aligned_quaternions(quaternion_from_matrix(transforms[:, :3, :3]))
        # One product with the weights: for four columns it takes longer than for twelve.
        blended = self.skinning_weights() @ torch.cat([transforms[:, :3].flatten(1), joints], 1)
        rest = self.means if changes is None else self.means + changes.offsets
        means = apply_affine(blended[:, :12].unflatten(1, (3, 4)), rest)
        return self._splats(means, blended[:, 12:], changes)

    def painted(
        self, condition: BodyCondition, recall: Recall = "all"
    ) -> Float[Tensor, "splats channels"]:
        """What network and memory paint for a pose (`decode_changes`), or what was distilled."""
        if self.decoder == "distilled":
            return self._painted_quickly(condition.signature)
        maps = list(self.painted_maps(condition, recall))
        if len(maps) == 2 and maps[0].shape == maps[1].shape:
            maps = [maps[0] + maps[1]]
        painted = sum(map(self._read, maps), self.means.new_zeros(self.num_splats, POSE_CHANNELS))
        memory = self.memory
        return painted if memory is None else memory.detailed(painted, condition.signature, recall)

    def painted_maps(
        self, condition: BodyCondition, recall: Recall = "all"
    ) -> Iterator[Float[Tensor, "2 channels size size"]]:
        """What network and memory paint, each in maps of its own size, without its details."""
        if self.network is not None:
            seen, scale = condition.maps, self.condition_scale[:, None, None]
            if self.projects and self.pose_space is not None:
                seen = self.pose_space.project(seen)
            yield self.network((seen - self.condition_mean) * scale)
        if self.memory is not None and recall != "nothing":
            yield self.memory(condition.signature, recall)

    def skinning_weights(self) -> Float[Tensor, "splats joints"]:
        """How much each splat follows each joint; learned, or the surface's own."""
        return self.maps.weights if self.skinning is None else self.skinning()

    def albedo(self) -> Float[Tensor, "splats 3"]:
        """Linear diffuse albedo of each splat, in (0, 1)."""
        return torch.sigmoid(self.albedo_logits)

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """Deferred shading of the covered pixels (see `Avatar.shade`)."""
        if self.model.shading == "baked":
            return raster.sum("albedo")
        columns = MaterialColumns.of(raster.channels)
        prepared = self._prepared(light or self.learned_light)
        return shade_picture(raster.sums, raster.alpha, columns, camera, prepared)

    def _read(
        self, painted: Float[Tensor, "2 channels size size"]
    ) -> Float[Tensor, "splats channels"]:
        """Maps of any size, read bilinearly where each splat lies."""
        size = painted.shape[-1]
        if size == self.maps.size:
            return self.maps.gather(painted)
        if size not in self._readings:
            self._readings[size] = MapReading.of(self.maps.mask, size)
        return self._readings[size].read(painted)

    def _signature_of(self, pose: Pose) -> Float[Tensor, "signature"]:
        poses, times = remembered(pose, self.model.history)
        return pose_signatures(self._signature, self._rig, poses, times)[-1]

    def _painted_quickly(
        self, signature: Float[Tensor, "signature"]
    ) -> Float[Tensor, "splats channels"]:
        assert self.distilled is not None, "nothing was distilled from this body"
        memory = self.memory
        shares = signature[:0] if memory is None else memory.shares(signature)
        painted = self.distilled(signature, shares)
        return painted if memory is None else memory.detailed(painted, signature)

    def _splats(
        self,
        means: Float[Tensor, "splats 3"],
        turned: Float[Tensor, "splats 4"],
        changes: PoseChanges | None,
    ) -> Splats:
        rotations, log_scales = self.quaternions, self.log_scales
        opacities, albedo = self.opacity_logits, self.albedo_logits
        exposure = torch.ones_like(albedo)
        if changes is not None:
            rotations = quaternion_product(quaternion_from_axis_angle(changes.turns), rotations)
            albedo = albedo + changes.albedo_logits
            opacities = opacities + changes.opacity_logits
            log_scales = log_scales + changes.log_scales
            exposure = exposure * changes.log_exposure.exp()
        quaternions = quaternion_product(turned, rotations)
        columns = [
            torch.sigmoid(albedo),
            decode_bounded(self.roughness_logits, ROUGHNESS_RANGE)[:, None],
            decode_bounded(self.reflectance_logits, REFLECTANCE_RANGE)[:, None],
            thin_axis(quaternions),
            exposure,
        ]
        return Splats(
            means, quaternions, log_scales, opacities, torch.cat(columns, -1), MATERIAL_CHANNELS
        )
