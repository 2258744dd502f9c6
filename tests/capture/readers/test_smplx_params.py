"""smpl_params.npz: each array turns its joints; faults are named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.readers.body_sets import FRAMES, made_body, write_model, write_params
from tests.rigs.readers.smplxs import smplx_forward

from incarnate.capture.readers.smplx_params import poses_of, read_smplx_params
from incarnate.errors import CaptureError
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.readers.smplx import load_smplx
from incarnate.rigs.skinning import pose_rig


def test_poses_are_smplx_forward(tmp_path: Path) -> None:
    body = made_body()
    write_params(body, tmp_path / "p.npz")
    codes = read_smplx_params(tmp_path / "p.npz")
    person = load_smplx(write_model(tmp_path / "SMPLX_NEUTRAL.npz")).with_identity(
        codes.shape.float()
    )
    frames = [4, 1]
    poses = poses_of(codes, person, frames, torch.eye(4))
    for row, frame in enumerate(frames):
        expected = smplx_forward(body.fields, body.codes[frame], first_expression=300)
        # float32 positions of metres, through chains of up to ten joints.
        found = pose_rig(person, poses[row]).vertices.numpy()
        np.testing.assert_allclose(found, expected, atol=3e-5)


def test_another_world_moves_every_vertex_with_it(tmp_path: Path) -> None:
    write_params(made_body(), tmp_path / "p.npz")
    codes = read_smplx_params(tmp_path / "p.npz")
    rig = load_smplx(write_model(tmp_path / "m.npz"))
    turn = torch.eye(4)
    turn[:3, :3] = torch.tensor([[0.0, 0, 1], [0, -1, 0], [1, 0, 0]])
    still = pose_rig(rig, poses_of(codes, rig, [2], torch.eye(4))).vertices
    moved = pose_rig(rig, poses_of(codes, rig, [2], turn)).vertices
    assert torch.allclose(moved, still @ turn[:3, :3].T, atol=3e-5)


def test_what_is_left_out_rests(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", betas=np.zeros((1, 10)), global_orient=np.zeros((FRAMES, 3)),
             transl=np.zeros((FRAMES, 3)), body_pose=np.zeros((FRAMES, 63)))  # fmt: skip
    codes = read_smplx_params(tmp_path / "p.npz")
    assert "jaw" not in codes.joints
    assert codes.expression.shape == (FRAMES, 0)
    with pytest.raises(CaptureError, match=r"has no joint '\w+'; these sets need SMPL-X"):
        poses_of(codes, default_head_rig(), [0], torch.eye(4))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"transl": np.zeros((FRAMES - 1, 3))}, "transl or trans has 15 numbers; expected 6 × 3"),
        ({"body_pose": np.zeros((FRAMES, 66))}, "body_pose has 396 numbers; expected 6 × 63"),
        ({"body_pose": None}, 'lacks "body_pose"; it has: betas'),
    ],
)  # fmt: skip
def test_faults_are_named(tmp_path: Path, changes: dict, expected: str) -> None:
    write_params(made_body(), tmp_path / "whole.npz")
    arrays = dict(np.load(tmp_path / "whole.npz")) | changes
    kept = {name: value for name, value in arrays.items() if value is not None}
    np.savez(tmp_path / "p.npz", **kept)
    with pytest.raises(CaptureError, match=expected):
        read_smplx_params(tmp_path / "p.npz")
