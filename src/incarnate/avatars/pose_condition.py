"""What a body network sees of a pose: the posed surface, painted into the position maps.

Root motion, fingers and face are left out: they say nothing about wrinkles. Cloth depends on how a
pose was reached and on where down is, so that a short history and gravity can be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.moments import with_past
from incarnate.rigs.position_maps import PositionMaps
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import apply_affine, blend_transforms, world_from_rest_joints

# Parts of the names of joints that move no clothes (SMPL-X, CMU, Mixamo).
_LEFT_OUT = ("thumb", "index", "middle", "ring", "pinky", "finger", "jaw", "eye")
# A limb moves so far (metres) in a step of the history: it puts motion on unit scale.
_TYPICAL_MOTION = 0.1
# At 25 frames a second, 0.08 and 0.12 s ago are equally near to 0.1 s but for rounding. Of two such
# frames the later one counts, in whatever way their seconds were summed.
_FAVOUR = 0.01
# Frames posed at a time: it bounds the memory.
_BLOCK = 32


@dataclass(frozen=True)
class ConditionModel:
    """What the condition is made of; the network's first layer depends on it."""

    size: int = 64
    """Pixels along a side; the size of the position maps is a multiple of it."""
    history: tuple[float, ...] = ()
    """Seconds back, e.g. ``(0.1, 0.3)``: for each, how the surface has moved since (3 channels).
    The nearest frame stands in, and its motion is scaled to the time asked for."""
    gravity: bool = False
    """Add the direction of gravity in the root's frame (3 channels)."""

    @property
    def num_channels(self) -> int:
        """Channels of a condition."""
        return 3 * (1 + len(self.history) + self.gravity)


@dataclass(frozen=True)
class PoseCondition:
    """Points that stand for the surface, one for each covered pixel of the condition's maps.

    A condition is a pair of maps; its channels are the position, then the motion since each frame
    of the history, then gravity: all in the root's frame, and zero beside the silhouette.
    """

    model: ConditionModel
    mask: Bool[Tensor, "2 height width"]
    """Covered pixels; front and back may differ nowhere."""
    rest_points: Float[Tensor, "points 3"]
    """Mean rest position of the splats in each pixel, metres."""
    weights: Float[Tensor, "points joints"]
    """Their mean skinning weights."""
    center: Float[Tensor, "3"]
    """Metres; taken off positions."""
    scale: float
    """Metres that become one: half the window of the maps."""

    def of_clip(
        self, rig: Rig, poses: Pose, times: Float[Tensor, "frames"]
    ) -> Float[Tensor, "frames 2 channels height width"]:
        """Conditions of a clip's frames; before the first, the subject is taken to rest.

        Args:
            rig: The subject's rig, with its identity folded in.
            poses: Poses of one clip, batched over its frames in order of time.
            times: Seconds, one a frame, rising.
        """
        clothed = without_fingers(rig, poses)
        turned = matrix_from_axis_angle(clothed.root_rotation)
        posed = torch.cat(
            [self._in_root(rig, clothed[i : i + _BLOCK]) for i in range(0, len(poses), _BLOCK)]
        )
        channels = [(posed + rig.joints[0] - self.center) / self.scale]
        for back in self.model.history:
            earlier = _frames_before(times, back)
            # The root's own turning swings a skirt; its path over the floor does not.
            now_from_earlier = turned.mT @ turned[earlier]
            before = posed[earlier] @ now_from_earlier.mT
            # A frame that is not quite so long ago tells a velocity all the same.
            gap = times - times[earlier]
            rate = torch.where(gap > 0, back / gap.clamp(min=1e-6), torch.zeros_like(gap))
            channels.append((posed - before) * (rate / _TYPICAL_MOTION)[:, None, None])
        if self.model.gravity:
            down = turned.mT @ turned.new_tensor([0.0, -1.0, 0.0])
            channels.append(down[:, None].expand_as(posed))
        return self._paint(torch.cat(channels, -1))

    def of_frames(
        self, rig: Rig, poses: Pose, times: Sequence[float], clips: tuple[str, ...] = ()
    ) -> Float[Tensor, "frames 2 channels height width"]:
        """Conditions of all frames of a capture; no history reaches from one clip into another.

        Args:
            rig: The subject's rig.
            poses: Poses batched over frames.
            times: Seconds, one a frame; they rise within a clip.
            clips: The clip each frame belongs to; empty if all are one clip.
        """
        names = clips or ("",) * len(poses)
        seconds = poses.root_rotation.new_tensor(list(times))
        assert len(names) == len(poses), f"{len(names)} clip names for {len(poses)} poses"
        result = self.rest_points.new_zeros(
            len(poses), 2, self.model.num_channels, *self.mask.shape[1:]
        )
        for name in dict.fromkeys(names):
            rows = torch.tensor([row for row, other in enumerate(names) if other == name])
            result[rows] = self.of_clip(rig, poses[rows], seconds[rows])
        return result

    def _in_root(self, rig: Rig, poses: Pose) -> Float[Tensor, "frames points 3"]:
        """Posed points relative to the root joint, in its axes."""
        rootless = replace(
            poses,
            root_rotation=torch.zeros_like(poses.root_rotation),
            root_translation=torch.zeros_like(poses.root_translation),
        )
        affine = blend_transforms(self.weights, world_from_rest_joints(rig, rootless))
        return apply_affine(affine, self.rest_points) - rig.joints[0]

    def _paint(
        self, values: Float[Tensor, "frames points channels"]
    ) -> Float[Tensor, "frames 2 channels height width"]:
        maps = values.new_zeros(len(values), *self.mask.shape, values.shape[-1])
        maps[:, self.mask] = values
        return maps.permute(0, 1, 4, 2, 3).contiguous()


def _frames_before(times: Float[Tensor, "frames"], back: float) -> Int[Tensor, "frames"]:
    """For each frame the one whose time is nearest to ``back`` seconds before, never itself.

    Of two as near, the later. The first frame has none before it and stands for itself.
    """
    apart = times[:, None] - times[None]
    distance = (apart - back).abs() + _FAVOUR * apart
    distance = distance.masked_fill(apart <= 0, torch.inf)
    nearest = distance.argmin(1)
    return torch.where(torch.arange(len(times)) > 0, nearest, torch.zeros_like(nearest))


def remembered(pose: Pose, history: Sequence[float]) -> tuple[Pose, list[float]]:
    """A single pose with as much of its past as a condition looks at, and the seconds of each.

    Args:
        pose: One pose; its past may hold many frames.
        history: Seconds back (`ConditionModel.history`).
    """
    poses, seconds = with_past(pose)
    times = torch.tensor(seconds)
    rows = {int(_frames_before(times, back)[-1]) for back in history} | {len(seconds) - 1}
    used = torch.tensor(sorted(rows))
    return poses[used], times[used].tolist()


def make_pose_condition(maps: PositionMaps, model: ConditionModel) -> PoseCondition:
    """Gather the splats of the position maps into the coarser pixels of a condition."""
    assert maps.size % model.size == 0, (
        f"a condition of {model.size} pixels for position maps of {maps.size}: the size of the "
        "maps has to be a multiple of it"
    )
    factor = maps.size // model.size
    ones = torch.ones_like(maps.stretches)[:, None]
    values = torch.cat([ones, maps.rest_points, maps.weights], 1)
    means = nn.functional.avg_pool2d(maps.paint(values), factor).permute(0, 2, 3, 1)
    mask = means[..., 0] > 0
    covered = means[mask]
    covered = covered[:, 1:] / covered[:, :1]
    return PoseCondition(
        model=model,
        mask=mask,
        rest_points=covered[:, :3].contiguous(),
        weights=covered[:, 3:].contiguous(),
        center=0.5 * (maps.points.amin(0) + maps.points.amax(0)),
        scale=0.5 * maps.size * maps.pixel_size,
    )


def without_fingers(rig: Rig, pose: Pose) -> Pose:
    """A pose with fingers, jaw, gaze and expression at rest: they move no clothes."""
    moves = [not any(part in name.lower() for part in _LEFT_OUT) for name in rig.joint_names[1:]]
    kept = torch.tensor(moves).to(pose.joint_rotations)
    return replace(
        pose,
        joint_rotations=pose.joint_rotations * kept[:, None],
        expression=torch.zeros_like(pose.expression),
    )
