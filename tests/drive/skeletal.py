"""Motion files written from poses of a rig, and random poses that a body could take."""

from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from incarnate.rigs.rig import Pose, Rig


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
