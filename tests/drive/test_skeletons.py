"""The record of a skeleton's motion."""

import torch

from incarnate.drive.skeletons import SkeletonMotion


def test_its_length_is_its_frames() -> None:
    motion = SkeletonMotion(
        names=("hips", "spine"),
        rest_joints=torch.zeros(2, 3),
        turns=torch.eye(3).expand(7, 2, 3, 3),
        positions=torch.zeros(7, 2, 3),
        fps=30.0,
    )
    assert len(motion) == 7
