"""Aligns the poses of a capture with what an avatar trained on it draws: tracking, once more.

The first tracking knows landmarks and a rig; an avatar knows what the person looks like. Each
frame is a least-squares problem in its pose: the residual is drawing minus picture, its Jacobian
comes from drawings of slightly changed poses, so that shading and occlusion are in it as well as
motion. (Motion alone, as in image alignment, moves test frames of a lit head away from where they
look best.) Corrections are then smoothed in time, each as far as its frame leaves it open; they
change slowly, so that not every frame has to be looked at.
"""

import math
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
from incarnate.tracking.evidence import huber
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
    rate: float = 10.0
    """Frames a second that are looked at; those between follow: at 30, all of them find no
    better poses."""
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
        progress: Called with frames done, frames to look at, and what is going on.

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
    # Frames that are not looked at say nothing: their neighbours decide.
    changes = torch.zeros(capture.num_frames, len(freedom), dtype=torch.float64)
    curvatures = torch.zeros(*changes.shape, len(freedom), dtype=torch.float64)
    looked_at = frames_to_look_at(capture.num_frames, capture.fps, settings.rate)
    for done, index in enumerate(looked_at):
        frame = TrainingFrames(capture, [index], longest_side=settings.size)[0]
        changes[index], curvatures[index] = align_frame(
            avatar, track.poses[index], frame, freedom, settings
        )
        if progress is not None:
            progress(done + 1, len(looked_at), "aligning poses with the avatar")
    times = torch.tensor(capture.times, dtype=torch.float64)
    calm = smoothed(changes, curvatures, times, settings.calmness * freedom.deviations)
    poses = freedom.moved(track.poses, calm.float())
    residuals = landmark_errors(replace(track, poses=poses), capture.cameras[0])
    return replace(track, poses=poses, residuals=residuals)


def frames_to_look_at(num_frames: int, fps: float, rate: float) -> list[int]:
    """Every so many frames that about ``rate`` a second are left, and the last one."""
    stride = max(1, int(fps / rate + 0.5))
    return sorted({*range(0, num_frames, stride), num_frames - 1})


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
        The corrections of the cheapest drawing, none if none was cheaper than the given pose's,
        and the curvature of their cost; double precision.
    """
    target = torch.cat([frame.target, _MATTE_WEIGHT * frame.matte[..., None]], -1)
    precision = torch.diag(freedom.deviations.double() ** -2)
    change = torch.zeros(len(freedom), dtype=torch.float64)
    least, best, curvature = math.inf, change, precision
    jacobian = None
    for left in reversed(range(settings.iterations + 1)):
        posed = freedom.moved(pose, change.float())
        drawn = _draw(avatar, posed, frame.camera)
        residual = (drawn - target).flatten(0, 1)
        length = residual.norm(dim=-1) / settings.noise
        misfit = float(huber(length, _ROBUST).sum()) / settings.correlation
        cost = misfit + 0.5 * float(change @ precision @ change)
        # A step that overshoots, on a face that is hidden for instance, is not taken.
        if cost < least:
            least, best = cost, change
        if left == 0:
            break
        if jacobian is None:
            jacobian = _jacobian(avatar, posed, frame.camera, freedom, drawn)
        weight = (_ROBUST / length.clamp(min=_ROBUST)) / settings.noise**2 / settings.correlation
        weighted = (jacobian * weight[:, None, None]).flatten(0, 1)
        gradient = (weighted.T @ residual.flatten()).double() + precision @ change
        curvature = (weighted.T @ jacobian.flatten(0, 1)).double() + precision
        change = change - torch.linalg.solve(curvature, gradient)
    return best, curvature


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
