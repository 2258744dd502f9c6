"""AMASS and SMPL-X parameters: exact on a rig of SMPL-X, upright and on the ground on any other."""

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rigs.bodies import posed_joints
from tests.rigs.readers.flames import write_npz
from tests.rigs.readers.smplxs import SmplxCode, smplx_fields, smplx_forward

from incarnate.drive.smplx_motion import clip_from_smplx, read_smplx_motion
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.joint_names import SMPLX_JOINTS
from incarnate.rigs.readers.smplx import load_smplx
from incarnate.rigs.skinning import pose_rig

_UPRIGHT_IN_Z_UP = np.array([math.pi / 2, 0, 0])
_FROM_Z_UP = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def _saved(folder: Path, **arrays: object) -> Path:
    path = folder / "motion.npz"
    np.savez(path, allow_pickle=False, **{key: np.asarray(value) for key, value in arrays.items()})
    return path


def _poses(columns: int, frames: int = 3) -> np.ndarray:
    poses = 0.3 * np.random.default_rng(columns).standard_normal((frames, columns))
    poses[:, :3] = _UPRIGHT_IN_Z_UP + 0.1 * poses[:, :3]
    return poses


def test_amass_on_smplx_is_smplx_in_our_world(tmp_path: Path) -> None:
    fields, poses = smplx_fields(), _poses(165)
    rig = load_smplx(write_npz(fields, tmp_path / "SMPLX_NEUTRAL.npz"))
    trans = np.random.default_rng(1).standard_normal((3, 3))
    path = _saved(tmp_path, poses=poses, trans=trans, mocap_framerate=120.0, betas=np.zeros(16))
    clip = clip_from_smplx(read_smplx_motion(path), rig)
    assert clip.fps == 120
    vertices = pose_rig(rig, clip.poses).vertices.numpy()
    for frame in range(3):
        code = SmplxCode(np.zeros(10), np.zeros(10), poses[frame].reshape(55, 3), trans[frame])
        expected = smplx_forward(fields, code, first_expression=300) @ _FROM_Z_UP.T
        # Float32 positions of metres, through chains of up to ten joints.
        np.testing.assert_allclose(vertices[frame], expected, atol=2e-5)


def test_parameters_by_part_are_the_same_as_whole_poses(tmp_path: Path) -> None:
    poses = _poses(165)
    whole = read_smplx_motion(_saved(tmp_path, poses=poses, trans=np.ones((3, 3))))
    names = {
        "global_orient": poses[:, :3], "body_pose": poses[:, 3:66].reshape(3, 21, 3),
        "jaw_pose": poses[:, 66:69], "leye_pose": poses[:, 69:72], "reye_pose": poses[:, 72:75],
        "left_hand_pose": poses[:, 75:120], "right_hand_pose": poses[:, 120:],
    }  # fmt: skip
    parts = read_smplx_motion(_saved(tmp_path, **names, transl=np.ones((3, 3)), fps=25))
    assert parts.fps == 25
    assert parts.rotations.keys() == set(SMPLX_JOINTS)
    for name in SMPLX_JOINTS:
        torch.testing.assert_close(parts.rotations[name], whole.rotations[name])
    amass = {"root_orient": poses[:, :3], "pose_body": poses[:, 3:66], "pose_jaw": poses[:, 66:69],
             "pose_eye": poses[:, 69:75], "pose_hand": poses[:, 75:]}  # fmt: skip
    again = read_smplx_motion(_saved(tmp_path, **amass, mocap_frame_rate=60))
    torch.testing.assert_close(again.rotations["right_thumb3"], whole.rotations["right_thumb3"])


@pytest.mark.parametrize("columns", [66, 72, 156, 165])
def test_smpls_zero_is_a_t_pose_on_the_ground(columns: int, tmp_path: Path) -> None:
    rig = default_body_rig()
    poses = np.zeros((2, columns))
    poses[:, :3] = _UPRIGHT_IN_Z_UP
    trans = np.array([[0, 0, 1.1], [0, -1, 1.1]])
    path = _saved(tmp_path, poses=poses, trans=trans, mocap_framerate=60)
    clip = clip_from_smplx(read_smplx_motion(path), rig)
    places = posed_joints(rig, clip.poses)
    arm = torch.nn.functional.normalize(places["left_wrist"] - places["left_shoulder"], dim=-1)
    torch.testing.assert_close(arm, torch.tensor([[1.0, 0, 0]]).expand(2, 3), atol=1e-4, rtol=0)
    # Toes come to rest as high as the rig's own; legs bend a little otherwise in the two rests.
    toes = rig.joints[rig.joint_index("left_foot"), 1]
    torch.testing.assert_close(places["left_foot"][:, 1], toes.expand(2), atol=0.02, rtol=0)
    way = places["pelvis"][1] - places["pelvis"][0]  # what goes to −y in AMASS comes to +z
    torch.testing.assert_close(way, torch.tensor([0.0, 0.0, 1.0]), atol=0.02, rtol=0)


@pytest.mark.parametrize("root", [(0.0, 0, 0), (math.pi / 2, 0, 0), (math.pi, 0, 0)])
def test_the_side_that_the_pelvis_points_to_is_up(
    root: tuple[float, float, float], tmp_path: Path
) -> None:
    orient = np.tile(root, (4, 1))
    path = _saved(tmp_path, global_orient=orient, body_pose=np.zeros((4, 63)))
    clip = clip_from_smplx(read_smplx_motion(path), default_body_rig())
    # Up, and the face to the front.
    torch.testing.assert_close(
        pose_rig(default_body_rig(), clip.poses).world_from_rest[:, 0, :3, :3],
        torch.eye(3).expand(4, 3, 3),
        atol=1e-6,
        rtol=0,
    )


def test_expression_goes_to_smplx_alone_and_coded_hands_stay_flat(tmp_path: Path) -> None:
    path = _saved(
        tmp_path, global_orient=np.zeros((2, 3)), body_pose=np.zeros((2, 63)),
        expression=np.full((2, 50), 0.5), left_hand_pose=np.ones((2, 12)),
    )  # fmt: skip
    motion = read_smplx_motion(path)
    assert "left_index1" not in motion.rotations
    rig = load_smplx(write_npz(smplx_fields(), tmp_path / "SMPLX_MALE.npz"))
    assert clip_from_smplx(motion, rig).poses.expression.tolist() == [[0.5] * 10] * 2
    assert not clip_from_smplx(motion, default_body_rig()).poses.expression.any()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"poses": np.zeros((2, 99))}, r"poses has shape \(2, 99\), expected \(frames, 66, 72"),
        ({"trans": np.zeros((2, 3))}, "has neither poses nor global_orient: give an npz of AMASS"),
        ({"global_orient": np.zeros((2, 3)), "body_pose": np.zeros((2, 60))},
         r"body_pose has shape \(2, 60\), expected \(2, 63\)"),
        ({"poses": np.zeros((2, 66)), "trans": np.zeros((3, 3))},
         r"trans has shape \(3, 3\), but there are 2 frames"),
        ({"poses": np.full((2, 66), np.nan)}, "poses does not hold finite numbers"),
        ({"poses": np.zeros((2, 66)), "fps": 0.0}, "its rate is 0 frames a second"),
    ],
)  # fmt: skip
def test_other_files_are_refused(arrays: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(DriveError, match=message):
        read_smplx_motion(_saved(tmp_path, **arrays))


def test_absent_files_and_pickles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match=r"absent.npz can't be read .*: give an npz of AMASS"):
        read_smplx_motion(tmp_path / "absent.npz")
    np.savez(tmp_path / "code.npz", poses=np.array(None, dtype=object))
    with pytest.raises(DriveError, match="is not an npz of plain arrays"):
        read_smplx_motion(tmp_path / "code.npz")


@settings(max_examples=30)
@given(st.integers(0, 3000), st.binary(min_size=1, max_size=8))
def test_any_file_is_read_or_refused(at: int, noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = _saved(Path(folder), poses=_poses(66, 2), trans=np.zeros((2, 3)))
        content = bytearray(path.read_bytes())
        content[at : at + len(noise)] = noise
        path.write_bytes(content)
        try:
            motion = read_smplx_motion(path)
        except DriveError:
            return
        assert motion.rotations["pelvis"].isfinite().all()
