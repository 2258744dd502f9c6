"""How an avatar begins to follow: what the driver is told, and what is learnt of them."""

from dataclasses import replace

import pytest
import torch
from tests.drive.faces import talking

from incarnate.drive.clips import Clip
from incarnate.drive.live_beginning import Beginning, begin
from incarnate.drive.live_clip import ClipSource
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose, rest_pose


def smiling(count: int, value: float) -> Pose:
    rig = default_head_rig()
    still = rest_pose(rig, count)
    smile = rig.expression_names.index("mouthSmileLeft")
    expression = still.expression.clone()
    expression[:, smile] = value
    return replace(still, expression=expression)


def test_the_drivers_neutral_is_learnt_while_they_hold_still() -> None:
    rig, said = default_head_rig(), []
    stage = talking(rig, 10, seed=1)
    beginning = Beginning("a phone", calibrate=0.1, cutoff=None)
    with ClipSource(Clip(smiling(60, 0.25), 60.0)) as live:
        follower = begin(
            live, rig, stage, beginning, tell=said.append,
            announce=lambda phase, text: said.append((phase, text)),
        )  # fmt: skip
    assert said == [
        ("waiting", "waiting for a phone"),
        ("calibrating", "hold still and look ahead for 0.1 s"),
    ]
    # The smile that they hold is their rest: on the avatar it is none.
    smile = rig.expression_names.index("mouthSmileLeft")
    at_rest = follower(smiling(1, 0.25)[0], 0.0)
    more = follower(smiling(1, 0.75)[0], 1.0)
    assert float(more.expression[smile] - at_rest.expression[smile]) == pytest.approx(0.5, abs=1e-5)


def test_without_calibration_motion_is_taken_as_it_is() -> None:
    rig, said = default_head_rig(), []
    with ClipSource(Clip(smiling(60, 0.25), 60.0)) as live:
        follower = begin(
            live, rig, rest_pose(rig, 2), Beginning("a file", 0.0, None), tell=said.append,
            announce=lambda phase, _: said.append(phase),
        )  # fmt: skip
    assert said == ["waiting"]
    pose = smiling(1, 0.75)[0]
    torch.testing.assert_close(follower(pose, 0.0).expression, pose.expression)


@pytest.mark.parametrize("seconds", [-1.0, 61.0, float("nan")])
def test_nobody_holds_still_for_ever(seconds: float) -> None:
    with pytest.raises(DriveError, match="give 0 to 60 seconds"):
        Beginning("a phone", calibrate=seconds)


def test_a_filter_that_there_cannot_be_is_refused_before_anybody_comes() -> None:
    with pytest.raises(DriveError, match="give a cut-off above zero"):
        Beginning("a phone", cutoff=-2.0)
