"""Motion files written from poses of a rig, and random poses that a body could take."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from incarnate.rigs.rig import Pose, Rig
from incarnate.splats.files.gltf_container import GlbWriter


def lively(rig: Rig, frames: int, seed: int = 3) -> Pose:
    """Random turns of every joint, a walk of the root; no expression."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(frames, *shape, generator=generator)

    return Pose(
        root_rotation=0.5 * normal(3),
        root_translation=0.3 * normal(3),
        joint_rotations=0.4 * normal(rig.num_joints - 1, 3),
        expression=torch.zeros(frames, rig.num_expressions),
        expression_names=rig.expression_names,
    )


def write_bvh(
    rig: Rig, poses: Pose, path: Path, *, order: str = "ZXY", scale: float = 1.0, fps: float = 30.0
) -> Path:
    """A plain writer: rest joints as offsets, rotations in degrees in the given order."""
    joints = scale * rig.joints.double().numpy()
    turns = torch.cat([poses.root_rotation[:, None], poses.joint_rotations], 1).double().numpy()
    lines, visited = ["HIERARCHY"], []

    def block(joint: int, depth: int) -> None:
        visited.append(joint)
        parent = rig.parents[joint]
        offset = joints[joint] - (joints[parent] if parent >= 0 else 0)
        pad = "  " * depth
        lines.append(f"{pad}{'JOINT' if parent >= 0 else 'ROOT'} {rig.joint_names[joint]}")
        lines.append(f"{pad}{{")
        lines.append(f"{pad}  OFFSET {' '.join(f'{value:.9f}' for value in offset)}")
        rotations = [f"{axis}rotation" for axis in order]
        places = [] if parent >= 0 else ["Xposition", "Yposition", "Zposition"]
        channels = places + rotations
        lines.append(f"{pad}  CHANNELS {len(channels)} {' '.join(channels)}")
        children = [index for index, other in enumerate(rig.parents) if other == joint]
        for child in children:
            block(child, depth + 1)
        if not children:
            lines.extend(
                [f"{pad}  End Site", f"{pad}  {{", f"{pad}    OFFSET 0 0 0.1", f"{pad}  }}"]
            )
        lines.append(f"{pad}}}")

    block(0, 0)
    lines += ["MOTION", f"Frames: {len(poses)}", f"Frame Time: {1 / fps:.9f}"]
    roots = joints[0] + scale * poses.root_translation.double().numpy()
    for frame in range(len(poses)):
        angles = [
            Rotation.from_rotvec(turns[frame, joint]).as_euler(order, degrees=True)
            for joint in visited
        ]
        row = np.concatenate([roots[frame], *angles])
        lines.append(" ".join(f"{value:.9f}" for value in row))
    path.write_text("\n".join(lines) + "\n")
    return path


def gltf_of(rig: Rig, poses: Pose, *, fps: float = 30.0) -> tuple[GlbWriter, dict[str, Any]]:
    """A skin's joints and a linear animation, under an armature that lies on its back."""
    writer = GlbWriter()
    count = rig.num_joints
    parents = rig.parents
    offsets = [
        rig.joints[j] - (rig.joints[parents[j]] if parents[j] >= 0 else 0) for j in range(count)
    ]
    # And is a hundredth, so that bones are in centimetres: as Blender and Mixamo export.
    nodes: list[dict[str, Any]] = [
        {
            "name": rig.joint_names[j],
            "translation": offsets[j].double().tolist(),
            "children": [k for k, parent in enumerate(parents) if parent == j],
        }
        for j in range(count)
    ]
    tilt = Rotation.from_euler("X", -90, degrees=True)
    for node in nodes[:1]:
        place = 100 * tilt.inv().apply(np.array(node["translation"]))
        node["translation"] = place.tolist()
        node["rotation"] = tilt.inv().as_quat().tolist()
        node["scale"] = [100.0, 100.0, 100.0]
    nodes.append({
        "name": "Armature", "children": [0], "rotation": tilt.as_quat().tolist(),
        "scale": [0.01, 0.01, 0.01],
    })  # fmt: skip
    times = writer.add_accessor((np.arange(len(poses)) / fps).astype(np.float32), bounds=True)
    turns = torch.cat([poses.root_rotation[:, None], poses.joint_rotations], 1).double().numpy()
    samplers, channels = [], []

    def add(joint: int, path: str, values: np.ndarray) -> None:
        output = writer.add_accessor(values.astype(np.float32))
        channels.append({"sampler": len(samplers), "target": {"node": joint, "path": path}})
        samplers.append({"input": times, "output": output})

    for joint in range(count):
        turn = Rotation.from_rotvec(turns[:, joint])
        add(joint, "rotation", (tilt.inv() * turn if joint == 0 else turn).as_quat())
    places = rig.joints[0].double().numpy() + poses.root_translation.double().numpy()
    add(0, "translation", 100 * tilt.inv().apply(places))
    document = {
        "asset": {"version": "2.0"},
        "nodes": nodes,
        "skins": [{"joints": list(range(count))}],
        "animations": [{"samplers": samplers, "channels": channels}],
    }
    return writer, document


def write_glb(rig: Rig, poses: Pose, path: Path, *, fps: float = 30.0) -> Path:
    """As `gltf_of`, in one file."""
    writer, document = gltf_of(rig, poses, fps=fps)
    path.write_bytes(writer.glb(document))
    return path
