"""From a fixed head and moving cameras to cameras that stand still and a head that moves.

Light is then constant in the world (docs/conventions.md).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import CaptureError
from incarnate.geometry.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    nearest_rotation,
)
from incarnate.geometry.transforms import inverse_rigid, rigid_transform

# Sets are written with six digits; half a millimetre, or half a milliradian, is not motion.
_STILL = 5e-4


def fixed_cameras(
    camera_from_set: Float[Tensor, "views frames 4 4"],
) -> tuple[Float[Tensor, "views 4 4"], Float[Tensor, "frames 4 4"]]:
    """Cameras that stand still, and the motion of the set's world that makes up for it.

    Args:
        camera_from_set: Of each view in each frame; rigid.

    Returns:
        ``camera_from_world`` of each view and ``world_from_set`` of each frame. Where the cameras
        stand still already the worlds are one. Otherwise the first camera is put where it is on
        average, so that the head faces +z on average as it does in the set.

    Raises:
        CaptureError: The cameras move against each other.
    """
    frames = camera_from_set.shape[1]
    still = camera_from_set[:, :1].expand_as(camera_from_set)
    if float((camera_from_set - still).abs().max()) < _STILL:
        identity = torch.eye(4, dtype=camera_from_set.dtype)
        return camera_from_set[:, 0], identity.expand(frames, 4, 4)
    mean = camera_from_set[0].mean(0)
    first = rigid_transform(nearest_rotation(mean[:3, :3]), mean[:3, 3])
    world_from_set = inverse_rigid(first) @ camera_from_set[0]
    cameras = camera_from_set[:, 0] @ inverse_rigid(world_from_set[0])
    moved = float((cameras[:, None] @ world_from_set - camera_from_set).abs().max())
    if moved > _STILL:
        raise CaptureError(
            f"the cameras of the set move against each other (by up to {moved:.2g}); only a rig "
            "of cameras that is rigid can be imported. Import one camera of it."
        )
    return cameras, world_from_set


def moved_root(
    rotation: Float[Tensor, "frames 3"],
    translation: Float[Tensor, "frames 3"],
    world_from_set: Float[Tensor, "frames 4 4"],
    root: Float[Tensor, "3"],
) -> tuple[Float[Tensor, "frames 3"], Float[Tensor, "frames 3"]]:
    """A root's rotation and displacement, carried from one world to another.

    Args:
        rotation: Axis-angle about the root's rest position.
        translation: Displacement of the root from rest, metres.
        world_from_set: The new world from the old one.
        root: Rest position of the root, metres.

    Returns:
        Rotation and displacement that put every vertex where ``world_from_set`` takes it.
    """
    # W(R(x − j) + j + t) = (Wr R)(x − j) + j + [W(j + t) − j]
    turn = world_from_set[:, :3, :3]
    turned = axis_angle_from_matrix(turn @ matrix_from_axis_angle(rotation))
    carried = (turn @ (root + translation)[..., None])[..., 0] + world_from_set[:, :3, 3]
    return turned, carried - root
