"""Skeletal animation of glTF 2.0: nodes that move, turn and scale (section 3.11), and VRM's names.

The rest pose is that of the nodes themselves. VRMA and VRM files tell which node is which bone of a
body; otherwise the joints of the skin tell by their names, or all nodes without one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.drive.gltf import Gltf, read_gltf
from incarnate.drive.resampling import slerp
from incarnate.drive.skeletons import SkeletonMotion
from incarnate.errors import DriveError
from incarnate.geometry.rotations import (
    matrix_from_quaternion,
    quaternion_from_matrix,
    quaternion_normalized,
)
from incarnate.splats.files.gltf_container import MALFORMED, whole

_WIDTHS: Final[Mapping[str, int]] = {"translation": 3, "rotation": 4, "scale": 3}
_MAX_NODES = 10_000
# Some 400 MB of matrices.
_MAX_NODE_FRAMES = 4_000_000
_USUAL_FPS = 30.0


@dataclass(frozen=True)
class _Nodes:
    """The scene's tree."""

    parents: list[int]
    order: list[int]
    """Parents before their children."""
    rest: list[dict[str, Float[Tensor, "n"]]]
    """Translation, rotation (``wxyz``) and scale of each."""


@dataclass(frozen=True)
class _Track:
    """How one property of one node changes."""

    times: Float[Tensor, "keys"]
    values: Float[Tensor, "rows n"]
    """A row a key; three of a cubic spline: in-tangent, value, out-tangent."""
    interpolation: str


def read_gltf_motion(path: Path) -> SkeletonMotion:
    """The first animation of a glTF file, sampled at the rate of its keys.

    Raises:
        DriveError: The file is absent or damaged, or nothing in it moves.
    """
    gltf = read_gltf(path)
    try:
        nodes = _nodes(gltf)
        tracks = _tracks(gltf, len(nodes.parents))
        names = _joint_names(gltf.document, len(nodes.parents))
        return _sampled(nodes, tracks, names)
    except MALFORMED as error:
        raise DriveError(
            f"{path} can't drive an avatar ({error}): give a glTF file with a skeletal animation"
        ) from error


def _nodes(gltf: Gltf) -> _Nodes:
    items = gltf.document["nodes"]
    if len(items) > _MAX_NODES:
        raise ValueError(f"it has {len(items)} nodes, at most {_MAX_NODES} are read")
    parents = [-1] * len(items)
    for index, item in enumerate(items):
        for child in item.get("children", []):
            if parents[whole(child, len(items))] >= 0:
                raise ValueError(f"node {child} has two parents")
            parents[child] = index
    order = [index for index, parent in enumerate(parents) if parent < 0]
    for index in order:
        order.extend(items[index].get("children", []))
    if len(order) != len(items):
        raise ValueError("its nodes go in a circle")
    return _Nodes(parents, order, [_rest_of(item) for item in items])


def _rest_of(item: Mapping[str, Any]) -> dict[str, Tensor]:
    if "matrix" in item:
        matrix = _vector(item["matrix"], 16).reshape(4, 4).T
        scale = matrix[:3, :3].norm(dim=0).clamp(min=1e-12)
        rotation = quaternion_from_matrix(matrix[:3, :3] / scale)
        return {"translation": matrix[:3, 3], "rotation": rotation, "scale": scale}
    x, y, z, w = _vector(item.get("rotation", (0, 0, 0, 1)), 4)
    return {
        "translation": _vector(item.get("translation", (0, 0, 0)), 3),
        "rotation": quaternion_normalized(torch.stack([w, x, y, z])),
        "scale": _vector(item.get("scale", (1, 1, 1)), 3),
    }


def _vector(values: object, length: int) -> Float[Tensor, "n"]:
    vector = torch.from_numpy(np.array(values, dtype=np.float64))
    if vector.shape != (length,) or not vector.abs().max() < 1e9:
        raise ValueError(f"{str(values)[:60]} are not {length} numbers")
    return vector


def _tracks(gltf: Gltf, num_nodes: int) -> dict[tuple[int, str], _Track]:
    animations = gltf.document.get("animations") or [{}]
    samplers, tracks = animations[0].get("samplers", []), {}
    for channel in animations[0].get("channels", []):
        target = channel["target"]
        if target.get("path") in _WIDTHS and "node" in target:
            node, path = whole(target["node"], num_nodes), target["path"]
            tracks[node, path] = _track(gltf, samplers[whole(channel["sampler"])], path)
    if not tracks:
        raise ValueError("it has no animation of nodes")
    return tracks


def _track(gltf: Gltf, sampler: Mapping[str, Any], path: str) -> _Track:
    times = torch.from_numpy(gltf.accessor(sampler["input"]))
    values = torch.from_numpy(gltf.accessor(sampler["output"]))
    interpolation = sampler.get("interpolation", "LINEAR")
    if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
        raise ValueError(f"interpolation {interpolation!r} is unknown")
    rows = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
    if times.shape[1] != 1 or values.shape != (rows, _WIDTHS[path]):
        raise ValueError(f"{tuple(values.shape)} values of {path} stand at {len(times)} times")
    if not (times[1:] > times[:-1]).all() or times[0] < 0:
        raise ValueError("the times of its keys do not rise")
    if path == "rotation":
        values = values[:, [3, 0, 1, 2]]
    return _Track(times[:, 0], values, interpolation)


def _joint_names(document: Mapping[str, Any], num_nodes: int) -> dict[int, str]:
    bones = _humanoid(document.get("extensions", {}))
    if bones:
        return {whole(node, num_nodes): name for name, node in bones.items()}
    items = document["nodes"]
    skins = [[whole(node, num_nodes) for node in skin["joints"]]
             for skin in document.get("skins", [])]  # fmt: skip
    chosen = max(skins, key=len, default=range(num_nodes))
    return {node: str(items[node].get("name", f"node{node}")) for node in chosen}


def _humanoid(extensions: Mapping[str, Any]) -> dict[str, object]:
    """Nodes by VRM's names of bones; of VRM 1 and its animations, or of VRM 0."""
    for name in ("VRMC_vrm_animation", "VRMC_vrm"):
        if name in extensions:
            bones = extensions[name]["humanoid"]["humanBones"]
            return {str(bone): facts["node"] for bone, facts in bones.items()}
    if "VRM" in extensions:
        items = extensions["VRM"]["humanoid"]["humanBones"]
        return {str(item["bone"]): item["node"] for item in items}
    return {}


def _sampled(
    nodes: _Nodes, tracks: Mapping[tuple[int, str], _Track], names: Mapping[int, str]
) -> SkeletonMotion:
    first = min(float(track.times[0]) for track in tracks.values())
    last = max(float(track.times[-1]) for track in tracks.values())
    fps = _rate(tracks)
    count = int((last - first) * fps + 1e-3) + 1
    needed = _with_ancestors(names, nodes.parents)
    if count * len(needed) > _MAX_NODE_FRAMES:
        raise ValueError(f"{count} frames of {len(needed)} nodes are too many; cut the motion")
    times = first + torch.arange(count, dtype=torch.float64) / fps
    order = [node for node in nodes.order if node in needed]
    moving = _in_world(nodes, order, {
        (node, path): _values(tracks[node, path], times, path)
        for node, path in tracks if node in needed
    }, count)  # fmt: skip
    resting = _in_world(nodes, order, {}, 1)
    joints = [node for node in order if node in names]
    return SkeletonMotion(
        names=tuple(names[node] for node in joints),
        rest_joints=torch.stack([resting[node][1][0] for node in joints]),
        turns=torch.stack([moving[node][0] @ resting[node][0].mT for node in joints], 1),
        positions=torch.stack([moving[node][1] for node in joints], 1),
        fps=fps,
    )


def _rate(tracks: Mapping[tuple[int, str], _Track]) -> float:
    """The rate of the densest keys, if they are as dense as frames; else the usual one."""
    steps = [track.times.diff().median() for track in tracks.values() if len(track.times) > 2]
    rate = 1 / float(min(steps)) if steps else 0.0
    return float(round(rate)) if 10 <= rate <= 240 else _USUAL_FPS


def _with_ancestors(names: Mapping[int, str], parents: list[int]) -> set[int]:
    needed: set[int] = set()
    for start in names:
        node = start
        while node >= 0 and node not in needed:
            needed.add(node)
            node = parents[node]
    return needed


def _in_world(
    nodes: _Nodes, order: list[int], values: Mapping[tuple[int, str], Tensor], count: int
) -> dict[int, tuple[Tensor, Tensor]]:
    """Rotation and position of each node in each frame; scales move children, and turn nothing."""
    placed: dict[int, tuple[Tensor, Tensor]] = {}
    linear: dict[int, Tensor] = {}
    identity = torch.eye(3, dtype=torch.float64).expand(count, 3, 3)
    for node in order:
        move, turn, scale = (
            values.get((node, path), rest.expand(count, -1))
            for path, rest in nodes.rest[node].items()
        )
        rotation = matrix_from_quaternion(turn)
        parent = nodes.parents[node]
        if parent in placed:
            above, place, whole_above = *placed[parent], linear[parent]
        else:
            above, place, whole_above = identity, torch.zeros(count, 3).double(), identity
        placed[node] = (above @ rotation, place + (whole_above @ move[..., None])[..., 0])
        linear[node] = whole_above @ rotation * scale[:, None, :]
    return placed


def _values(track: _Track, times: Float[Tensor, "frames"], path: str) -> Float[Tensor, "frames n"]:
    before = (torch.searchsorted(track.times, times, right=True) - 1).clamp(min=0)
    after = (before + 1).clamp(max=len(track.times) - 1)
    span = (track.times[after] - track.times[before])[:, None]
    passed = (times - track.times[before])[:, None].clamp(min=0)
    share = torch.where(span > 0, passed / span.clamp(min=1e-12), 0).clamp(0, 1)
    if track.interpolation == "CUBICSPLINE":
        return _spline(track, (before, after), share, span)
    start, end = track.values[before], track.values[after]
    if track.interpolation == "STEP":
        return start
    if path == "rotation":
        return slerp(quaternion_normalized(start), quaternion_normalized(end), share)
    return torch.lerp(start, end, share)


def _spline(
    track: _Track,
    keys: tuple[Int[Tensor, "frames"], Int[Tensor, "frames"]],
    share: Float[Tensor, "frames 1"],
    span: Float[Tensor, "frames 1"],
) -> Float[Tensor, "frames n"]:
    """The cubic Hermite spline of glTF 2.0, appendix C.5; rotations are normalised where used."""
    inward, value, outward = track.values.reshape(len(track.times), 3, -1).unbind(1)
    before, after = keys
    square, cube = share**2, share**3
    return (
        (2 * cube - 3 * square + 1) * value[before]
        + span * (cube - 2 * square + share) * outward[before]
        + (3 * square - 2 * cube) * value[after]
        + span * (cube - square) * inward[after]
    )
