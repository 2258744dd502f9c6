"""Motion files by their ending: formats of one motion agree, at the rate that was asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.drive.skeletal import lively, write_bvh, write_glb
from tests.rigs.bodies import cmu_body

from incarnate.drive.body_motion import MOTION_ENDINGS, load_body_motion
from incarnate.errors import DriveError
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.skinning import pose_rig


def test_bvh_and_gltf_of_one_motion_are_one_motion(tmp_path: Path) -> None:
    source, rig = cmu_body(), default_body_rig()
    poses = lively(source, 4)
    write_glb(source, poses, tmp_path / "walk.glb")
    (tmp_path / "walk.vrma").write_bytes((tmp_path / "walk.glb").read_bytes())
    files = [write_bvh(source, poses, tmp_path / "walk.BVH", scale=100.0), tmp_path / "walk.glb",
             tmp_path / "walk.vrma"]  # fmt: skip
    posed = [pose_rig(rig, load_body_motion(file, rig).poses).vertices for file in files]
    for other in posed[1:]:
        # Nine digits in the one, float32 in the other, through chains of ten joints.
        torch.testing.assert_close(other, posed[0], atol=1e-5, rtol=0)


def test_the_rate_is_the_files_or_the_one_asked_for(tmp_path: Path) -> None:
    rig = default_body_rig()
    path = tmp_path / "still.npz"
    np.savez(path, poses=np.zeros((61, 66)), trans=np.zeros((61, 3)), mocap_framerate=60.0)
    own, other = load_body_motion(path, rig), load_body_motion(path, rig, fps=24.0)
    assert (own.fps, len(own)) == (60, 61)
    assert (other.fps, len(other)) == (24, 25)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match=r"dance.fbx is no motion file .* give one of .bvh, .glb"):
        load_body_motion(tmp_path / "dance.fbx", default_body_rig())
    for ending in MOTION_ENDINGS:
        with pytest.raises(DriveError, match="can't be read"):
            load_body_motion(tmp_path / f"absent{ending}", default_body_rig())
