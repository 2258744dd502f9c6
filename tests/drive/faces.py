"""Small made motions for the tests of this room."""

from dataclasses import replace

import numpy as np
import torch

from incarnate.drive.arkit import ARKIT_CHANNELS, FaceRecording
from incarnate.rigs.rig import Pose, Rig, rest_pose


def recording_of(
    count: int = 1, fps: float = 60.0, **channels: "float | np.ndarray"
) -> FaceRecording:
    """A recording in which all channels but those named are zero; one value or one a frame."""
    values = np.zeros((count, len(ARKIT_CHANNELS)))
    for name, value in channels.items():
        values[:, ARKIT_CHANNELS.index(name)] = value
    return FaceRecording(36_000 + np.arange(count) / fps, values, fps)


def talking(rig: Rig, count: int = 40, seed: int = 0) -> Pose:
    """Expressions within [0, 1], small turns of all joints; the first quarter is at rest."""
    generator = torch.Generator().manual_seed(seed)
    pose = rest_pose(rig, count)
    active = (torch.arange(count) >= count // 4).float()[:, None]

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    joints = 0.3 * (drawn(count, rig.num_joints - 1, 3) - 0.5)
    jaw = rig.joint_index("jaw") - 1
    joints[:, jaw] = 0
    joints[:, jaw, 0] = 0.3 * drawn(count) * active[:, 0]
    expression = 0.8 * drawn(count, rig.num_expressions) * active
    expression[:, rig.expression_names.index("mouthClose")] = 0
    return replace(
        pose,
        root_rotation=0.1 * (drawn(count, 3) - 0.5),
        root_translation=0.1 * (drawn(count, 3) - 0.5),
        joint_rotations=joints,
        expression=expression,
    )


def assert_same_motion(actual: Pose, expected: Pose) -> None:
    """Equal up to the rounding of float32 rotations that were composed and taken apart again."""
    for name in ("root_rotation", "root_translation", "joint_rotations", "expression"):
        torch.testing.assert_close(
            getattr(actual, name), getattr(expected, name), atol=2e-6, rtol=0
        )
