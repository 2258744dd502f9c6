"""The first guess of a head's pose in every frame, and the world in which it moves."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.geometry.rotations import axis_angle_from_matrix, nearest_rotation
from incarnate.geometry.transforms import rigid_transform
from incarnate.rigs.rig import Rig
from incarnate.tracking.bundle import FocalPrior

_DISTANCE = 0.75
_DISTANCE_SPREAD = 0.45
_FOCAL_SPREAD = 1.0


@dataclass(frozen=True)
class RigidFit:
    """Similarity from rest space to pixels: ``point ≈ scale · rotation · (rest − center) + seen``.

    It is stated about the landmarks' middle: carried further away, to the floor below the rig, the
    missing perspective would put the head anywhere.
    """

    rotation: Float[Tensor, "frames 3 3"]
    """Rest space to camera axes."""
    scale: Float[Tensor, "frames"]
    """Pixels a metre."""
    center: Float[Tensor, "3"]
    """Middle of the rigid landmarks in rest space, metres."""
    seen: Float[Tensor, "frames 3"]
    """Where that middle is seen: pixels, and relative depth in the same scale."""


def fit_rigid(
    points: Float[Tensor, "frames landmarks 3"],
    rest: Float[Tensor, "landmarks 3"],
    rigid: Bool[Tensor, "landmarks"],
) -> RigidFit:
    """The similarity of each frame by Umeyama's method (TPAMI 1991), on rigid landmarks.

    Args:
        points: Pixels, with the detector's relative depth in the same scale.
        rest: The landmarks of the rig at rest, metres.
        rigid: Those that expressions hardly move.
    """
    seen, model = points[:, rigid], rest[rigid]
    middle, model_middle = seen.mean(1), model.mean(0)
    centered, model_centered = seen - middle[:, None], model - model_middle
    covariance = centered.transpose(1, 2) @ model_centered
    rotation = nearest_rotation(covariance)
    overlap = torch.einsum("fab,fab->f", rotation, covariance)
    scale = overlap / (model_centered**2).sum()
    return RigidFit(rotation, scale, model_middle, middle)


def expect_focal(fit: RigidFit, longer_side: float) -> FocalPrior:
    """What focal length to expect.

    Phones and webcams see about the longer side of their picture in focal length; but the clip may
    have been cropped. People are filmed from about 0.75 m. Both are weighed by their spread.

    Args:
        fit: How large the head is in the crop.
        longer_side: Of the whole picture, in pixels of the crop.
    """
    by_distance = torch.log(_DISTANCE * fit.scale.median())
    by_lens = torch.log(by_distance.new_tensor(0.9 * longer_side))
    weights = torch.tensor([_DISTANCE_SPREAD**-2, _FOCAL_SPREAD**-2], dtype=by_distance.dtype)
    mean = (weights[0] * by_distance + weights[1] * by_lens) / weights.sum()
    return FocalPrior(float(mean.exp()), float(weights.sum().rsqrt()))


def upright_camera(fit: RigidFit, camera: Camera) -> Camera:
    """The camera, at the origin of a world in which the mean head looks along +z with y up."""
    mean = nearest_rotation(fit.rotation.median(0).values)
    pose = rigid_transform(mean, mean.new_zeros(3))
    return Camera(camera.intrinsics, pose, camera.width, camera.height)


def start_parameters(
    fit: RigidFit, rig: Rig, camera: Camera, mean: Float[Tensor, "frames parameters"]
) -> Float[Tensor, "frames parameters"]:
    """Parameters that put the head where the similarity has it; the rest is what is expected.

    Args:
        fit: Of every frame.
        rig: The head rig, for its rest joints.
        camera: With the expected focal length, as `upright_camera` turned it.
        mean: Expected parameters; jaw, gaze and expression are taken from it.
    """
    depth = camera.intrinsics[0, 0] / fit.scale
    pixels = fit.seen[:, :2] - camera.intrinsics[:2, 2]
    rays = torch.cat([pixels / camera.intrinsics[0, 0], torch.ones_like(pixels[:, :1])], -1)
    world_from_camera = camera.camera_from_world[:3, :3].T
    rotation = world_from_camera @ fit.rotation
    middle = (depth[:, None] * rays) @ world_from_camera.T
    joint = rig.joints[rig.joint_index("head")].to(mean.dtype)
    parameters = mean.clone()
    parameters[:, :3] = 0
    # The head turns about its joint: middle = rotation (center − joint) + joint + translation.
    parameters[:, 3:6] = middle - rotation @ (fit.center - joint) - joint
    first = 6 + 3 * (rig.joint_index("head") - 1)
    parameters[:, first : first + 3] = axis_angle_from_matrix(rotation)
    return parameters
