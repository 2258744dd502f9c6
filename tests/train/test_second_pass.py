"""A small avatar of the training frames brings poses nearer to the truth."""

import math
from dataclasses import replace
from pathlib import Path

import torch
from tests.avatars.people import write_painted_capture

from incarnate.avatars.head import HeadModel
from incarnate.capture.capture import Track
from incarnate.capture.tracks import load_track
from incarnate.rigs.rig import Pose
from incarnate.rigs.skinning import world_from_rest_joints
from incarnate.train.pose_alignment import AlignmentSettings
from incarnate.train.recipes import SMOKE
from incarnate.train.second_pass import second_pass

TINY = replace(
    SMOKE, steps=60, coarse_steps=20, size=48, surface_splats=1500, silhouette_splats=0,
    max_splats=1500, model=HeadModel(num_codes=4, bases="frozen", shadows="off"),
)  # fmt: skip
"""Without learned bases, which on two dozen frames would learn the nods away."""


def nods_off(true: Track, poses: Pose) -> torch.Tensor:
    """How far each frame's head nods more than it does in truth, about the head's own axis, rad.

    A share that all frames have in common is the avatar's to choose.
    """
    head = true.rig.joint_index("head")
    turns = [
        world_from_rest_joints(true.rig, each)[:, head, :3, :3] for each in (true.poses, poses)
    ]
    relative = turns[0].transpose(-1, -2) @ turns[1]
    return torch.atan2(relative[:, 2, 1], relative[:, 2, 2])


def test_nods_that_tracking_missed_are_found(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "painted", size=48, num_frames=24)
    track = load_track(capture)
    # Nods of four degrees that the track does not have, in training and test frames.
    missed = 0.07 * torch.sin(2 * math.pi * torch.arange(24) / 12)
    joints = track.poses.joint_rotations.clone()
    joints[:, track.rig.joint_index("head") - 1, 0] += missed
    wrong = replace(track, poses=replace(track.poses, joint_rotations=joints))
    told: list[str] = []
    # Every pixel of so small a picture counts.
    settings = AlignmentSettings(size=48, correlation=2.0)
    better = second_pass(
        capture, wrong, recipe=TINY, settings=settings,
        progress=lambda done, total, text: told.append(text),
    )  # fmt: skip
    before, after = (nods_off(track, poses).std() for poses in (wrong.poses, better.poses))
    # Four in ten are found by this little avatar, which learned from the wrong poses.
    assert after < 0.7 * before
    assert torch.equal(better.poses.expression, track.poses.expression)
    assert told[-1] == "aligning poses with the avatar"
