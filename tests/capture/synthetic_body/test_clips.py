"""Clips: smooth, grounded, split by pose."""

import pytest
import torch

from incarnate.capture.synthetic_body.clips import CLIP_NAMES, make_clip
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.skinning import pose_rig


@pytest.mark.parametrize("name", CLIP_NAMES)
def test_clips_move_smoothly_and_stand_on_the_floor(name: str) -> None:
    rig = default_body_rig()
    clip = make_clip(rig, name, frames=24, seed=7, train=True)
    step = clip.poses.joint_rotations.diff(dim=0).norm(dim=-1).max(1).values
    # At eight poses a second no joint turns by more than 1 rad from one to the next.
    assert step.max() < 1.0
    assert clip.poses.joint_rotations.std(0).max() > 0.1
    for index in (0, 11):
        lowest = pose_rig(rig, clip.poses[index]).vertices[:, 1].min()
        assert abs(float(lowest)) < 1e-5


def test_one_pose_in_six_is_held_out() -> None:
    clip = make_clip(default_body_rig(), "walk", frames=24, seed=7, train=True)
    assert clip.splits.count("test") == 4
    assert [i for i, split in enumerate(clip.splits) if split == "test"] == [6, 7, 18, 19]
    other = make_clip(default_body_rig(), "dance", frames=5, seed=7, train=False)
    assert set(other.splits) == {"test"}


def test_seeds_draw_the_timing() -> None:
    rig = default_body_rig()
    one, same, other = (
        make_clip(rig, "reach", frames=3, seed=seed, train=True).poses for seed in (7, 7, 8)
    )
    assert torch.equal(one.joint_rotations, same.joint_rotations)
    assert (one.joint_rotations - other.joint_rotations).abs().max() > 0.05


def test_a_walk_mirrors_itself_half_a_stride_later() -> None:
    # Two strides in 24 frames: half a stride is six of them.
    rig = default_body_rig()
    joints = make_clip(rig, "walk", frames=24, seed=7, train=True).poses.joint_rotations
    mirror = torch.tensor([1.0, -1.0, -1.0])
    for joint in ("hip", "knee", "shoulder", "elbow"):
        left, right = (rig.joint_index(f"{side}_{joint}") - 1 for side in ("left", "right"))
        assert torch.allclose(joints[6:, right], mirror * joints[:-6, left], atol=1e-4)
