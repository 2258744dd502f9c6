"""Clips: what smoothing keeps, what it takes away, and what it refuses."""

import math
from dataclasses import replace

import pytest
import torch
from tests.drive.faces import assert_same_motion, talking

from incarnate.drive.clips import Clip, in_turn
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import rest_pose
from incarnate.tracking.smoothing import jitter


def test_a_still_clip_stays_as_it_is() -> None:
    still = talking(default_head_rig(), 20)[torch.full((20,), 7)]
    assert_same_motion(Clip(still, 30.0).smoothed(1.0).poses, still)


def test_a_lower_cutoff_is_calmer_and_the_first_frame_stays() -> None:
    rig = default_head_rig()
    rest = rest_pose(rig, 120)
    noise = 0.02 * torch.randn(120, rig.num_expressions)
    clip = Clip(replace(rest, expression=0.3 + noise), 30.0)
    trembling = [
        jitter(poses.expression[..., None].numpy())
        for poses in (clip.poses, clip.smoothed(4.0).poses, clip.smoothed(1.0).poses)
    ]
    # A first-order low-pass at 4 Hz, 30 frames a second, leaves half of white noise's second
    # difference; at 1 Hz a sixth.
    assert trembling[1] < 0.6 * trembling[0]
    assert trembling[2] < 0.5 * trembling[1]
    torch.testing.assert_close(clip.smoothed(1.0).poses.expression[0], clip.poses.expression[0])


def test_a_quick_turn_passes() -> None:
    rest = rest_pose(default_head_rig(), 60)
    turn = torch.zeros(60, 3)
    turn[:, 1] = 0.5 * torch.sin(torch.arange(60) / 60 * 2 * math.pi)
    clip = Clip(replace(rest, root_rotation=turn, root_translation=0.1 * turn), 60.0)
    smooth = clip.smoothed(2.0).poses
    # The filter opens to some 5 Hz at this speed: it lags by 1 / (2π · 5 Hz), about 0.1 rad.
    assert (smooth.root_rotation - turn).abs().max() < 0.12
    assert (smooth.root_translation - 0.1 * turn).abs().max() < 0.012
    assert smooth.root_rotation[:, 0].abs().max() == 0


@pytest.mark.parametrize("cutoff", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_cutoff_is_refused(cutoff: float) -> None:
    clip = Clip(rest_pose(default_head_rig(), 3), 30.0)
    with pytest.raises(DriveError, match="give a cut-off above zero, such as 2"):
        clip.smoothed(cutoff)


def test_motions_that_are_put_together_stay_apart() -> None:
    motion = talking(default_head_rig(), 24)
    walk, jump = (Clip(motion[frames], 25.0) for frames in (slice(10), slice(10, 24)))
    both = in_turn([replace(walk, names=("walk",) * 10), replace(jump, names=("jump",) * 14)])
    assert_same_motion(both.poses, motion)
    first = both.moments()[10]
    assert first.past is None
    # The filter starts anew, too: each is calmed as it is alone.
    calm = both.smoothed(1.0)
    assert_same_motion(calm.poses[:10], walk.smoothed(1.0).poses)
    assert_same_motion(calm.poses[10:], jump.smoothed(1.0).poses)
    assert calm.names == both.names
    cut = both[8:12]
    assert cut.names == ("walk",) * 2 + ("jump",) * 2
    assert [now.past is None for now in cut.moments()] == [True, False, True, False]


def test_a_motion_without_a_name_hides_where_others_begin() -> None:
    clip = Clip(rest_pose(default_head_rig(), 3), 25.0)
    assert in_turn([replace(clip, names=("a",) * 3), clip]).names == ()
    with pytest.raises(AssertionError, match="several rates"):
        in_turn([clip, replace(clip, fps=30.0)])
