"""From what a live source says to the pose of a rig, one frame at a time."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Final, final

import numpy as np
import torch

from incarnate.drive.arkit import ARKIT_CHANNELS, FaceRecording
from incarnate.drive.body_retargeting import Retargeting, retargeting_of
from incarnate.drive.live import Bone, LiveFrame
from incarnate.drive.retargeting import clip_from_arkit
from incarnate.drive.skeletons import SkeletonMotion
from incarnate.drive.vmc import BONE_PARENTS
from incarnate.errors import DriveError
from incarnate.geometry.rotations import matrix_from_quaternion
from incarnate.rigs.canonical import is_body, limbs_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.joint_names import smplx_names
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import world_from_rest_joints

# The face says how far the jaw is open; the bone of most models is at rest or at a guess.
_JAW: Final = "jaw"
_FACE_JOINTS: Final = ("jaw", "left_eye_smplhf", "right_eye_smplhf")
_FPS = 60.0
# Bones hardly change their places in the parent; where they do, metres, another model is shown.
_SAME_MODEL = 1e-2
# Legs that are shorter, in metres, or point elsewhere than down are no legs at rest.
_MIN_LEG = 1e-2


@final
class Poser:
    """Live frames as poses of one rig.

    Bones go through the retargeting of motion files (docs/motion.md), with a T-pose as the rest;
    the face's channels as those of recordings do. A head takes its chest, neck, head and eyes.
    """

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._names = smplx_names(rig.joint_names)
        self._is_body = is_body(rig)
        self._retargeting: Retargeting | None = None
        self._rest: SkeletonMotion | None = None

    def __call__(self, frame: LiveFrame) -> Pose:
        """The pose of a frame, not batched."""
        face = np.zeros(len(ARKIT_CHANNELS)) if frame.face is None else frame.face
        pose = clip_from_arkit(FaceRecording(np.zeros(1), face[None], _FPS), self._rig).poses
        if frame.bones:
            pose = self._with_bones(pose, frame)
        return pose[0]

    def _with_bones(self, pose: Pose, frame: LiveFrame) -> Pose:
        assert frame.bones is not None
        motion = self._motion(frame.bones)
        if motion is None:
            return pose
        moved = self._fitting(motion).poses(motion)
        joints, sent = moved.joint_rotations.clone(), smplx_names(motion.names)
        for joint, name in enumerate(self._names[1:]):
            of_face = name in _FACE_JOINTS and name not in sent
            if of_face or (name == _JAW and frame.face is not None):
                joints[:, joint] = pose.joint_rotations[:, joint]
        return replace(moved, joint_rotations=joints, expression=pose.expression)

    def _motion(self, bones: Mapping[str, Bone]) -> SkeletonMotion | None:
        """The skeleton that was sent; for a head, as much of it as the head's rig has."""
        motion = skeleton_of(bones)
        if self._is_body:
            return motion
        names = smplx_names(motion.names)
        kept = [index for index, name in enumerate(names) if name in self._names]
        if not kept:
            return None
        return SkeletonMotion(
            names=tuple(names[index] for index in kept),
            rest_joints=motion.rest_joints[kept],
            turns=motion.turns[:, kept],
            positions=motion.positions[:, kept],
            fps=motion.fps,
        )

    def _fitting(self, motion: SkeletonMotion) -> Retargeting:
        """The retargeting for this model; made anew when another one is sent."""
        known, now = self._rest, motion
        is_same = (
            known is not None
            and known.names == now.names
            and float((known.rest_joints - now.rest_joints).abs().max()) < _SAME_MODEL
        )
        if self._retargeting is None or not is_same:
            self._retargeting, self._rest = retargeting_of(motion, self._rig), motion
        return self._retargeting


def skeleton_of(bones: Mapping[str, Bone]) -> SkeletonMotion:
    """One frame of a skeleton whose bones rest in a T-pose, its lowest joint at y = 0.

    Args:
        bones: By Unity's names, local, in our axes. What is above a bone that was not sent hangs on
            the next one that was. Senders that know only turns leave all positions at zero: those
            of the embedded body then stand in.

    Raises:
        DriveError: There is no bone.
    """
    names = [name for name in BONE_PARENTS if name in bones]
    if not names:
        raise DriveError("no bone was sent: switch on the bones in the sender")
    rest: dict[str, torch.Tensor] = {}
    turns: dict[str, torch.Tensor] = {}
    places: dict[str, torch.Tensor] = {}
    locals_ = matrix_from_quaternion(
        torch.tensor([bones[name].rotation for name in names], dtype=torch.float64)
    )
    usual = None if _stands(bones) else _usual_offsets()
    for name, turn in zip(names, locals_, strict=True):
        sent = bones[name].position
        given = sent if usual is None or name == "Hips" else usual[name]
        offset = torch.tensor(given, dtype=torch.float64)
        parent = BONE_PARENTS[name]
        while parent and parent not in bones:
            parent = BONE_PARENTS[parent]
        if parent:
            rest[name] = rest[parent] + offset
            turns[name] = turns[parent] @ turn
            places[name] = places[parent] + turns[parent] @ offset
        else:
            # Where the hips are is the motion; where they rest is seen by the legs.
            rest[name] = torch.zeros(3, dtype=torch.float64)
            turns[name], places[name] = turn, offset
    joints = torch.stack([rest[name] for name in names])
    lowest = joints[:, 1].min() * torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    return SkeletonMotion(
        names=tuple(names),
        rest_joints=joints - lowest,
        turns=torch.stack([turns[name] for name in names])[None],
        positions=torch.stack([places[name] for name in names])[None],
        fps=_FPS,
    )


def _stands(bones: Mapping[str, Bone]) -> bool:
    """Whether the positions are those of a skeleton whose legs, if it has any, point down."""
    legs = [bones[name].position for name in ("LeftLowerLeg", "RightLowerLeg") if name in bones]
    if legs:
        return all(-leg[1] > max(_MIN_LEG, 0.7 * float(np.linalg.norm(leg))) for leg in legs)
    return any(any(bone.position) for name, bone in bones.items() if name != "Hips")


@cache
def _usual_offsets() -> Mapping[str, tuple[float, float, float]]:
    """Each bone's place in its parent, of the embedded body in a T-pose; metres."""
    rig = default_body_rig()
    world = world_from_rest_joints(rig, limbs_pose(rig, leg_spread=0.0))
    places = (world[:, :3, :3] @ rig.joints[..., None])[..., 0] + world[:, :3, 3]
    of_bone = dict(zip(BONE_PARENTS, smplx_names(tuple(BONE_PARENTS)), strict=True))
    offsets: dict[str, tuple[float, float, float]] = {"Hips": (0.0, 0.0, 0.0)}
    for name, parent in BONE_PARENTS.items():
        if parent:
            ends = (rig.joint_index(of_bone[bone]) for bone in (name, parent))
            x, y, z = (places[next(ends)] - places[next(ends)]).tolist()
            offsets[name] = (x, y, z)
    return MappingProxyType(offsets)
