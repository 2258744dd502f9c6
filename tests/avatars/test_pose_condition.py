from dataclasses import replace

import pytest
import torch

from incarnate.avatars.pose_condition import (
    ConditionModel,
    PoseCondition,
    make_pose_condition,
    remembered,
    without_fingers,
)
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.moments import moment, with_past
from incarnate.rigs.position_maps import PositionMaps, position_maps_of_rig
from incarnate.rigs.rig import Pose, rest_pose

FULL = ConditionModel(size=32, history=(1.0, 3.0), gravity=True)
# One frame a second.
TIMES = torch.arange(8.0)


@pytest.fixture(scope="module")
def maps() -> PositionMaps:
    rig = default_body_rig()
    return position_maps_of_rig(rig, 64, rest_pose(rig))


@pytest.fixture
def clip(generator: torch.Generator) -> Pose:
    """Eight frames of random limbs under a root that turns and wanders."""
    rig = default_body_rig()
    rest = rest_pose(rig, 8)
    noise = torch.randn(8, rig.num_joints - 1, 3, generator=generator)
    return replace(
        rest,
        joint_rotations=0.2 * noise,
        root_rotation=torch.randn(8, 3, generator=generator),
        root_translation=torch.randn(8, 3, generator=generator),
    )


def of_clip(maps: PositionMaps, model: ConditionModel, poses: Pose) -> torch.Tensor:
    return make_pose_condition(maps, model).of_clip(default_body_rig(), poses, TIMES)


def test_at_rest_it_is_the_painted_rest_surface_at_unit_scale(maps: PositionMaps) -> None:
    rig = default_body_rig()
    condition = make_pose_condition(maps, ConditionModel(size=64))
    values = condition.of_clip(rig, rest_pose(rig, 1), TIMES[:1])[0]
    expected = maps.paint((maps.rest_points - condition.center) / condition.scale)
    # Positions of 1 m in single precision.
    torch.testing.assert_close(values, expected, atol=1e-5, rtol=0)
    assert 0.8 < float(values.abs().max()) <= 1.0


def test_a_coarse_condition_averages_the_splats_of_each_pixel(maps: PositionMaps) -> None:
    coarse = make_pose_condition(maps, ConditionModel(size=32))
    fine = maps.paint(maps.rest_points)
    row, column = coarse.mask[1].nonzero()[7].tolist()
    block = (slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2))
    inside = fine[1][(slice(None), *block)][:, maps.mask[1][block]]
    index = int(coarse.mask[0].sum()) + 7
    torch.testing.assert_close(coarse.rest_points[index], inside.mean(1))
    torch.testing.assert_close(coarse.weights.sum(-1), torch.ones(len(coarse.weights)))


def test_root_motion_fingers_and_face_change_nothing(maps: PositionMaps, clip: Pose) -> None:
    rig = default_body_rig()
    fingers = clip.joint_rotations.clone()
    fingers[:, rig.joint_index("left_index2") - 1] += 1
    fingers[:, rig.joint_index("jaw") - 1] += 1
    other = replace(
        clip,
        root_rotation=clip.root_rotation.flip(0),
        root_translation=clip.root_translation + 5,
        joint_rotations=fingers,
        expression=torch.ones_like(clip.expression),
    )
    plain = ConditionModel(size=32)
    assert torch.equal(of_clip(maps, plain, clip), of_clip(maps, plain, other))
    assert float(without_fingers(rig, other).expression.abs().max()) == 0


def test_channels_are_position_motion_and_gravity(maps: PositionMaps, clip: Pose) -> None:
    full = of_clip(maps, FULL, clip)
    assert full.shape == (8, 2, FULL.num_channels, 32, 32)
    assert FULL.num_channels == 12
    torch.testing.assert_close(full[:, :, :3], of_clip(maps, ConditionModel(size=32), clip))
    # Nothing has moved before the first frame, but for the rounding of metres, ten times enlarged.
    assert float(full[0, :, 3:9].abs().max()) < 1e-5
    mask = make_pose_condition(maps, FULL).mask
    down = full[:, :, 9:].permute(0, 1, 3, 4, 2)[:, mask]
    torch.testing.assert_close(down.norm(dim=-1), torch.ones_like(down[..., 0]))
    assert not bool(full.permute(0, 1, 3, 4, 2)[:, ~mask].any())


def test_without_turning_motion_is_the_difference_of_positions(
    maps: PositionMaps, clip: Pose
) -> None:
    upright = replace(clip, root_rotation=torch.zeros_like(clip.root_rotation))
    condition = make_pose_condition(maps, FULL)
    values = condition.of_clip(default_body_rig(), upright, TIMES)
    moved = condition.scale / 0.1 * (values[3:, :, :3] - values[:-3, :, :3])
    # Differences of metres, ten times enlarged.
    torch.testing.assert_close(values[3:, :, 6:9], moved, atol=1e-4, rtol=0)
    lying = values[:, :, 9:].permute(0, 1, 3, 4, 2)[:, condition.mask]
    torch.testing.assert_close(lying, torch.tensor([0.0, -1.0, 0.0]).expand_as(lying))


def test_motion_sees_the_root_turn_but_not_its_path(maps: PositionMaps, clip: Pose) -> None:
    still = replace(clip, joint_rotations=torch.zeros_like(clip.joint_rotations))
    steady = replace(still, root_rotation=torch.zeros_like(clip.root_rotation))
    assert float(of_clip(maps, FULL, steady)[:, :, 3:9].abs().max()) < 1e-5  # Rounding of 1 m.
    assert float(of_clip(maps, FULL, still)[:, :, 3:9].abs().max()) > 1
    # The same turn seen from another side of the room is the same motion.
    assert torch.equal(
        of_clip(maps, FULL, still),
        of_clip(maps, FULL, replace(still, root_translation=still.root_translation + 1)),
    )


def test_motion_is_a_velocity_whatever_the_frame_rate(maps: PositionMaps) -> None:
    rig = default_body_rig()
    poses = rest_pose(rig, 7)
    poses.joint_rotations[:, rig.joint_index("left_shoulder") - 1, 2] = 0.01 * torch.arange(7.0)
    condition = make_pose_condition(maps, ConditionModel(size=32, history=(0.1,)))
    fast = condition.of_clip(rig, poses, 0.1 * torch.arange(7.0))
    # Every other frame is missing: the nearest is 0.2 s away.
    slow = condition.of_clip(rig, poses[::2], 0.2 * torch.arange(4.0))
    # An arm of half a metre turns by 0.01 rad a frame: a chord that is straight to 0.1 %.
    torch.testing.assert_close(slow[1:], fast[2::2], atol=1e-3, rtol=0)
    # The hand moves 4 mm a tenth of a second: 0.04 of the typical 10 cm.
    assert 0.03 < float(fast[1:, :, 3:].abs().max()) < 0.08


def test_history_stays_within_a_clip(maps: PositionMaps, clip: Pose) -> None:
    rig = default_body_rig()
    condition: PoseCondition = make_pose_condition(maps, FULL)
    names = ("a", "b", "a", "a", "b", "b", "b", "a")
    together = condition.of_frames(rig, clip, TIMES.tolist(), names)
    for name in ("a", "b"):
        rows = torch.tensor([row for row, other in enumerate(names) if other == name])
        assert torch.equal(together[rows], condition.of_clip(rig, clip[rows], TIMES[rows]))
    whole = condition.of_frames(rig, clip, TIMES.tolist())
    assert torch.equal(whole, condition.of_clip(rig, clip, TIMES))


def test_moments_see_what_their_clip_sees_where_two_frames_are_as_near(
    maps: PositionMaps, clip: Pose
) -> None:
    times = [90 + frame / 25 for frame in range(8)]
    model, rig = ConditionModel(size=32, history=(0.1,)), default_body_rig()
    condition = make_pose_condition(maps, model)
    whole = condition.of_frames(rig, clip, times)
    for index in range(8):
        poses, seconds = remembered(moment(clip, times, index), model.history)
        alone = condition.of_frames(rig, poses, seconds)[-1]
        # A minute and a half leaves single precision 8 µs of the 40 ms that motion is scaled by.
        torch.testing.assert_close(alone, whole[index], atol=1e-3, rtol=1e-3)


def test_sizes_that_do_not_nest_are_refused(maps: PositionMaps) -> None:
    with pytest.raises(AssertionError, match="has to be a multiple"):
        make_pose_condition(maps, ConditionModel(size=48))


@pytest.mark.parametrize("index", [0, 1, 4, 7])
def test_what_is_remembered_of_a_past_is_all_that_a_condition_looks_at(
    maps: PositionMaps, clip: Pose, index: int
) -> None:
    times = [0.07 * frame for frame in range(8)]
    model = ConditionModel(size=32, history=(0.1, 0.25))
    condition, rig = make_pose_condition(maps, model), default_body_rig()
    now = moment(clip, times, index)
    poses, seconds = remembered(now, model.history)
    assert len(poses) <= 3  # The pose, and one frame for each part of the history.
    torch.testing.assert_close(
        condition.of_frames(rig, poses, seconds)[-1],
        condition.of_frames(rig, *with_past(now))[-1],
    )
