"""How far apart two poses are, as the clothes feel it."""

from collections.abc import Sequence
from typing import Final

from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.pose_condition import PoseCondition
from incarnate.rigs.rig import Pose, Rig

SIGNATURE_SIZE: Final = 16
"""Side in pixels of the maps whose posed points tell poses apart."""

# Metres that one unit of the condition's channels for motion and for gravity counts. A metre of
# motion over the history counts as much as a metre of position (docs/body.md).
_MOTION_WEIGHT, _GRAVITY_WEIGHT = 0.1, 0.05


def pose_signatures(
    condition: PoseCondition,
    rig: Rig,
    poses: Pose,
    times: Sequence[float],
    clips: tuple[str, ...] = (),
) -> Float[Tensor, "frames signature"]:
    """Vectors whose distances say how far apart poses are: root mean squares in metres.

    Args:
        condition: Coarse maps of the surface.
        rig: The person's rig.
        poses: Batched over frames.
        times: Seconds, one a frame.
        clips: The clip each frame belongs to; empty if all are one clip.
    """
    maps = condition.of_frames(rig, poses, times, clips)
    covered = maps.permute(0, 1, 3, 4, 2)[:, condition.mask]
    history = 3 * len(condition.model.history)
    gravity = 3 * condition.model.gravity
    weights = [condition.scale] * 3 + [_MOTION_WEIGHT] * history + [_GRAVITY_WEIGHT] * gravity
    return (covered * covered.new_tensor(weights)).flatten(1) / len(condition.rest_points) ** 0.5
