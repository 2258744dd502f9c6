"""Square crops of a face that do not move with its mouth: what an expression encoder looks at."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.capture import Capture, Frame, Track
from incarnate.capture.reading import read_frame
from incarnate.errors import AvatarError
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear
from incarnate.rigs.rig import Rig, rest_pose
from incarnate.rigs.skinning import pose_rig

_LANDMARKS = "mediapipe478"
# Corners of the eyes, bridge and sides of the nose, temples: no expression moves them much.
RIGID_LANDMARKS = (33, 133, 362, 263, 168, 6, 197, 195, 5, 98, 327, 127, 356, 234, 454)
"""Points of ``mediapipe478`` by which crops are placed."""
# The crop's side, and how far its centre lies below the mean of the rigid points, metres: it holds
# brows and chin of an open mouth.
_SIDE, _BELOW = 0.175, 0.033
# Widths of the low-pass, seconds: a head moves, but its distance hardly changes within a second.
_CENTER_SECONDS, _SIZE_SECONDS = 0.06, 0.5


@dataclass(frozen=True)
class CropBoxes:
    """One square a frame, in pixels of the capture's pictures."""

    centers: Float[Tensor, "frames 2"]
    sides: Float[Tensor, "frames"]


def crop_boxes(capture: Capture, track: Track) -> CropBoxes:
    """Where the face is in each frame of a capture's first camera, smoothed over time.

    Detected landmarks place the box; where the track has none, the rig's own, posed without any
    expression, do.

    Raises:
        AvatarError: The rig has no MediaPipe landmarks.
    """
    rig, camera = track.rig, capture.cameras[0]
    if _LANDMARKS not in rig.landmarks:
        raise AvatarError(
            f"the rig {rig.name!r} has no landmarks {_LANDMARKS!r}, by which an encoder's crop is "
            "placed. Train with tracked expressions, or add the landmarks to the rig."
        )
    rigid = list(RIGID_LANDMARKS)
    if "landmarks" in track.observations:
        points = track.observations["landmarks"][:, rigid, :2].to(rig.vertices.dtype)
    else:
        points = _projected(track, camera)[:, rigid]
    centers, sides = boxes_around(_rest_landmarks(rig)[rigid], points)
    return CropBoxes(
        low_passed(centers, capture.fps * _CENTER_SECONDS),
        low_passed(sides[:, None], capture.fps * _SIZE_SECONDS)[:, 0],
    )


def boxes_around(
    rest: Float[Tensor, "points 3"], seen: Float[Tensor, "frames points 2"]
) -> tuple[Float[Tensor, "frames 2"], Float[Tensor, "frames"]]:
    """Centres and sides of squares around a face, from an affine camera fitted to rigid points.

    The scale of that camera does not shrink when the head turns, as a box around points would.

    Args:
        rest: The rigid points at rest, metres.
        seen: Where each frame shows them, pixels.
    """
    middle, seen_middle = rest.mean(0), seen.mean(1)
    image_from_rest = (seen - seen_middle[:, None]).mT @ torch.linalg.pinv(rest - middle).mT
    scales = torch.linalg.svdvals(image_from_rest).mean(-1)
    below = rest.new_tensor([0.0, -_BELOW, 0.0])
    return seen_middle + image_from_rest @ below, scales * _SIDE


def low_passed(
    values: Float[Tensor, "frames width"], deviation: float
) -> Float[Tensor, "frames width"]:
    """A Gaussian mean over time, without delay; near the ends over the frames that exist.

    Args:
        values: One row a frame.
        deviation: Standard deviation, frames.
    """
    times = torch.arange(len(values), dtype=torch.float64)
    weights = torch.exp(-0.5 * ((times[:, None] - times) / max(deviation, 1e-3)) ** 2)
    return (weights / weights.sum(1, keepdim=True)).to(values.dtype) @ values


def read_crop(
    capture: Capture, boxes: CropBoxes, index: int, size: int, margin: int = 0
) -> UInt8[np.ndarray, "side side 3"]:
    """A frame's crop: sRGB bytes of the person over black, composited in linear colour.

    Args:
        capture: The capture.
        boxes: Its boxes.
        index: Which frame.
        size: Pixels along the box.
        margin: Pixels beyond it on each side.
    """
    frame = read_frame(capture, index)
    return crop_frame(frame, boxes.centers[index], float(boxes.sides[index]), size, margin=margin)


def crop_frame(
    frame: Frame, center: Float[Tensor, "2"], side: float, size: int, *, margin: int = 0
) -> UInt8[np.ndarray, "pixels pixels 3"]:
    """Resample a square of a picture; beyond the picture it is black (see `read_crop`)."""
    pixel = side / size
    offsets = (torch.arange(-margin, size + margin, dtype=torch.float64) + 0.5) * pixel - side / 2
    image = frame.image * frame.matte[..., None]
    rows = _footprints(float(center[1]) + offsets, pixel, image.shape[0]).to(image.dtype)
    columns = _footprints(float(center[0]) + offsets, pixel, image.shape[1]).to(image.dtype)
    return bytes_from_linear(torch.einsum("yh,hwc,xw->yxc", rows, image, columns))


def _footprints(centers: Float[Tensor, "new"], pixel: float, old: int) -> Float[Tensor, "new old"]:
    """Share of each old pixel in the mean under a new one.

    A new pixel is never narrower than an old one: enlarged, this is linear interpolation.
    """
    reach = max(pixel, 1.0) / 2
    pixels = torch.arange(old, dtype=torch.float64)
    ends = torch.minimum(centers[:, None] + reach, pixels + 1)
    return (ends - torch.maximum(centers[:, None] - reach, pixels)).clamp(min=0) / (2 * reach)


def _rest_landmarks(rig: Rig) -> Float[Tensor, "points 3"]:
    return rig.landmarks[_LANDMARKS].on(rig.vertices, rig.faces)


def _projected(track: Track, camera: Camera) -> Float[Tensor, "frames points 2"]:
    """The rig's landmarks in each frame, with head pose and neck but a face at rest."""
    rig, poses = track.rig, track.poses
    rest = rest_pose(rig, len(poses))
    joints = poses.joint_rotations.clone()
    for name in ("jaw", "left_eye_smplhf", "right_eye_smplhf"):
        if name in rig.joint_names:
            joints[:, rig.joint_index(name) - 1] = 0
    still = type(rest)(
        poses.root_rotation, poses.root_translation, joints, rest.expression, rig.expression_names
    )
    landmarks = [
        rig.landmarks[_LANDMARKS].on(pose_rig(rig, still[i]).vertices, rig.faces)
        for i in range(len(still))
    ]
    return camera.project(torch.stack(landmarks))
