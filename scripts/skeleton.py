"""MakeHuman's 163 bones collapsed to the 55 joints of SMPL-X."""

import re

import numpy as np
from makehuman import BaseMesh

_FINGERS = {"index": 2, "middle": 3, "pinky": 5, "ring": 4, "thumb": 1}

# Name, parent, and the MakeHuman cubes or vertex groups whose mean is the joint.
_AXIAL = [
    ("pelvis", "", ["joint-pelvis"]),
    ("left_hip", "pelvis", ["joint-l-upper-leg"]),
    ("right_hip", "pelvis", ["joint-r-upper-leg"]),
    ("spine1", "pelvis", ["joint-spine-4"]),
    ("left_knee", "left_hip", ["joint-l-knee"]),
    ("right_knee", "right_hip", ["joint-r-knee"]),
    ("spine2", "spine1", ["joint-spine-3"]),
    ("left_ankle", "left_knee", ["joint-l-ankle"]),
    ("right_ankle", "right_knee", ["joint-r-ankle"]),
    ("spine3", "spine2", ["joint-spine-2"]),
    ("left_foot", "left_ankle", [f"joint-l-toe-{toe}-1" for toe in range(1, 6)]),
    ("right_foot", "right_ankle", [f"joint-r-toe-{toe}-1" for toe in range(1, 6)]),
    ("neck", "spine3", ["joint-neck"]),
    ("left_collar", "spine3", ["joint-l-clavicle"]),
    ("right_collar", "spine3", ["joint-r-clavicle"]),
    ("head", "neck", ["joint-head"]),
    ("left_shoulder", "left_collar", ["joint-l-shoulder"]),
    ("right_shoulder", "right_collar", ["joint-r-shoulder"]),
    ("left_elbow", "left_shoulder", ["joint-l-elbow"]),
    ("right_elbow", "right_shoulder", ["joint-r-elbow"]),
    ("left_wrist", "left_elbow", ["joint-l-hand"]),
    ("right_wrist", "right_elbow", ["joint-r-hand"]),
    ("jaw", "head", ["joint-mouth"]),
    ("left_eye_smplhf", "head", ["helper-l-eye"]),
    ("right_eye_smplhf", "head", ["helper-r-eye"]),
]


def _finger_joints() -> list[tuple[str, str, list[str]]]:
    joints = []
    for side in ("left", "right"):
        for finger, number in _FINGERS.items():
            parent = f"{side}_wrist"
            for segment in (1, 2, 3):
                name = f"{side}_{finger}{segment}"
                joints.append((name, parent, [f"joint-{side[0]}-finger-{number}-{segment}"]))
                parent = name
    return joints


JOINTS = _AXIAL + _finger_joints()
JOINT_NAMES = tuple(name for name, _, _ in JOINTS)
JOINT_PARENTS = tuple(JOINT_NAMES.index(parent) if parent else -1 for _, parent, _ in JOINTS)

# The first pattern that matches a bone decides; {side} is left or right by the bone's suffix.
_BONES = [
    (r"(root|pelvis|spine05).*", "pelvis"),
    (r"spine04", "spine1"),
    (r"spine03", "spine2"),
    (r"(spine02|spine01|breast).*", "spine3"),
    (r"neck\d+", "neck"),
    (r"(clavicle|shoulder01).*", "{side}_collar"),
    (r"upperarm.*", "{side}_shoulder"),
    (r"lowerarm.*", "{side}_elbow"),
    (r"(wrist|metacarpal).*", "{side}_wrist"),
    (r"upperleg.*", "{side}_hip"),
    (r"lowerleg.*", "{side}_knee"),
    (r"foot.*", "{side}_ankle"),
    (r"toe.*", "{side}_foot"),
    (r"eye\..*", "{side}_eye_smplhf"),
    *((rf"finger{number}-(\d).*", f"{{side}}_{name}\\1") for name, number in _FINGERS.items()),
]


def joint_of_bone(bone: str, parents: dict[str, str]) -> str:
    """The SMPL-X joint that takes over a MakeHuman bone."""
    side = "left" if bone.endswith(".L") else "right"
    for pattern, joint in _BONES:
        match = re.fullmatch(pattern, bone)
        if match:
            return match.expand(joint).format(side=side)
    # What is left are bones of the face: on the jaw, or on the head.
    while bone not in ("jaw", "head"):
        bone = parents[bone]
    return bone


def joint_weights(columns: dict[str, np.ndarray], parents: dict[str, str]) -> np.ndarray:
    """Skinning weights (vertices, joints): the bones of each joint added up."""
    weights = np.zeros((len(next(iter(columns.values()))), len(JOINT_NAMES)))
    for bone, column in columns.items():
        weights[:, JOINT_NAMES.index(joint_of_bone(bone, parents))] += column
    return weights


def joint_positions(mesh: BaseMesh, vertices: np.ndarray) -> np.ndarray:
    """Joints (joints, 3) of a shape, linear in its vertices (all of them, helpers too)."""
    return np.stack(
        [
            np.mean([vertices[mesh.group_vertices(g)].mean(0) for g in groups], axis=0)
            for _, _, groups in JOINTS
        ]
    )
