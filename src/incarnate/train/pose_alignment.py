"""Aligns the poses of a capture with what an avatar trained on it draws: tracking, once more.

The first tracking knows landmarks and a rig; an avatar knows what the person looks like. Each
frame is a least-squares problem in its pose: the residual is drawing minus picture, its Jacobian
comes from drawings of slightly changed poses, so that shading and occlusion are in it as well as
motion. (Motion alone, as in image alignment, moves test frames of a lit head away from where they
look best.) Corrections are then smoothed in time, each as far as its frame leaves it open.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.head import HeadAvatar
from incarnate.capture.capture import Capture, Track
from incarnate.errors import AvatarError
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import srgb_from_linear
from incarnate.rigs.rig import Pose
from incarnate.rigs.skinning import pose_rig
from incarnate.splats.rasterize import rasterize
from incarnate.tracking.fit_head import LANDMARK_SET
from incarnate.tracking.sequence import SequenceEquations, second_difference, solve_banded
from incarnate.train.frames import TrainingFrame, TrainingFrames
from incarnate.train.pose_freedom import PoseFreedom, head_freedom

Progress = Callable[[int, int, str], None]
# What a difference of coverage counts against one of colour.
_MATTE_WEIGHT = 0.5
# Past so many standard deviations a pixel counts linearly (Huber).
_ROBUST = 2.5
# Step of the differences that give the Jacobian, radians or metres.
_STEP = 1e-3
# Rest vertices that are no further apart belong to one person, metres.
_SAME = 1e-5


@dataclass(frozen=True)
class AlignmentSettings:
    """How poses are aligned."""

    size: int = 192
    """Longest side of the pictures that are compared, pixels: 256 finds no better poses."""
    iterations: int = 4
    """Gauss-Newton steps a frame."""
    noise: float = 0.04
    """Encoded colour by which drawing and picture differ where the pose is right."""
    correlation: float = 60.0
    """How many neighbouring pixels err together."""
    calmness: float = 0.1
    """Usual second difference of a correction at 30 frames a second, in its usual size."""


def align_track(
    avatar: HeadAvatar,
    capture: Capture,
    track: Track,
    *,
    settings: AlignmentSettings | None = None,
    progress: Progress | None = None,
) -> Track:
    """Correct head pose and jaw of every frame, test frames too, by the avatar.

    Args:
        avatar: Trained on this capture and track.
        capture: Its pictures.
        track: The poses to start from.
        settings: Weights.
        progress: Called with frames done, frames in all, and what is going on.

    Returns:
        The track with corrected poses; expressions, gaze and identity stay.

    Raises:
        AvatarError: The avatar has another rig than the track.
    """
    settings = settings or AlignmentSettings()
    ours, theirs = avatar.rig.vertices, track.rig.vertices
    if ours.shape != theirs.shape or not torch.allclose(ours, theirs, rtol=0, atol=_SAME):
        raise AvatarError(
            f"this avatar was not trained on the track of {capture.folder}: their rigs differ; "
            "train one with `incarnate train head` first."
        )
    freedom = head_freedom(track.rig)
    changes, curvatures = [], []
    for index in range(capture.num_frames):
        frame = TrainingFrames(capture, [index], longest_side=settings.size)[0]
        change, curvature = align_frame(avatar, track.poses[index], frame, freedom, settings)
        changes.append(change)
        curvatures.append(curvature)
        if progress is not None:
            progress(index + 1, capture.num_frames, "aligning poses with the avatar")
    times = torch.tensor(capture.times, dtype=torch.float64)
    calm = smoothed(
        torch.stack(changes), torch.stack(curvatures), times, settings.calmness * freedom.deviations
    )
    poses = freedom.moved(track.poses, calm.float())
    residuals = landmark_errors(replace(track, poses=poses), capture.cameras[0])
    return replace(track, poses=poses, residuals=residuals)


@torch.no_grad()
def align_frame(
    avatar: HeadAvatar,
    pose: Pose,
    frame: TrainingFrame,
    freedom: PoseFreedom,
    settings: AlignmentSettings,
) -> tuple[Float[Tensor, "corrections"], Float[Tensor, "corrections corrections"]]:
    """The corrections that make the avatar look like a frame, near the given pose.

    Returns:
        Corrections and the curvature of their cost; double precision.
    """
    target = torch.cat([frame.target, _MATTE_WEIGHT * frame.matte[..., None]], -1)
    precision = torch.diag(freedom.deviations.double() ** -2)
    change = torch.zeros(len(freedom), dtype=torch.float64)
    curvature = precision
    jacobian = None
    for _ in range(settings.iterations):
        posed = freedom.moved(pose, change.float())
        drawn = _draw(avatar, posed, frame.camera)
        if jacobian is None:
            jacobian = _jacobian(avatar, posed, frame.camera, freedom, drawn)
        residual = (drawn - target).flatten(0, 1)
        length = residual.norm(dim=-1) / settings.noise
        weight = (_ROBUST / length.clamp(min=_ROBUST)) / settings.noise**2 / settings.correlation
        weighted = (jacobian * weight[:, None, None]).flatten(0, 1)
        gradient = (weighted.T @ residual.flatten()).double() + precision @ change
        curvature = (weighted.T @ jacobian.flatten(0, 1)).double() + precision
        change = change - torch.linalg.solve(curvature, gradient)
    return change, curvature


def landmark_errors(track: Track, camera: Camera) -> Float[Tensor, "frames"]:
    """Mean distance of the posed rig's landmarks from the detected ones, pixels of the camera.

    The track's own residuals where it keeps no landmarks.
    """
    seen = track.observations.get("landmarks")
    if seen is None or LANDMARK_SET not in track.rig.landmarks:
        return track.residuals
    points, faces = track.rig.landmarks[LANDMARK_SET], track.rig.faces
    errors = []
    for index in range(len(track.poses)):
        vertices = pose_rig(track.rig, track.poses[index]).vertices
        apart = camera.project(points.on(vertices, faces)) - seen[index, :, :2]
        errors.append(apart.norm(dim=-1).mean())
    return torch.stack(errors)


def smoothed(
    changes: Float[Tensor, "frames corrections"],
    curvatures: Float[Tensor, "frames corrections corrections"],
    times: Float[Tensor, "frames"],
    accelerations: Float[Tensor, "corrections"],
) -> Float[Tensor, "frames corrections"]:
    """Corrections that are calm in time, each near its own by its curvature; double precision.

    Args:
        changes: Each frame's corrections.
        curvatures: Of each frame's cost around them.
        times: Seconds.
        accelerations: Usual second difference at 30 frames a second.
    """
    weights = accelerations.double().square().reciprocal().expand(len(changes) - 2, -1)
    equations = SequenceEquations(
        gradient=(curvatures @ changes[..., None])[..., 0],
        blocks=curvatures,
        bands=second_difference(times).bands(weights),
    )
    return solve_banded(equations, 0.0)


def _draw(avatar: HeadAvatar, pose: Pose, camera: Camera) -> Float[Tensor, "height width 4"]:
    """Encoded colour over black, and weighted coverage."""
    raster = rasterize(avatar.splat(pose, camera), camera)
    image = srgb_from_linear(avatar.shade(raster, camera, None))
    return torch.cat([image, _MATTE_WEIGHT * raster.alpha[..., None]], -1)


def _jacobian(
    avatar: HeadAvatar,
    pose: Pose,
    camera: Camera,
    freedom: PoseFreedom,
    drawn: Float[Tensor, "height width 4"],
) -> Float[Tensor, "pixels 4 corrections"]:
    """How a drawing changes with each correction: motion, shading and occlusion alike."""
    steps = _STEP * torch.eye(len(freedom))
    moved = (_draw(avatar, freedom.moved(pose, step), camera) for step in steps)
    return torch.stack([(one - drawn).flatten(0, 1) / _STEP for one in moved], -1)
