"""Animations of glTF: what is written comes back; VRM's bones; every interpolation; damage."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drive.skeletal import gltf_of, lively, write_glb
from tests.rigs.bodies import cmu_body, stick_rig

from incarnate.drive.body_retargeting import retargeted
from incarnate.drive.gltf_motion import read_gltf_motion
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import pose_rig
from incarnate.splats.files.gltf_container import GlbWriter

_VRM_BONES = {
    "hips": "Hips", "spine": "Spine", "chest": "Spine1", "neck": "Neck", "head": "Head",
    "leftUpperArm": "LeftArm", "leftLowerArm": "LeftForeArm", "leftShoulder": "LeftShoulder",
    "rightUpperArm": "RightArm", "rightLowerArm": "RightForeArm", "rightShoulder": "RightShoulder",
    "leftUpperLeg": "LeftUpLeg", "leftLowerLeg": "LeftLeg", "leftFoot": "LeftFoot",
    "rightUpperLeg": "RightUpLeg", "rightLowerLeg": "RightLeg", "rightFoot": "RightFoot",
}  # fmt: skip


@pytest.mark.parametrize("make", [cmu_body, default_body_rig])
def test_a_pose_comes_back(make: Any, tmp_path: Path) -> None:
    rig: Rig = make()
    poses = lively(rig, 4)
    motion = read_gltf_motion(write_glb(rig, poses, tmp_path / "walk.glb", fps=25.0))
    assert motion.fps == 25
    clip = retargeted(motion, rig)
    # Float32 quaternions, through a chain of ten joints of half a metre.
    torch.testing.assert_close(
        pose_rig(rig, clip.poses).vertices, pose_rig(rig, poses).vertices, atol=5e-6, rtol=0
    )


def test_vrm_names_its_bones_whatever_the_nodes_are_called(tmp_path: Path) -> None:
    rig = cmu_body()
    poses = lively(rig, 3)
    expected = retargeted(read_gltf_motion(write_glb(rig, poses, tmp_path / "a.glb")), rig)
    writer, document = gltf_of(rig, poses)
    index = {node["name"]: number for number, node in enumerate(document["nodes"])}
    for node in document["nodes"]:
        node["name"] = f"x{index[node['name']]}"
    bones = {bone: {"node": index[name]} for bone, name in _VRM_BONES.items()}
    old = [{"bone": bone, "node": index[name]} for bone, name in _VRM_BONES.items()]
    for extensions in (
        {"VRMC_vrm_animation": {"humanoid": {"humanBones": bones}}},
        {"VRMC_vrm": {"humanoid": {"humanBones": bones}}},
        {"VRM": {"humanoid": {"humanBones": old}}},
    ):
        path = tmp_path / "motion.vrma"
        path.write_bytes(writer.glb(document | {"extensions": extensions}))
        clip = retargeted(read_gltf_motion(path), rig)
        for name in ("LeftArm", "RightForeArm", "LeftLeg"):
            joint = rig.joint_index(name) - 1
            torch.testing.assert_close(
                clip.poses.joint_rotations[:, joint],
                expected.poses.joint_rotations[:, joint],
                atol=1e-5,
                rtol=0,
            )


def _moving(interpolation: str, values: np.ndarray, path: str, folder: Path) -> Path:
    """Two nodes, keys at 0 s, 1 s and 3 s for the upper one."""
    writer = GlbWriter()
    times = writer.add_accessor(np.array([0, 1, 3], np.float32))
    output = writer.add_accessor(values.astype(np.float32))
    sampler = {"input": times, "output": output, "interpolation": interpolation}
    file = folder / "moving.glb"
    file.write_bytes(writer.glb({
        "nodes": [{"name": "hips", "children": [1]}, {"name": "head", "translation": [0, 1, 0]}],
        "animations": [{"samplers": [sampler],
                        "channels": [{"sampler": 0, "target": {"node": 0, "path": path}}]}],
    }))  # fmt: skip
    return file


def test_steps_lines_and_splines(tmp_path: Path) -> None:
    keys = np.array([[0, 0, 0], [1, 0, 0], [3, 0, 0]])
    line = read_gltf_motion(_moving("LINEAR", keys, "translation", tmp_path))
    assert len(line) == 91  # three seconds at the usual rate of 30
    seconds = torch.arange(91, dtype=torch.float64) / 30
    torch.testing.assert_close(line.positions[:, 1, 0], seconds)
    step = read_gltf_motion(_moving("STEP", keys, "translation", tmp_path))
    torch.testing.assert_close(
        step.positions[[0, 29, 30, 89, 90], 0, 0].tolist(), [0.0, 0.0, 1.0, 1.0, 3.0]
    )
    # A Hermite spline with the tangents of a square is that square.
    square = np.zeros((9, 3))
    square[1::3, 0], square[0::3, 0], square[2::3, 0] = (0, 1, 9), (0, 2, 6), (0, 2, 6)
    spline = read_gltf_motion(_moving("CUBICSPLINE", square, "translation", tmp_path))
    torch.testing.assert_close(spline.positions[:, 0, 0], seconds**2)


def test_turns_go_the_shorter_way_and_scales_move_children(tmp_path: Path) -> None:
    half = np.sqrt(0.5)
    keys = np.array([[0, 0, 0, 1], [0, 0, -half, -half], [0, 0, 1, 0]])
    turn = read_gltf_motion(_moving("LINEAR", keys, "rotation", tmp_path))
    # Float32 keys.
    torch.testing.assert_close(
        turn.positions[15, 1].tolist(), [-half, half, 0.0], atol=1e-6, rtol=0
    )
    grown = read_gltf_motion(
        _moving("LINEAR", np.ones((3, 3)) * [[1], [2], [4]], "scale", tmp_path)
    )
    torch.testing.assert_close(grown.positions[90, 1].tolist(), [0.0, 4.0, 0.0])
    torch.testing.assert_close(grown.turns[90], torch.eye(3).double().expand(2, 3, 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"animations": []}, "it has no animation of nodes"),
        ({"nodes": [{"children": [1]}, {"children": [0]}]}, "its nodes go in a circle"),
        ({"nodes": [{"children": [2]}, {"children": [2]}, {}]}, "node 2 has two parents"),
        ({"nodes": [{"children": [7]}]}, "7 is not below 1"),
        ({"nodes": [{"rotation": [0, 1]}, {}]}, "are not 4 numbers"),
        ({"nodes": [{"translation": ["a", 0, 0]}, {}]}, "give a glTF file with a skeletal"),
        ({"nodes": 5}, "give a glTF file with a skeletal"),
        ({"extensions": {"VRM": []}}, "give a glTF file with a skeletal"),
        ({"skins": [{"joints": [99]}]}, "99 is not below 2"),
    ],
)
def test_damaged_files_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    writer = GlbWriter()
    times = writer.add_accessor(np.array([0, 1], np.float32))
    output = writer.add_accessor(np.zeros((2, 3), np.float32))
    document = {
        "nodes": [{"name": "hips"}, {}],
        "animations": [{"samplers": [{"input": times, "output": output}], "channels": [
            {"sampler": 0, "target": {"node": 0, "path": "translation"}}]}],
    }  # fmt: skip
    path = tmp_path / "damaged.glb"
    path.write_bytes(writer.glb(document | change))
    with pytest.raises(DriveError, match=message):
        read_gltf_motion(path)


def test_times_have_to_rise_and_to_fit_the_values(tmp_path: Path) -> None:
    path = _moving("LINEAR", np.zeros((4, 3)), "translation", tmp_path)
    with pytest.raises(DriveError, match=r"\(4, 3\) values of translation stand at 3 times"):
        read_gltf_motion(path)
    with pytest.raises(DriveError, match="interpolation 'CUBIC' is unknown"):
        read_gltf_motion(_moving("CUBIC", np.zeros((3, 3)), "translation", tmp_path))


_LEAVES = st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False, width=16)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
_SPOTS = ("nodes", "animations", "skins", "extensions")
_SMALL = stick_rig("small", ["hips", "spine", "head"], [-1, 0, 1], [(0, i, 0) for i in range(3)])
_PARTS = gltf_of(_SMALL, lively(_SMALL, 2))


@settings(max_examples=40)
@given(st.sampled_from(_SPOTS), _JSON, st.integers(0, 400), st.binary(max_size=6))
def test_any_file_is_read_or_refused(spot: str, json: Any, at: int, noise: bytes) -> None:
    writer, document = _PARTS
    content = bytearray(writer.glb(document))
    content[at : at + len(noise)] = noise
    with tempfile.TemporaryDirectory() as folder:
        for data in (bytes(content), writer.glb(document | {spot: json})):
            path = Path(folder) / "odd.glb"
            path.write_bytes(data)
            try:
                motion = read_gltf_motion(path)
            except DriveError:
                continue
            assert motion.turns.isfinite().all()
