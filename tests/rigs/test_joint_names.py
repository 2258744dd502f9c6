"""Joint names: known skeletons come to the same names, and a name's meaning depends on the rest."""

import pytest

from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.joint_names import SMPLX_BODY_JOINTS, SMPLX_JOINTS, smplx_names

_LEFT_LIMBS = (
    "left_hip", "left_knee", "left_ankle", "left_foot", "left_collar", "left_shoulder",
    "left_elbow", "left_wrist",
)  # fmt: skip
_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_SKELETONS = {
    "mixamo": "mixamorig:Hips mixamorig:Spine mixamorig:Spine1 mixamorig:Spine2 mixamorig:Neck "
    "mixamorig:Head mixamorig:LeftUpLeg mixamorig:LeftLeg mixamorig:LeftFoot mixamorig:LeftToeBase "
    "mixamorig:LeftShoulder mixamorig:LeftArm mixamorig:LeftForeArm mixamorig:LeftHand",
    "cmu": "Hips LowerBack Spine Spine1 Neck Head LeftUpLeg LeftLeg LeftFoot LeftToeBase "
    "LeftShoulder LeftArm LeftForeArm LeftHand",
    "asf": "root lowerback upperback thorax lowerneck head lfemur ltibia lfoot ltoes lclavicle "
    "lhumerus lradius lwrist",
    "vrm": "hips spine chest upperChest neck head leftUpperLeg leftLowerLeg leftFoot leftToes "
    "leftShoulder leftUpperArm leftLowerArm leftHand",
    "vroid": "J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck "
    "J_Bip_C_Head J_Bip_L_UpperLeg J_Bip_L_LowerLeg J_Bip_L_Foot J_Bip_L_ToeBase J_Bip_L_Shoulder "
    "J_Bip_L_UpperArm J_Bip_L_LowerArm J_Bip_L_Hand",
    "unreal": "pelvis spine_01 spine_02 spine_03 neck_01 head thigh_l calf_l foot_l ball_l "
    "clavicle_l upperarm_l lowerarm_l hand_l",
    "smpl": "Pelvis Spine1 Spine2 Spine3 Neck Head L_Hip L_Knee L_Ankle L_Foot L_Collar L_Shoulder "
    "L_Elbow L_Wrist",
}


@pytest.mark.parametrize("kind", _SKELETONS)
def test_known_skeletons_have_the_same_names(kind: str) -> None:
    assert smplx_names(_SKELETONS[kind].split()) == _TRUNK + _LEFT_LIMBS


def test_names_of_smplx_stay() -> None:
    assert smplx_names(SMPLX_JOINTS) == SMPLX_JOINTS
    assert smplx_names(SMPLX_BODY_JOINTS) == SMPLX_BODY_JOINTS
    assert smplx_names(default_body_rig().joint_names) == SMPLX_JOINTS


def test_a_shoulder_is_the_collar_bone_only_beside_an_arm() -> None:
    assert smplx_names(["LeftCollar", "LeftShoulder", "LeftElbow"]) == (
        "left_collar", "left_shoulder", "left_elbow",
    )  # fmt: skip
    assert smplx_names(["RightShoulder", "RightArm"]) == ("right_collar", "right_shoulder")


def test_a_foot_is_the_ball_only_beside_an_ankle() -> None:
    assert smplx_names(["RightAnkle", "RightFoot"]) == ("right_ankle", "right_foot")
    assert smplx_names(["RightFoot", "RightToeBase"]) == ("right_ankle", "right_foot")


def test_the_spine_is_named_by_order_and_its_last_carries_the_arms() -> None:
    assert smplx_names(["Hips", "Chest"]) == ("pelvis", "spine3")
    assert smplx_names(["Hips", "Spine", "Chest"]) == ("pelvis", "spine1", "spine3")
    five = smplx_names(["Hips", "Spine", "Spine1", "Spine2", "Spine3", "Spine4"])
    assert five[1] == "spine1"
    assert five[3] == "spine2"
    assert five[5] == "spine3"
    assert len(set(five)) == 6


def test_fingers_of_vrm_count_the_thumb_from_the_palm_if_it_has_a_metacarpal() -> None:
    assert smplx_names(["leftThumbMetacarpal", "leftThumbProximal", "leftThumbDistal"]) == (
        "left_thumb1", "left_thumb2", "left_thumb3",
    )  # fmt: skip
    assert smplx_names(["leftThumbProximal", "leftThumbIntermediate", "leftLittleDistal"]) == (
        "left_thumb1", "left_thumb2", "left_pinky3",
    )  # fmt: skip
    assert smplx_names(["RightHandMiddle2", "index_03_r", "LThumb"]) == (
        "right_middle2", "right_index3", "left_thumb1",
    )  # fmt: skip


def test_what_smplx_has_not_keeps_its_own_name() -> None:
    assert smplx_names(["LHipJoint", "Neck", "Neck1", "尾"]) == (
        "lefthipjoint", "neck", "neck1", "尾",
    )  # fmt: skip
    assert smplx_names(["hips", "hips"]) == ("pelvis", "hips")
