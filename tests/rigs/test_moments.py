import pytest
import torch
from tests.rigs.tiny import make_rig

from incarnate.rigs.moments import moment, moments, with_past
from incarnate.rigs.rig import Pose, rest_pose


@pytest.fixture
def motion(generator: torch.Generator) -> Pose:
    pose = rest_pose(make_rig(generator), 20)
    pose.root_translation[:, 0] = torch.arange(20.0)
    return pose


def test_a_moment_remembers_half_a_second_of_its_own_clip(motion: Pose) -> None:
    times = [0.1 * i for i in range(20)]
    now = moment(motion, times, 12, ("walk",) * 10 + ("jump",) * 10)
    assert now.past is not None
    assert now.past_seconds is not None
    assert now.past.root_translation[:, 0].tolist() == [10.0, 11.0]
    assert now.past_seconds.tolist() == pytest.approx([0.2, 0.1])
    long = moment(motion, times, 12)
    assert long.past is not None
    assert len(long.past) == 5


def test_a_first_frame_has_no_past(motion: Pose) -> None:
    assert moments(motion, 25.0)[0].past is None
    every = moments(motion, 25.0, ("walk",) * 12 + ("jump",) * 8)
    pasts = [0 if now.past is None else len(now.past) for now in every]
    # Half a second at 25 a second is twelve frames back; the second clip begins anew.
    assert pasts == [*range(12), *range(8)]


def test_past_and_present_join_in_order_of_time(motion: Pose) -> None:
    joined, seconds = with_past(moments(motion, 10.0)[7])
    assert joined.root_translation[:, 0].tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert seconds == pytest.approx([-0.5, -0.4, -0.3, -0.2, -0.1, 0.0])
    alone, seconds = with_past(motion[3])
    assert len(alone) == 1
    assert seconds == [0.0]


def test_an_indexed_batch_forgets(motion: Pose) -> None:
    now = moments(motion, 10.0)[7]
    assert now.as_batch().past is None
    assert now.as_batch()[0].past is None
