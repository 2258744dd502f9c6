"""Stick figures as rigs: CMU's bones in a slanting A-pose, with a few points around each joint."""

from dataclasses import replace

import torch

from incarnate.rigs.rig import Pose, Rig, rest_pose
from incarnate.rigs.skinning import world_from_rest_joints

# Name, parent, rest position: metres, y up, facing +z.
_TRUNK = (
    ("Hips", "", (0.0, 0.90, 0.0)),
    ("LowerBack", "Hips", (0.0, 0.98, -0.03)),
    ("Spine", "LowerBack", (0.0, 1.10, -0.02)),
    ("Spine1", "Spine", (0.0, 1.25, -0.01)),
    ("Neck", "Spine1", (0.0, 1.42, -0.02)),
    ("Neck1", "Neck", (0.0, 1.48, 0.0)),
    ("Head", "Neck1", (0.0, 1.54, 0.02)),
)
_LEFT = (
    ("LHipJoint", "Hips", (0.0, 0.90, 0.0)),
    ("LeftUpLeg", "LHipJoint", (0.10, 0.87, 0.0)),
    ("LeftLeg", "LeftUpLeg", (0.13, 0.48, 0.02)),
    ("LeftFoot", "LeftLeg", (0.16, 0.09, 0.0)),
    ("LeftToeBase", "LeftFoot", (0.17, 0.03, 0.13)),
    ("LeftShoulder", "Spine1", (0.03, 1.36, 0.0)),
    ("LeftArm", "LeftShoulder", (0.16, 1.34, 0.0)),
    ("LeftForeArm", "LeftArm", (0.31, 1.16, 0.0)),
    ("LeftHand", "LeftForeArm", (0.43, 1.02, 0.12)),
    ("LThumb", "LeftHand", (0.44, 1.00, 0.16)),
)


def cmu_body() -> Rig:
    """Twenty-seven joints in MakeHuman's ``cmu_mb`` names."""
    rows = list(_TRUNK)
    for name, parent, (x, y, z) in _LEFT:
        rows.append((name, parent, (x, y, z)))
        rows.append((_mirrored(name), _mirrored(parent), (-x, y, z)))
    names = [name for name, _, _ in rows]
    parents = [names.index(parent) if parent else -1 for _, parent, _ in rows]
    return stick_rig("cmu", names, parents, [place for _, _, place in rows])


def stick_rig(
    name: str, names: list[str], parents: list[int], joints: list[tuple[float, float, float]]
) -> Rig:
    """A rig with four vertices about each joint, which ride on it alone."""
    places = torch.tensor(joints, dtype=torch.float32)
    corners = 0.03 * torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]])
    count = len(names)
    vertices = (places[:, None] + corners).flatten(0, 1)
    faces = torch.tensor([[4 * i, 4 * i + 1, 4 * i + 2] for i in range(count)])
    return Rig(
        name=name,
        vertices=vertices,
        faces=faces,
        uv=torch.zeros(3, 2),
        uv_faces=torch.zeros_like(faces),
        parts=torch.zeros(4 * count, dtype=torch.long),
        part_names=("skin",),
        shape_basis=torch.zeros(0, 4 * count, 3),
        shape_names=(),
        expression_basis=torch.zeros(0, 4 * count, 3),
        expression_names=(),
        joints=places,
        joint_shape_basis=torch.zeros(0, count, 3),
        joint_names=tuple(names),
        parents=tuple(parents),
        skinning_weights=torch.eye(count).repeat_interleave(4, 0),
    )


def turned_rig(rig: Rig, rotation: torch.Tensor) -> Rig:
    """The same body in other axes: ``rotation`` takes the old ones to the new."""
    return replace(rig, vertices=rig.vertices @ rotation.T, joints=rig.joints @ rotation.T)


def posed_joints(rig: Rig, pose: Pose | None = None) -> dict[str, torch.Tensor]:
    """World position of each joint by name, at rest if no pose is given."""
    world = world_from_rest_joints(rig, rest_pose(rig) if pose is None else pose)
    at = (world[..., :3, :3] @ rig.joints[..., None])[..., 0] + world[..., :3, 3]
    return dict(zip(rig.joint_names, at.unbind(-2), strict=True))


def _mirrored(name: str) -> str:
    if name.startswith("Left"):
        return name.replace("Left", "Right", 1)
    return name.replace("L", "R", 1) if name in ("LHipJoint", "LThumb") else name
