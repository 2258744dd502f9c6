"""The glTF that every viewer can read in an avatar package: splats, skin, skeleton, clips."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import numpy as np
import torch

from incarnate.avatars.files import Stage
from incarnate.errors import AvatarError
from incarnate.geometry.colors import srgb_from_linear
from incarnate.geometry.rotations import axis_angle_from_quaternion, quaternion_from_axis_angle
from incarnate.rigs.rig import Pose, Rig
from incarnate.splats.files.gltf_container import Glb, GlbWriter
from incarnate.view.package_body import Packaged
from incarnate.view.package_reduction import lit_colors

SPLATTING: Final = "KHR_gaussian_splatting"
# The zeroth spherical harmonic; colour = 0.5 + it · coefficient.
_SH0 = 0.28209479177387814
_WHOLE_WEIGHT = 65535


def splat_primitive(writer: GlbWriter, avatar: Packaged, stage: Stage) -> dict[str, Any]:
    """The rest pose as `KHR_gaussian_splatting`, lit by the capture's light, with skin weights."""
    splats = avatar.splats
    colors = lit_colors(avatar, stage.camera).clamp(0, 1)
    shown = srgb_from_linear(colors)
    opacities = splats.opacity_logits.sigmoid()
    # COLOR_0 is what viewers without the extension show: linear, as glTF has it.
    points = torch.cat([colors, opacities[:, None]], -1)
    attributes = {
        "POSITION": writer.add_accessor(_floats(splats.means), bounds=True),
        "COLOR_0": writer.add_accessor(
            (points * 255 + 0.5).to(torch.uint8).numpy(), normalized=True
        ),
        **_skin_attributes(writer, avatar),
        f"{SPLATTING}:ROTATION": writer.add_accessor(_floats(splats.quaternions.roll(-1, -1))),
        f"{SPLATTING}:SCALE": writer.add_accessor(_floats(splats.log_scales.exp())),
        f"{SPLATTING}:OPACITY": writer.add_accessor(_floats(opacities)),
        f"{SPLATTING}:SH_DEGREE_0_COEF_0": writer.add_accessor(_floats((shown - 0.5) / _SH0)),
    }
    extension = {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "sortingMethod": "cameraDistance",
        "projection": "perspective",
    }
    return {"attributes": attributes, "mode": 0, "extensions": {SPLATTING: extension}}


def skeleton(writer: GlbWriter, avatar: Packaged) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Nodes (the splats first, then one a joint) and the skin."""
    rig = avatar.rig
    places = rig.joints.double()
    nodes: list[dict[str, Any]] = [{"name": "splats", "mesh": 0, "skin": 0}]
    for joint, (name, parent) in enumerate(zip(rig.joint_names, rig.parents, strict=True)):
        offset = places[joint] - (places[parent] if parent >= 0 else 0)
        node: dict[str, Any] = {"name": name, "translation": offset.tolist()}
        children = [1 + j for j, above in enumerate(rig.parents) if above == joint]
        nodes.append({**node, "children": children} if children else node)
    # Column-major; the inverse of a joint's place in the rest pose.
    inverse = np.tile(np.eye(4, dtype=np.float32).reshape(1, 16), (rig.num_joints, 1))
    inverse[:, 12:15] = -places.numpy()
    skin = {
        "joints": list(range(1, rig.num_joints + 1)),
        "skeleton": 1,
        "inverseBindMatrices": writer.add_accessor(inverse),
    }
    return nodes, skin


def clip_ranges(stage: Stage) -> Iterator[tuple[str, slice]]:
    """The stage's clips, and which of its poses are theirs."""
    first = 0
    for name, frames in groupby(stage.clips or ("capture",) * len(stage.poses)):
        end = first + len([*frames])
        yield name, slice(first, end)
        first = end


def motion(writer: GlbWriter, rig: Rig, poses: Pose, fps: float, name: str) -> dict[str, Any]:
    """A clip as a glTF animation of the joints."""
    times = np.arange(len(poses), dtype=np.float32) / np.float32(fps)
    clock = writer.add_accessor(times, bounds=True)
    rotations = torch.cat([poses.root_rotation[:, None], poses.joint_rotations], 1)
    quaternions = quaternion_from_axis_angle(rotations).roll(-1, -1)
    samplers = [
        {"input": clock, "output": writer.add_accessor(_floats(quaternions[:, joint]))}
        for joint in range(rig.num_joints)
    ]
    channels = [
        {"sampler": joint, "target": {"node": 1 + joint, "path": "rotation"}}
        for joint in range(rig.num_joints)
    ]
    place = writer.add_accessor(_floats(poses.root_translation + rig.joints[0]))
    channels.append(
        {"sampler": len(samplers), "target": {"node": 1, "path": "translation"}},
    )
    samplers.append({"input": clock, "output": place})
    return {"name": name, "samplers": samplers, "channels": channels}


def read_primitive(glb: Glb) -> dict[str, np.ndarray]:
    """The splats' glTF attributes by their names without prefix, as they are stored."""
    primitive = glb.document["meshes"][0]["primitives"][0]
    return {
        name.removeprefix(f"{SPLATTING}:"): glb.accessor(index)
        for name, index in primitive["attributes"].items()
    }


def read_motion(glb: Glb, number: int, rig: Rig, expression: torch.Tensor) -> Pose:
    """The poses of an animation, written by `motion`.

    Args:
        glb: The package.
        number: Of the animation.
        rig: Whose joints it moves.
        expression: Of each frame.

    Raises:
        AvatarError: Its channels are not those of the skeleton, one after the other.
    """
    animation = glb.document["animations"][number]
    count = rig.num_joints
    targets = [
        (channel["target"]["node"], channel["target"]["path"]) for channel in animation["channels"]
    ]
    expected = [*((1 + joint, "rotation") for joint in range(count)), (1, "translation")]
    if targets != expected:
        raise AvatarError(f"package: the clip moves {targets}, expected {expected}")
    outputs = [
        torch.from_numpy(glb.accessor(animation["samplers"][channel["sampler"]]["output"]).copy())
        for channel in animation["channels"]
    ]
    turns = axis_angle_from_quaternion(torch.stack(outputs[:-1], 1).roll(1, -1))
    place = outputs[-1] - rig.joints[0]
    return Pose(turns[:, 0], place, turns[:, 1:], expression, rig.expression_names)


def _floats(values: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(values.detach().float().numpy())


def _skin_attributes(writer: GlbWriter, avatar: Packaged) -> dict[str, int]:
    """Joints and weights, in sets of four as glTF has them."""
    attributes: dict[str, int] = {}
    pairs = (avatar.joints.to(torch.uint8).numpy(), _whole_weights(avatar.weights))
    for first in range(0, avatar.joints.shape[1], 4):
        joints, weights = (np.ascontiguousarray(one[:, first : first + 4]) for one in pairs)
        attributes[f"JOINTS_{first // 4}"] = writer.add_accessor(joints)
        attributes[f"WEIGHTS_{first // 4}"] = writer.add_accessor(weights, normalized=True)
    return attributes


def _whole_weights(weights: torch.Tensor) -> np.ndarray:
    """Weights as 16-bit shares that sum to one exactly: the largest takes what rounding left."""
    whole = (weights * _WHOLE_WEIGHT).round().to(torch.int32)
    rest = _WHOLE_WEIGHT - whole.sum(-1)
    whole.scatter_add_(1, weights.argmax(-1, keepdim=True), rest[:, None].to(torch.int32))
    return whole.numpy().astype(np.uint16)
