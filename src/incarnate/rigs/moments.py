"""Single poses of a motion that remember how they were reached."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from incarnate.rigs.rig import Pose, joined

PAST_SECONDS = 0.5
"""How far back a moment remembers."""
# Sums of frame times are not exact.
_REACH = PAST_SECONDS + 1e-6


def moment(poses: Pose, times: Sequence[float], index: int, clips: tuple[str, ...] = ()) -> Pose:
    """One pose of a motion, with the half second before it as far as its clip reaches back.

    Args:
        poses: The motion, batched in order of time.
        times: Seconds, one a pose.
        index: Which.
        clips: The clip each pose belongs to; empty if all are one clip.
    """
    pose, first = poses[index], clips.index(clips[index]) if clips else 0
    back = next((i for i in range(first, index) if times[index] - times[i] < _REACH), index)
    if back == index:
        return pose
    ago = torch.tensor([times[index] - times[i] for i in range(back, index)])
    return replace(pose, past=poses[back:index], past_seconds=ago.to(pose.root_rotation))


def moments(poses: Pose, fps: float, clips: tuple[str, ...] = ()) -> list[Pose]:
    """All poses of a motion at an even frame rate, each with its past (`moment`)."""
    times = [i / fps for i in range(len(poses))]
    return [moment(poses, times, i, clips) for i in range(len(poses))]


def with_past(pose: Pose) -> tuple[Pose, list[float]]:
    """A single pose and its past as one batch, and the seconds of each; now is zero."""
    now = pose.as_batch()
    if pose.past is None or pose.past_seconds is None:
        return now, [0.0]
    return joined([pose.past, now]), [*(-pose.past_seconds).tolist(), 0.0]
