"""A filmed person, from video to relit avatar; needs the test data."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from incarnate.cli import main


@pytest.fixture(scope="module")
def folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of the clip, tracked, and an avatar of forty steps."""
    pytest.importorskip("mediapipe")
    base = tmp_path_factory.mktemp("filmed")
    video = shared_data / "footage" / "talking-head.mp4"
    words = ["track", str(video), "-o", str(base / "capture"), "--size", "192"]
    assert main([*words, "--max-frames", "24", "--threads", "1"]) == 0
    words = ["train", "head", str(base / "capture"), "-o", str(base / "avatar")]
    words += ["--preset", "smoke", "--steps", "40", "--threads", "1"]
    assert main(words) == 0
    return base


@pytest.mark.slow
def test_a_video_becomes_an_avatar(folder: Path) -> None:
    words = ["evaluate", str(folder / "avatar"), str(folder / "capture"), "--lpips", "none"]
    assert main(words) == 0
    content = json.loads((folder / "avatar" / "report" / "report.json").read_text())
    assert content["num_frames"] == 4
    # An avatar in the wrong place, or of the wrong colours, stays below.
    assert content["psnr_matte"] > 17
    assert content["ssim"] > 0.6
    assert content["psnr_relit"] is None
    assert "no frames under another light" in content["reasons"]["psnr_relit"]


@pytest.mark.slow
def test_it_can_be_relit_and_turned(folder: Path, tmp_path: Path) -> None:
    words = ["render", str(folder / "avatar"), "--frames", "0:4", "-o"]
    assert main([*words, str(tmp_path / "own")]) == 0
    assert main([*words, str(tmp_path / "night"), "--light", "night_street"]) == 0
    assert main([*words, str(tmp_path / "turned"), "--camera", "turntable", "--turn", "25"]) == 0
    own, night, turned = (
        np.asarray(Image.open(tmp_path / name / "000001.png")).astype(int)
        for name in ("own", "night", "turned")
    )
    assert own.max() > 60
    assert np.abs(own - night).mean() > 2
    assert np.abs(own - turned).mean() > 1
