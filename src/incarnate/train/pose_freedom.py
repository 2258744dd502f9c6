"""Which numbers of a tracked head pose may be corrected, and by how much one expects to."""

from dataclasses import dataclass, replace
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.rigs.rig import Pose, Rig

# Joints whose rotation is corrected, the axes, and the usual error of tracking in radians.
_JOINTS: Final = (("neck", 3, 0.05), ("head", 3, 0.05), ("jaw", 1, 0.1))
_ROOT_TURN, _ROOT_SHIFT = 0.02, 0.005


@dataclass(frozen=True)
class PoseFreedom:
    """The corrections of a pose as one vector: turn and shift of the root, then turns of joints."""

    rows: Int[Tensor, "turns"]
    """Which entries of the flattened joint rotations follow the first six corrections."""
    deviations: Float[Tensor, "corrections"]
    """Usual size of each correction, radians or metres."""

    def __len__(self) -> int:
        return len(self.deviations)

    def moved(self, pose: Pose, change: Float[Tensor, "*batch corrections"]) -> Pose:
        """The pose with corrections added; gradients reach both."""
        joints = pose.joint_rotations
        turned = joints.flatten(-2).index_add(-1, self.rows, change[..., 6:])
        return replace(
            pose,
            root_rotation=pose.root_rotation + change[..., :3],
            root_translation=pose.root_translation + change[..., 3:6],
            joint_rotations=turned.unflatten(-1, joints.shape[-2:]),
        )


def head_freedom(rig: Rig) -> PoseFreedom:
    """The root, neck, head and the opening of the jaw, as far as the rig has them."""
    rows, deviations = [], [_ROOT_TURN] * 3 + [_ROOT_SHIFT] * 3
    for name, num_axes, deviation in _JOINTS:
        if name in rig.joint_names[1:]:
            first = 3 * (rig.joint_index(name) - 1)
            rows += range(first, first + num_axes)
            deviations += [deviation] * num_axes
    return PoseFreedom(torch.tensor(rows, dtype=torch.long), torch.tensor(deviations))
