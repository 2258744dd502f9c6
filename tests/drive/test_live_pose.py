"""Live frames on rigs: faces as recordings do, bones as motion files do."""

import numpy as np
import pytest
import torch
from tests.drive.faces import recording_of
from tests.drive.senders import blend, bones, bundle, degrees_between, osc, t_posed_offsets, turn

from incarnate.drive.live import Bone, LiveFrame
from incarnate.drive.live_pose import Poser, skeleton_of
from incarnate.drive.retargeting import clip_from_arkit
from incarnate.drive.vmc import BONE_PARENTS, VmcDecoder
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_body_rig, default_head_rig
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import world_from_rest_joints


def sent(*packets: bytes) -> LiveFrame:
    decoder = VmcDecoder()
    frames = [decoder.decode(packet, 0.0) for packet in packets]
    frame = decoder.flush(1.0) or frames[-1]
    assert frame is not None
    return frame


def joint(rig: Rig, name: str) -> int:
    return rig.joint_index(name) - 1


@pytest.mark.parametrize("rig", [default_head_rig(), default_body_rig()], ids=["head", "body"])
def test_a_face_is_that_of_a_recording(rig: Rig) -> None:
    recording = recording_of(jawOpen=0.5, mouthSmileLeft=0.25, headYaw=0.2, eyeLookUpLeft=0.5)
    expected = clip_from_arkit(recording, rig).poses[0]
    actual = Poser(rig)(LiveFrame(0.0, face=recording.values[0]))
    for name in ("root_rotation", "root_translation", "joint_rotations", "expression"):
        assert torch.equal(getattr(actual, name), getattr(expected, name))


def test_a_t_pose_is_a_t_pose() -> None:
    rig, offsets = default_body_rig(), t_posed_offsets()
    pose = Poser(rig)(sent(bones(offsets=offsets)))
    world = world_from_rest_joints(rig, pose).double()
    places = (world[:, :3, :3] @ rig.joints.double()[..., None])[..., 0] + world[:, :3, 3]
    for side in ("Left", "Right"):
        for start, end, bone in (
            ("shoulder", "elbow", "LowerArm"),
            ("elbow", "wrist", "Hand"),
            ("hip", "knee", "LowerLeg"),
            ("knee", "ankle", "Foot"),
        ):
            first, last = (rig.joint_index(f"{side.lower()}_{name}") for name in (start, end))
            seen = torch.nn.functional.normalize(places[last] - places[first], dim=0)
            sent_way = torch.nn.functional.normalize(torch.from_numpy(offsets[side + bone]), dim=0)
            # Poses are float32 axis-angles, up to 0.8 rad.
            torch.testing.assert_close(seen, sent_way, atol=1e-5, rtol=0)


@pytest.mark.parametrize("offsets", [None, t_posed_offsets(), t_posed_offsets(0.5)])
def test_turns_are_those_of_the_model_whatever_its_size(
    offsets: dict[str, np.ndarray] | None,
) -> None:
    rig = default_body_rig()
    poser = Poser(rig)
    rest = poser(sent(bones(offsets=offsets)))
    turns = {"Hips": turn(y=0.5), "LeftLowerArm": turn(y=-0.6), "RightUpperLeg": turn(x=-0.4)}
    pose = poser(sent(bones(turns, offsets=offsets)))
    assert degrees_between(pose.root_rotation, torch.tensor([0.0, 0.5, 0.0])) < 0.01
    for bone, name in (("LeftLowerArm", "left_elbow"), ("RightUpperLeg", "right_hip")):
        angle = (pose.joint_rotations - rest.joint_rotations)[joint(rig, name)].norm()
        assert float(angle) == pytest.approx(np.abs(turns[bone].as_rotvec()).max(), abs=0.02)
    still = joint(rig, "right_elbow")
    torch.testing.assert_close(
        pose.joint_rotations[still], rest.joint_rotations[still], atol=1e-5, rtol=0
    )


def test_a_step_is_scaled_by_the_legs() -> None:
    rig, offsets = default_body_rig(), t_posed_offsets(0.5)
    poser = Poser(rig)
    first = poser(sent(bones(offsets=offsets, hips=(0.0, 0.5, 0.0))))
    second = poser(sent(bones(offsets=offsets, hips=(0.1, 0.5, 0.2))))
    step = second.root_translation - first.root_translation
    torch.testing.assert_close(step, torch.tensor([0.2, 0.0, 0.4]), atol=1e-4, rtol=0)


def test_a_head_takes_what_it_has() -> None:
    rig = default_head_rig()
    frame = sent(
        bones({"Hips": turn(y=0.2), "Head": turn(x=0.3), "LeftEye": turn(y=0.1)}),
        blend(JawOpen=0.5, mouthSmileLeft=0.75, eyeLookInRight=1.0),
    )
    pose = Poser(rig)(frame)
    assert degrees_between(pose.root_rotation, torch.tensor([0.0, 0.2, 0.0])) < 0.01
    turned = pose.joint_rotations
    assert degrees_between(turned[joint(rig, "head")], torch.tensor([0.3, 0.0, 0.0])) < 0.01
    assert degrees_between(turned[joint(rig, "left_eye_smplhf")], torch.tensor([0, 0.1, 0])) < 0.01
    # Eyes that are sent as bones are not turned by blendshapes too; the jaw's bone is at rest.
    assert degrees_between(turned[joint(rig, "right_eye_smplhf")], torch.zeros(3)) < 0.01
    assert float(turned[joint(rig, "jaw"), 0]) > 0.1
    assert pose.expression[rig.expression_names.index("mouthSmileLeft")] == 0.75


def test_a_model_without_upper_chest_moves_chest_and_neck() -> None:
    rig = default_body_rig()
    still, bent = (1.0, 0.0, 0.0, 0.0), (0.98, 0.199, 0.0, 0.0)
    few = {"Hips": still, "Spine": still, "Chest": bent, "Neck": still, "Head": still}
    frame = LiveFrame(0.0, bones={name: Bone((0.0, 0.2, 0.0), q) for name, q in few.items()})
    pose = Poser(rig)(frame)
    turned = world_from_rest_joints(rig, pose)[rig.joint_index("head"), :3, :3]
    assert float(turned[1, 1]) == pytest.approx(np.cos(2 * np.arcsin(0.199)), abs=1e-2)


def test_another_model_is_fitted_anew() -> None:
    rig = default_body_rig()
    poser = Poser(rig)
    poser(sent(bones(offsets=t_posed_offsets())))
    arms_down = t_posed_offsets()
    for side, sign in (("Left", 1), ("Right", -1)):
        arms_down[f"{side}LowerArm"] = np.array([sign * 0.05, -0.25, 0.0])
        arms_down[f"{side}Hand"] = np.array([sign * 0.05, -0.25, 0.0])
    pose = poser(sent(bones(offsets=arms_down)))
    fresh = Poser(rig)(sent(bones(offsets=arms_down)))
    assert torch.equal(pose.joint_rotations, fresh.joint_rotations)


def test_no_bones_are_an_error_with_advice() -> None:
    with pytest.raises(DriveError, match="switch on the bones in the sender"):
        skeleton_of({})


def test_legs_that_point_nowhere_are_replaced() -> None:
    head = osc("/VMC/Ext/Bone/Pos", "LeftLowerLeg", 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 1.0)
    frame = sent(bundle(head, osc("/VMC/Ext/Bone/Pos", "Hips", *(0.0,) * 6, 1.0)))
    assert frame.bones is not None
    assert set(frame.bones) < set(BONE_PARENTS)
    skeleton = skeleton_of(frame.bones)
    assert skeleton.rest_joints[1, 1] < skeleton.rest_joints[0, 1]
