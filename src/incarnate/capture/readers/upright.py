"""Which way is up in a set's world: some have y down, some z up; people stand."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.rotations import matrix_from_axis_angle


def upright(rotations: Float[Tensor, "frames 3"]) -> Float[Tensor, "4 4"]:
    """The turn by right angles that puts a person upright, facing +z as the clip begins.

    Right angles alone keep the set's floor level, however the person leans.

    Args:
        rotations: Axis-angle of the root in the set's world; at rest it is y up, facing +z.

    Returns:
        ``world_from_set``.
    """
    turned = matrix_from_axis_angle(rotations.double())
    up, forward = turned[:, :, 1].mean(0), turned[0, :, 2]

    def score(turn: Tensor) -> float:
        # Facing only decides among the four that are upright.
        return float(10 * (turn @ up)[1] + (turn @ forward)[2])

    result = torch.eye(4, dtype=torch.float64)
    result[:3, :3] = max(_right_angles(), key=score)
    return result


def _right_angles() -> list[Float[Tensor, "3 3"]]:
    """The 24 rotations of a cube; the one that changes nothing comes first."""
    turns = []
    for axes in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            turn = torch.zeros(3, 3, dtype=torch.float64)
            turn[range(3), axes] = torch.tensor(signs, dtype=torch.float64)
            if torch.linalg.det(turn) > 0:
                turns.append(turn)
    return turns
