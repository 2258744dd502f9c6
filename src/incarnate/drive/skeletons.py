"""What motion files have in common: named joints, a rest pose, and how the joints turn from it."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class SkeletonMotion:
    """Motion of a skeleton with names, axes and a rest pose of its own."""

    names: tuple[str, ...]
    """The file's own; parents before their children, as `smplx_names` wants them."""
    rest_joints: Float[Tensor, "joints 3"]
    """Positions in the rest pose, in any unit; the ground is where the file's height is zero."""
    turns: Float[Tensor, "frames joints 3 3"]
    """World rotation of each joint since the rest pose, in the axes of `rest_joints`."""
    positions: Float[Tensor, "frames joints 3"]
    """World position of each joint, in the unit and the axes of `rest_joints`."""
    fps: float
    """Frames a second."""

    def __len__(self) -> int:
        return self.turns.shape[0]
