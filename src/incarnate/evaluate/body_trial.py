"""A body avatar beside a multi-view capture: both pictures of a view, and what is known of it."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar, BodyCondition, BodyModel
from incarnate.avatars.pose_changes import decode_changes
from incarnate.avatars.pose_condition import make_pose_condition
from incarnate.avatars.pose_signature import pose_signatures
from incarnate.avatars.pose_space import PoseSpace, fit_pose_space
from incarnate.capture.capture import Capture
from incarnate.capture.reading import has_truth, read_frame, read_truth
from incarnate.errors import AvatarError, CaptureError
from incarnate.evaluate.body_scores import Projection
from incarnate.evaluate.body_splits import View
from incarnate.evaluate.scores import Options, Pair
from incarnate.evaluate.trial import Trial, open_trial
from incarnate.splats.rasterize import rasterize

# Every avatar is judged by the same distance, whatever it was told of poses.
_SIGNATURE = BodyModel().signature


@dataclass(frozen=True)
class Drawn:
    """An avatar's picture of a view, the true one, and by how much the pose moved splats."""

    pair: Pair
    alpha: Float[Tensor, "height width"]
    """Coverage by the avatar."""
    offset_p95: float | None
    """95th percentile of the splats' displacement by the pose, mm; None for a static avatar."""


@dataclass(frozen=True)
class BodyTrial:
    """Draws a body as the cameras of a capture see it."""

    avatar: BodyAvatar
    trial: Trial
    """For sizes and poses."""
    space: PoseSpace
    """What the avatar's training poses span."""
    conditions: tuple[BodyCondition, ...]
    """One a frame, in the capture's order."""
    pose_distances: Float[Tensor, "frames"]
    """To the nearest training pose, metres (`pose_signatures`)."""
    projection: Projection

    @property
    def capture(self) -> Capture:
        """What is true."""
        return self.trial.capture

    def draw(self, view: View) -> Drawn:
        """Both pictures of a view.

        Raises:
            AvatarError: The avatar draws values that are not numbers.
        """
        size = self.size(view.camera)
        frame = read_frame(self.capture, view.frame, view.camera, size)
        avatar, painted, offset = self.avatar, None, None
        if avatar.model.dependence == "posed":
            painted = avatar.painted(self.condition(view.frame))
            lengths = decode_changes(painted).offsets.norm(dim=-1)
            offset = 1000 * float(lengths.quantile(0.95))
        splats = avatar.posed(self.trial.pose(view.frame), painted)
        raster = rasterize(splats, frame.camera)
        image = avatar.shade(raster, frame.camera, None)
        if not image.isfinite().all():
            raise AvatarError(
                f"cannot evaluate on frame {view.frame} of capture {self.capture.name!r}: the "
                "avatar draws values that are not numbers; train it again."
            )
        pair = Pair(image, frame.image * frame.matte[..., None], frame.matte)
        return Drawn(pair, raster.alpha, offset)

    def condition(self, frame: int) -> BodyCondition:
        """What the networks are told of a frame's pose: projected, if that is asked for."""
        condition = self.conditions[frame]
        if self.projection == "off":
            return condition
        return replace(condition, maps=self.space.project(condition.maps))

    def labels(self, view: View) -> Float[Tensor, "height width"] | None:
        """The true label of each pixel; None where the capture has none of this view."""
        if not has_truth(self.capture, "label", view.frame, view.camera):
            return None
        size = self.size(view.camera)
        return read_truth(self.capture, "label", view.frame, view.camera, size)[..., 0]

    def pose_range(self, frame: int) -> float:
        """Distance to the space of training poses, in units of what is usual for those."""
        return float(self.space.relative_distance(self.conditions[frame].maps))

    def size(self, camera: int) -> tuple[int, int]:
        """(width, height) in pixels at which a camera's pictures are compared."""
        options = replace(self.trial.options, camera=camera)
        return replace(self.trial, options=options).size


@torch.no_grad()
def open_body_trial(
    avatar: BodyAvatar, capture: Capture, *, options: Options, projection: Projection = "off"
) -> BodyTrial:
    """Put a body beside a capture, driven by the capture's track.

    Args:
        avatar: Who.
        capture: What is true; its training frames say which poses are known.
        options: Size, stride, most frames of each split, metrics.
        projection: Whether the networks see poses projected on the space of training poses.

    Raises:
        CaptureError: The capture has no track, or no training frames.
        AvatarError: The track is made for another rig than the avatar's.
        RenderError: The options ask for pictures that can't be compared.
    """
    trial = open_trial(avatar, capture, options=options)
    trained = capture.indices("train")
    if not trained:
        raise CaptureError(
            f"capture {capture.name!r} has no training frames to tell how far test poses are from "
            "them; mark those that the avatar was trained on as 'train' in capture.json."
        )
    poses = [trial.pose(index) for index in range(capture.num_frames)]
    conditions = tuple(avatar.condition(pose) for pose in poses)
    space = avatar.pose_space
    if space is None:
        # Bodies of earlier releases do not keep it.
        space = fit_pose_space(torch.stack([conditions[index].maps for index in trained]))
    coarse = make_pose_condition(avatar.maps, _SIGNATURE)
    signatures = pose_signatures(coarse, avatar.rig, trial.poses, capture.times, capture.clips)
    distances = torch.cdist(signatures, signatures[trained]).amin(1)
    # The distance of equal vectors is not zero by a matrix product.
    distances[trained] = 0.0
    return BodyTrial(avatar, trial, space, conditions, distances, projection)
