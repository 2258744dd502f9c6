"""The canonical pose: bone directions, whatever the rest pose, the names and the axes."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.rigs.bodies import cmu_body, posed_joints, stick_rig, turned_rig

from incarnate.errors import RigError
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.canonical import (
    LEG_SPREAD,
    body_axes,
    canonical_pose,
    is_body,
    limbs_pose,
    turn_between,
)
from incarnate.rigs.embedded import default_body_rig, default_head_rig
from incarnate.rigs.joint_names import smplx_names
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import pose_rig, world_from_rest_joints

# Our rigs are float32: a direction of bones of 0.2 m is known to 1e-6 at best.
_CLOSE = 2e-5
_Z_UP = torch.tensor([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])


def _direction(places: dict[str, torch.Tensor], start: str, end: str) -> torch.Tensor:
    return torch.nn.functional.normalize(places[end] - places[start], dim=-1)


def _places(rig: Rig) -> dict[str, torch.Tensor]:
    renamed = replace(rig, joint_names=smplx_names(rig.joint_names))
    return posed_joints(renamed, canonical_pose(rig))


@pytest.mark.parametrize("make", [default_body_rig, cmu_body])
def test_arms_are_straight_out_and_legs_apart(make: Callable[[], Rig]) -> None:
    places = _places(make())
    for side, sign in (("left", 1.0), ("right", -1.0)):
        out = torch.tensor([sign, 0.0, 0.0])
        for start, end in (("shoulder", "elbow"), ("elbow", "wrist")):
            bone = _direction(places, f"{side}_{start}", f"{side}_{end}")
            torch.testing.assert_close(bone, out, atol=_CLOSE, rtol=0)
        leg = _direction(places, f"{side}_hip", f"{side}_ankle")
        apart = torch.tensor([sign * math.sin(LEG_SPREAD), -math.cos(LEG_SPREAD), 0.0])
        torch.testing.assert_close(leg, apart, atol=_CLOSE, rtol=0)


def test_the_hands_of_the_default_body_go_on_from_the_arms() -> None:
    places = _places(default_body_rig())
    hand = _direction(places, "left_wrist", "left_middle1")
    torch.testing.assert_close(hand, torch.tensor([1.0, 0.0, 0.0]), atol=_CLOSE, rtol=0)
    finger = _direction(places, "left_middle1", "left_middle3")
    assert finger[0] > 0.9  # fingers rest a little bent: within 25° of straight


def test_the_trunk_rests_and_the_face_is_neutral() -> None:
    rig = default_body_rig()
    pose = canonical_pose(rig)
    turns = pose.joint_rotations.norm(dim=-1)
    moved = {name for name, turn in zip(rig.joint_names[1:], turns, strict=True) if turn > 1e-6}
    assert moved == {f"{side}_{joint}" for side in ("left", "right")
                     for joint in ("hip", "shoulder", "elbow", "wrist")}  # fmt: skip
    assert pose.root_rotation.abs().max() == 0
    assert pose.root_translation.abs().max() == 0
    assert pose.expression.abs().max() == 0


def test_the_pose_is_as_symmetric_as_the_rig() -> None:
    rig = default_body_rig()
    places = _places(rig)
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    for name, place in places.items():
        other = places[name.replace("left", "RIGHT").replace("right", "left").lower()]
        # The baked joints are symmetric to a tenth of a millimetre.
        torch.testing.assert_close(place * mirror, other, atol=5e-4, rtol=0)


def test_other_axes_give_the_same_body() -> None:
    rig = cmu_body()
    other = turned_rig(rig, _Z_UP)
    torch.testing.assert_close(body_axes(rig), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(body_axes(other), _Z_UP.double().T)
    straight = pose_rig(rig, canonical_pose(rig)).vertices
    turned = pose_rig(other, canonical_pose(other)).vertices
    torch.testing.assert_close(turned, straight @ _Z_UP.T, atol=_CLOSE, rtol=0)


def test_no_spread_gives_a_t_pose() -> None:
    rig = default_body_rig()
    places = posed_joints(rig, limbs_pose(rig, leg_spread=0.0))
    down = _direction(places, "right_hip", "right_ankle")
    torch.testing.assert_close(down, torch.tensor([0.0, -1.0, 0.0]), atol=_CLOSE, rtol=0)


def test_the_captured_body_of_the_test_data(shared_data: Path) -> None:
    file = shared_data / "captures" / "body" / "body_model.npz"
    if not file.is_file():
        pytest.skip("the simulated body is absent")
    with np.load(file, allow_pickle=False) as model:
        rig = stick_rig(
            "simulated",
            [str(name) for name in model["bones"]],
            [int(parent) for parent in model["parent"]],
            [(float(x), float(y), float(z)) for x, y, z in model["joints"]],
        )
    places = _places(rig)  # z up, facing −y: the subject's left is still +x
    arm = _direction(places, "left_shoulder", "left_elbow")
    torch.testing.assert_close(arm, torch.tensor([1.0, 0.0, 0.0]), atol=_CLOSE, rtol=0)
    leg = _direction(places, "right_hip", "right_ankle")
    apart = torch.tensor([-math.sin(LEG_SPREAD), 0.0, -math.cos(LEG_SPREAD)])
    torch.testing.assert_close(leg, apart, atol=_CLOSE, rtol=0)


def test_a_head_has_no_canonical_body_pose() -> None:
    assert is_body(cmu_body())
    assert not is_body(default_head_rig())
    with pytest.raises(RigError, match=r"left_hip.*give a whole body"):
        canonical_pose(default_head_rig())


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_the_turn_between_directions_takes_one_to_the_other(numbers: list[float]) -> None:
    source = torch.tensor(numbers[:3], dtype=torch.float64) + torch.tensor([0, 0, 1.5])
    target = torch.tensor(numbers[3:], dtype=torch.float64) - torch.tensor([0, 0, 1.5])
    turned = turn_between(source, target) @ torch.nn.functional.normalize(source, dim=-1)
    # Near opposite directions half of the digits of float64 are left.
    torch.testing.assert_close(
        turned, torch.nn.functional.normalize(target, dim=-1), atol=1e-7, rtol=0
    )


def test_opposite_directions_turn_by_half_a_circle() -> None:
    up = torch.tensor([0.0, 1.0, 0.0])
    torch.testing.assert_close(turn_between(up, -up) @ up, -up, atol=1e-6, rtol=0)
    torch.testing.assert_close(turn_between(up, up), torch.eye(3))


def test_joints_of_the_pose_are_rotations_of_its_skinning_matrices() -> None:
    rig = cmu_body()
    pose = canonical_pose(rig)
    arm = rig.joint_index("LeftArm")
    world = world_from_rest_joints(rig, pose)[arm, :3, :3]
    local = matrix_from_axis_angle(pose.joint_rotations[arm - 1])
    torch.testing.assert_close(world, local)  # what is above the arm rests
