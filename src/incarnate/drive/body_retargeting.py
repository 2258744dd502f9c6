"""From the motion of any skeleton to the poses of a rig: joints by name, turns in the world.

A joint of the rig turns in the world, since its rest, as the file's joint of the same meaning turns
since its own: so twists, spines of other lengths and axes within bones do not matter. Where the two
rest poses differ in a limb (an A-pose beside a T-pose), the limb is first brought from the rig's
rest to the file's by the smallest turn: its bones then point the same way in every frame.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.drive.clips import Clip
from incarnate.drive.skeletons import SkeletonMotion
from incarnate.errors import DriveError
from incarnate.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from incarnate.rigs.canonical import body_axes, measured_axes, turn_between
from incarnate.rigs.joint_names import SPINE, smplx_names
from incarnate.rigs.rig import Pose, Rig, rest_pose

_SIDES: Final = ("left", "right")
_PHALANXES: Final = ("index", "middle", "pinky", "ring", "thumb")
# Whose direction decides about a joint's correction.
_TIPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{side}_{joint}": f"{side}_{tip}"
        for side in _SIDES
        for joint, tip in (
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("wrist", "middle1"),
            ("hip", "knee"),
            ("knee", "ankle"),
            *((f"{finger}{number}", f"{finger}{number + 1}")
              for finger in _PHALANXES for number in (1, 2)),
        )
    }
)  # fmt: skip
_TRUNK: Final = ("pelvis", *SPINE, "neck", "head")
# Where these joints lie is a maker's choice and says nothing of the pose; feet rest flat.
_UNCORRECTED: Final = frozenset(
    (*_TRUNK, "jaw", *(f"{side}_{joint}" for side in _SIDES
                       for joint in ("collar", "ankle", "foot", "eye_smplhf")))
)  # fmt: skip
_FEET: Final = tuple(f"{side}_{joint}" for side in _SIDES for joint in ("ankle", "foot"))
# A skeleton of more units than this from end to end is in centimetres.
_MAX_METRES = 10.0


@dataclass(frozen=True)
class _Figure:
    """A skeleton at rest in the body's axes: left, up, forward."""

    place: Mapping[str, Float[Tensor, "3"]]

    def bone(self, start: str, end: str) -> Float[Tensor, "3"]:
        return self.place[end] - self.place[start]

    def leg_length(self) -> float | None:
        """Hip to knee to ankle, the mean of both legs; None without legs."""
        chains = [[f"{side}_{joint}" for joint in ("hip", "knee", "ankle")] for side in _SIDES]
        if any(name not in self.place for chain in chains for name in chain):
            return None
        bones = [self.bone(*pair) for chain in chains for pair in itertools.pairwise(chain)]
        return sum(float(bone.norm()) for bone in bones) / len(chains)


@dataclass(frozen=True)
class Retargeting:
    """What a skeleton at rest and a rig decide between them, for all frames of any motion."""

    rig: Rig
    names: tuple[str, ...]
    """The rig's joints in SMPL-X's names."""
    shared: Mapping[str, int]
    """Which joint of the skeleton has the same name."""
    source_axes: Float[Tensor, "3 3"]
    """The skeleton's left, up and forward."""
    target_axes: Float[Tensor, "3 3"]
    """The rig's."""
    corrections: tuple[Float[Tensor, "3 3"], ...]
    """For each joint of the rig, the turn from the rig's rest pose to the skeleton's."""
    root: int
    """The skeleton's joint whose way is followed."""
    scale: float
    """Metres of the rig in one of the skeleton's units."""
    lift: float
    """By how much the rig stands higher than at rest when the skeleton is at rest, metres."""

    def poses(self, motion: SkeletonMotion) -> Pose:
        """The motion as poses of the rig; the skeleton is the one this was made for."""
        turns = self.source_axes @ motion.turns.double() @ self.source_axes.T
        turned: list[Tensor] = []
        for joint, (name, parent) in enumerate(zip(self.names, self.rig.parents, strict=True)):
            if name in self.shared:
                turned.append(turns[:, self.shared[name]] @ self.corrections[joint])
            elif parent < 0:
                turned.append(torch.eye(3, dtype=turns.dtype).expand(len(motion), 3, 3))
            else:
                turned.append(turned[parent])
        _share_spine(turned, self.names, self.shared)
        local = [
            turn if parent < 0 else turned[parent].mT @ turn
            for turn, parent in zip(turned, self.rig.parents, strict=True)
        ]
        axes = self.target_axes
        rotations = axis_angle_from_matrix(axes.T @ torch.stack(local, 1) @ axes)
        way = (motion.positions[:, self.root] - motion.rest_joints[self.root]).double()
        up = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
        shift = (self.scale * way @ self.source_axes.T + self.lift * up) @ axes
        rest = rest_pose(self.rig, len(motion))
        return replace(
            rest,
            root_rotation=rotations[:, 0].to(rest.root_rotation),
            root_translation=shift.to(rest.root_translation),
            joint_rotations=rotations[:, 1:].to(rest.joint_rotations),
        )


def retargeted(motion: SkeletonMotion, rig: Rig) -> Clip:
    """The motion as poses of a rig, at the motion's rate.

    The way over the ground is scaled by the lengths of the legs, which makes the file's unit
    indifferent; the file's ground becomes the plane y = 0. Joints that the file has not follow
    their parents; those of the spine share the turn between their neighbours.

    Args:
        motion: Of a standing body with hips and shoulders, or of parts of one.
        rig: Whose poses are wanted.

    Raises:
        DriveError: No joints are shared, or the file's rest pose is no standing body.
    """
    return Clip(retargeting_of(motion, rig).poses(motion), motion.fps)


def retargeting_of(motion: SkeletonMotion, rig: Rig) -> Retargeting:
    """The part of `retargeted` that does not depend on the frames.

    Raises:
        DriveError: As `retargeted`.
    """
    source_names, target_names = smplx_names(motion.names), smplx_names(rig.joint_names)
    shared = {name: source_names.index(name) for name in target_names if name in source_names}
    if not shared:
        raise DriveError(
            f"none of the motion's joints ({_some(motion.names)}) is one of the rig {rig.name} "
            f"({_some(rig.joint_names)}): give a motion whose joints are named as in SMPL-X, "
            "Mixamo, CMU or VRM"
        )
    source_axes, target_axes = measured_axes(motion.rest_joints, source_names), body_axes(rig)
    source = _figure(motion.rest_joints, source_names, source_axes)
    target = _figure(rig.joints, target_names, target_axes)
    _check_standing(source)
    scale, lift = _stance(motion, source, target)
    return Retargeting(
        rig=rig,
        names=target_names,
        shared=shared,
        source_axes=source_axes,
        target_axes=target_axes,
        corrections=tuple(_corrections(target, source, target_names, rig.parents)),
        root=source_names.index("pelvis") if "pelvis" in source_names else 0,
        scale=scale,
        lift=lift,
    )


def _figure(
    joints: Float[Tensor, "joints 3"], names: tuple[str, ...], axes: Float[Tensor, "3 3"]
) -> _Figure:
    return _Figure(dict(zip(names, joints.double() @ axes.T, strict=True)))


def _check_standing(source: _Figure) -> None:
    for side in _SIDES:
        hip, ankle = f"{side}_hip", f"{side}_ankle"
        if hip not in source.place or ankle not in source.place:
            continue
        leg = source.bone(hip, ankle)
        if -leg[1] < 0.7 * leg.norm():
            raise DriveError(
                "the motion's rest pose is no standing body: its legs do not point down. Write the "
                "file anew with a T-pose or an A-pose as the pose in which all rotations are zero"
            )


def _corrections(
    target: _Figure, source: _Figure, names: tuple[str, ...], parents: tuple[int, ...]
) -> list[Tensor]:
    """For each joint of the rig, the turn from the rig's rest pose to the file's."""
    corrections: list[Tensor] = []
    for name, parent in zip(names, parents, strict=True):
        correction = torch.eye(3, dtype=torch.float64)
        if name not in _UNCORRECTED and parent >= 0:
            correction = corrections[parent]
        tip = _TIPS.get(name)
        if tip is not None and all(end in figure.place for end in (name, tip)
                                   for figure in (target, source)):  # fmt: skip
            bone = correction @ target.bone(name, tip)
            correction = turn_between(bone, source.bone(name, tip)) @ correction
        corrections.append(correction)
    return corrections


def _share_spine(turned: list[Tensor], names: tuple[str, ...], shared: Mapping[str, int]) -> None:
    """Spread the turn between two known joints of the trunk over those between them, in place."""
    trunk = [name for name in _TRUNK if name in names]
    known = [index for index, name in enumerate(trunk) if name in shared]
    for first, last in itertools.pairwise(known):
        start, end = (turned[names.index(trunk[index])] for index in (first, last))
        whole = axis_angle_from_matrix(start.mT @ end)
        for index in range(first + 1, last):
            part = matrix_from_axis_angle(whole * (index - first) / (last - first))
            turned[names.index(trunk[index])] = start @ part


def _stance(motion: SkeletonMotion, source: _Figure, target: _Figure) -> tuple[float, float]:
    """Metres of the rig in one of the skeleton's units, and how much higher it stands at rest."""
    legs = source.leg_length(), target.leg_length()
    if legs[0] is None or legs[1] is None or not legs[0]:
        return _metres_per_unit(motion), 0.0
    feet = [name for name in _FEET if name in source.place and name in target.place]
    ground = [float(min(figure.place[name][1] for name in feet)) for figure in (source, target)]
    scale = legs[1] / legs[0]
    return scale, scale * ground[0] - ground[1]


def _metres_per_unit(motion: SkeletonMotion) -> float:
    extent = float((motion.rest_joints.max(0).values - motion.rest_joints.min(0).values).max())
    return 1.0 if extent < _MAX_METRES else 0.01


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
