"""Another person's motion on an avatar: what the driver does beyond their own rest.

What is neutral in one face is not neutral in another: low brows, narrow eyes or a smile at rest
would leak from the driver to the avatar. So the driver's neutral is taken away, and the avatar's
own is put in its place: ``avatar neutral + (driver − driver neutral)``, and the same for rotations.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from incarnate.drive.retargeting import jaw_opening, limited_mouth_close
from incarnate.errors import DriveError
from incarnate.geometry.rotations import (
    axis_angle_from_quaternion,
    quaternion_from_axis_angle,
    quaternion_product,
)
from incarnate.rigs.rig import Pose, Rig, fits

# A face passes through rest often: a tenth of a clip is enough to find it, and few frames are not
# decided by one bad one.
CALM_SHARE = 0.1
MIN_CALM_FRAMES = 5
# Beyond the range that is known to look right, expressions fade out over this much.
SOFT_MARGIN = 0.15


@dataclass(frozen=True)
class Neutrals:
    """Where the driver's motion starts from, and where the avatar's does."""

    driver: Pose
    """Not batched: the driver at rest."""
    avatar: Pose
    """Not batched: the avatar's person at rest."""


def calm_frames(poses: Pose, rig: Rig) -> Int[Tensor, "calm"]:
    """The tenth of a clip that shows least expression, at least five frames.

    Frames are ranked by the plain sum of expressions and jaw opening: an offset in all frames,
    which is what a neutral is, does not change their order.
    """
    # Lids that follow the gaze say where someone looks, not that the face is at work.
    effort = (poses.expression * ~_is_gaze(rig)).sum(-1)
    opening = jaw_opening(poses, rig)
    if opening is not None and "jawOpen" not in rig.expression_names:
        effort = effort + opening
    count = min(len(poses), max(MIN_CALM_FRAMES, round(CALM_SHARE * len(poses))))
    return effort.argsort(stable=True)[:count]


def neutral_of(poses: Pose, rig: Rig) -> Pose:
    """A person at rest: the face of their calm frames, the head where it mostly is.

    The calmest frames may look aside; the head's pose and the gaze are therefore the median of all.
    """
    head, face = median_pose(poses), median_pose(poses[calm_frames(poses, rig)])
    joints = head.joint_rotations.clone()
    if "jaw" in rig.joint_names:
        jaw = rig.joint_index("jaw") - 1
        joints[jaw] = face.joint_rotations[jaw]
    expression = torch.where(_is_gaze(rig), head.expression, face.expression)
    return replace(head, joint_rotations=joints, expression=expression)


def median_pose(poses: Pose) -> Pose:
    """The median of every number of some poses."""
    return replace(
        poses,
        root_rotation=poses.root_rotation.median(0).values,
        root_translation=poses.root_translation.median(0).values,
        joint_rotations=poses.joint_rotations.median(0).values,
        expression=poses.expression.median(0).values,
    )


def check_same_rig(poses: Pose, rig: Rig) -> None:
    """Poses and rig must list the same joints and expressions.

    Raises:
        DriveError: They don't.
    """
    if not fits(poses, rig):
        num_joints = poses.joint_rotations.shape[-2] + 1
        raise DriveError(
            f"cannot drive this avatar: its rig has {rig.num_joints} joints and "
            f"{rig.num_expressions} expressions, the driver's poses have {num_joints} and "
            f"{len(poses.expression_names)}, or their names differ. Track the driver with the "
            "rig that the avatar was trained on."
        )


def centred(poses: Pose, stage: Pose) -> Pose:
    """The driver's motion as it is, moved to where the avatar's own motion was.

    Args:
        poses: The driver's, one a frame.
        stage: The avatar's own, one a frame.
    """
    shift = stage.root_translation.median(0).values - poses.root_translation.median(0).values
    return replace(poses, root_translation=poses.root_translation + shift)


def calibrated(
    poses: Pose, stage: Pose, rig: Rig, neutrals: Neutrals, *, scale: float = 1.0
) -> Pose:
    """The driver's motion relative to their neutral, from the avatar's neutral on.

    Args:
        poses: The driver's, one a frame.
        stage: The avatar's own, one a frame: expressions are known to look right as far as it goes.
        rig: The avatar's.
        neutrals: Of both.
        scale: Size of the avatar's head over the driver's: translations are multiplied by it.
    """
    driver, avatar = neutrals.driver, neutrals.avatar
    moved = replace(
        poses,
        root_rotation=_turned(poses.root_rotation, driver.root_rotation, avatar.root_rotation),
        root_translation=avatar.root_translation
        + scale * (poses.root_translation - driver.root_translation),
        joint_rotations=_turned(
            poses.joint_rotations, driver.joint_rotations, avatar.joint_rotations
        ),
        expression=soft_limited(
            avatar.expression + (poses.expression - driver.expression),
            low=stage.expression.amin(0).clamp(max=0),
            high=stage.expression.amax(0).clamp(min=1),
        ),
    )
    return limited_mouth_close(moved, rig, _mouth_slack(stage, rig))


def soft_limited(
    values: Float[Tensor, "*batch expressions"],
    *,
    low: Float[Tensor, "expressions"],
    high: Float[Tensor, "expressions"],
) -> Float[Tensor, "*batch expressions"]:
    """Values as they are from low to high; beyond, they level off smoothly by a small margin."""
    inside = torch.minimum(torch.maximum(values, low), high)
    return inside + SOFT_MARGIN * torch.tanh((values - inside) / SOFT_MARGIN)


def _is_gaze(rig: Rig) -> Bool[Tensor, "expressions"]:
    return torch.tensor([name.startswith("eyeLook") for name in rig.expression_names])


def _turned(
    rotation: Float[Tensor, "*batch 3"],
    start: Float[Tensor, "*#batch 3"],
    goal: Float[Tensor, "*#batch 3"],
) -> Float[Tensor, "*batch 3"]:
    """``goal · start⁻¹ · rotation``: the turn since the start, about the body's own axes.

    So someone who nods while facing aside makes an avatar that faces ahead nod.
    """
    # In double precision: near rest, float32 quaternions would lose half of an angle's digits.
    first, back, now = (
        quaternion_from_axis_angle(vector.double().expand(rotation.shape))
        for vector in (goal, -start, rotation)
    )
    turned = quaternion_product(quaternion_product(first, back), now)
    return axis_angle_from_quaternion(turned).to(rotation.dtype)


def _mouth_slack(stage: Pose, rig: Rig) -> Float[Tensor, ""] | None:
    """How much further than the jaw is open the avatar's own lips were seen to close."""
    opening = jaw_opening(stage, rig)
    if opening is None or "mouthClose" not in rig.expression_names:
        return None
    closing = stage.expression[..., rig.expression_names.index("mouthClose")]
    return (closing - opening.clamp(min=0)).amax().clamp(min=0)
