"""A head that moves as we say, seen as a detector would see it: what fits are judged by."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at
from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS, default_head_rig
from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import pose_rig
from incarnate.tracking.head_observations import HeadObservations

SIZE = 512


@dataclass(frozen=True)
class SeenHead:
    """A clip of a known head."""

    rig: Rig
    """Generic."""
    person: Rig
    pose: Pose
    camera: Camera
    pixels: Float[np.ndarray, "frames landmarks 2"]
    """True places of the landmarks."""
    seen: HeadObservations
    """With the detector's errors."""


def talking(rig: Rig, count: int) -> Pose:
    """A head that turns, nods, speaks, smiles, looks about and blinks once."""
    t = torch.arange(count) / 30
    joints = torch.zeros(count, rig.num_joints - 1, 3)
    head, jaw = joints[:, rig.joint_index("head") - 1], joints[:, rig.joint_index("jaw") - 1]
    head[:, 0], head[:, 1] = 0.12 * torch.sin(2.3 * t), 0.35 * torch.sin(1.7 * t + 0.4)
    head[:, 2] = 0.05 * torch.sin(1.1 * t)
    jaw[:, 0] = 0.15 * (1 - torch.cos(9 * t))
    for eye in ("left_eye_smplhf", "right_eye_smplhf"):
        joints[:, rig.joint_index(eye) - 1, 1] = 0.15 * torch.sin(1.3 * t)
    expression = torch.zeros(count, rig.num_expressions)
    names = rig.expression_names
    for side in ("Left", "Right"):
        expression[:, names.index(f"mouthSmile{side}")] = 0.3 * (1 + torch.sin(2 * t))
        lid = torch.exp(-0.5 * ((torch.arange(count) - count // 2) / 1.5) ** 2)
        expression[:, names.index(f"eyeBlink{side}")] = lid
    shift = torch.stack([0.01 * torch.sin(t), 0 * t, 0.015 * torch.cos(1.4 * t)], -1)
    return Pose(torch.zeros(count, 3), shift, joints, expression, names)


def seen_head(
    count: int = 24, *, focal: float = 900.0, distance: float = 0.7, noise: float = 0.0,
    shape_spread: float = 0.6,
) -> SeenHead:  # fmt: skip
    """A clip; the detector errs by ``noise`` pixels, independently everywhere."""
    generator = np.random.default_rng(5)
    rig = default_head_rig()
    shape = torch.from_numpy(shape_spread * generator.normal(size=len(rig.shape_names))).float()
    person, pose = rig.with_identity(shape), talking(rig, count)
    target = rig.joints[rig.joint_index("head")] + torch.tensor([0.0, 0.06, 0.05])
    half = 0.5 * SIZE
    camera = Camera(
        torch.tensor([[focal, 0, half], [0, focal, half], [0, 0, 1]]),
        look_at(target + torch.tensor([0.03, 0.02, distance]), target),
        SIZE,
        SIZE,
    )
    surface = person.landmarks["mediapipe478"].on(pose_rig(person, pose).vertices, person.faces)
    pixels = camera.project(surface).double().numpy()
    depth = (surface @ camera.camera_from_world[2, :3]).double().numpy()
    relative = (depth - depth.mean(1, keepdims=True)) * focal / distance
    points = np.concatenate([pixels, relative[..., None]], -1)
    points += noise * generator.normal(size=points.shape)
    names, scores = detector_scores(rig, pose)
    picture = Camera(
        torch.tensor([[1.0, 0, half], [0, 1, half], [0, 0, 1]]), torch.eye(4), SIZE, SIZE
    )
    seen = HeadObservations(np.arange(count) / 30, points, scores, names, picture, float(SIZE))
    return SeenHead(rig, person, pose, camera, pixels, seen)


def detector_scores(
    rig: Rig, pose: Pose
) -> tuple[tuple[str, ...], Float[np.ndarray, "frames scores"]]:
    """The true expression as ARKit scores, jaw and gaze among them."""
    scores = dict(zip(rig.expression_names, pose.expression.T, strict=True))
    rotations = pose.joint_rotations
    scores["jawOpen"] = rotations[:, rig.joint_index("jaw") - 1, 0] / JAW_OPEN_RADIANS
    for side, outward in (("Left", 1), ("Right", -1)):
        eye = rotations[:, rig.joint_index(f"{side.lower()}_eye_smplhf") - 1]
        scores[f"eyeLookDown{side}"] = eye[:, 0] / EYE_LOOK_RADIANS["Down"]
        scores[f"eyeLookUp{side}"] = -eye[:, 0] / EYE_LOOK_RADIANS["Up"]
        scores[f"eyeLookOut{side}"] = outward * eye[:, 1] / EYE_LOOK_RADIANS["Out"]
        scores[f"eyeLookIn{side}"] = -outward * eye[:, 1] / EYE_LOOK_RADIANS["In"]
    stacked = torch.stack([score.clamp(0, 1) for score in scores.values()], -1)
    return tuple(scores), stacked.double().numpy()


def random_parameters(rig: Rig, count: int, generator: torch.Generator) -> Tensor:
    """Parameters of `LandmarkModel` in double precision, far from every special value."""
    num = 3 + 3 * rig.num_joints + rig.num_expressions
    return 0.2 * torch.randn(count, num, generator=generator, dtype=torch.float64)


def packed(pose: Pose) -> Tensor:
    """The parameters of a batched pose, as `LandmarkModel.pack` orders them."""
    parts = [pose.root_rotation, pose.root_translation, pose.joint_rotations.flatten(-2)]
    return torch.cat([*parts, pose.expression], -1).double()


def resting(rig: Rig, count: int) -> Pose:
    """The rest pose in every frame."""
    return rest_pose(rig, count)
