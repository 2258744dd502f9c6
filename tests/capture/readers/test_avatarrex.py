"""AvatarReX: cameras by serial number, with distortion."""

from pathlib import Path

import pytest
import torch
from tests.capture.readers.body_sets import FRAMES, write_avatarrex

from incarnate.capture.readers.avatarrex import read_avatarrex
from incarnate.errors import CaptureError


def test_cameras_and_files_are_found(tmp_path: Path) -> None:
    write_avatarrex(tmp_path / "zzr", lens=(-0.1, 0.02, 0.0, 0.001, 0.0))
    found = read_avatarrex(tmp_path / "zzr")
    assert [view.name for view in found.views] == ["22010708", "22010710", "22053925"]
    view = found.views[2]
    assert view.frames() == set(range(FRAMES))
    assert view.files(3).matte == tmp_path / "zzr" / "22053925" / "mask" / "pha" / "00000003.jpg"
    assert view.distortion is not None
    assert view.distortion.tolist() == [-0.1, 0.02, 0.0, 0.001, 0.0]


def test_zero_coefficients_are_none(tmp_path: Path) -> None:
    write_avatarrex(tmp_path / "zzr")
    assert all(view.distortion is None for view in read_avatarrex(tmp_path / "zzr").views)


def test_poses_may_lie_elsewhere(tmp_path: Path) -> None:
    write_avatarrex(tmp_path / "zzr")
    other = (tmp_path / "zzr" / "smpl_params.npz").rename(tmp_path / "fitted.npz")
    with pytest.raises(CaptureError, match=r"smpl_params\.npz is missing"):
        read_avatarrex(tmp_path / "zzr")
    codes = read_avatarrex(tmp_path / "zzr", other).codes
    assert codes.num_frames == FRAMES
    assert torch.isfinite(codes.rotation).all()
