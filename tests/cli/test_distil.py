"""``incarnate distil``: a decoder in the avatar's folder, drawn with by ``render --fast``."""

import json
import shutil
from pathlib import Path

import pytest

from incarnate.cli import main


def test_a_distilled_body_is_drawn_fast(
    body_folder: Path,
    body_capture_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = tmp_path / "eve"
    shutil.copytree(body_folder, body)
    few = ("--components", "6", "--between", "20")
    assert main(["distil", str(body), str(body_capture_folder), *few]) == 0
    shown = capsys.readouterr().out
    assert "6 components from 25 poses" in shown
    assert "held-out camera: " in shown
    manifest = json.loads((body / "avatar.json").read_text())
    full, distilled = manifest["distilled"]["psnr"]["held-out poses"]
    # An untrained body paints nothing, and so does its decoder.
    assert distilled == pytest.approx(full, abs=1e-3)
    assert main(["render", str(body), "--fast", "-o", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 6


def test_mistakes_say_what_to_do(
    body_folder: Path,
    avatar_folder: Path,
    body_capture_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = str(tmp_path / "out")
    assert main(["render", str(body_folder), "--fast", "-o", output]) == 2
    assert f"incarnate distil {body_folder} CAPTURE" in capsys.readouterr().err
    assert main(["render", str(avatar_folder), "--fast", "-o", output]) == 2
    assert "--fast is for bodies" in capsys.readouterr().err
    assert main(["distil", str(avatar_folder), str(body_capture_folder)]) == 2
    assert "only bodies" in capsys.readouterr().err


def test_another_persons_capture_is_refused(
    body_folder: Path, capture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["distil", str(body_folder), str(capture_folder)]) == 2
    assert "give the capture that the body was trained on" in capsys.readouterr().err
