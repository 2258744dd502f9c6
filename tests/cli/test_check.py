"""``incarnate check``: good captures pass, faulty frames are named and drawn first."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.avatars.people import write_painted_capture

from incarnate.cli import main

SIZE = 48


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A capture that the test may spoil."""
    write_painted_capture(tmp_path / "painted", size=SIZE, num_frames=5)
    return tmp_path / "painted"


def image_of(capture: Path, frame: int) -> Path:
    return capture / "images" / "front" / f"{frame:06d}.png"


def test_a_good_capture_passes(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(capture), "--frames", "3"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("painted: 3 training and 2 test frames, 1 camera, 48×48, rig ")
    assert shown[1] == f"wrote {capture / 'check' / 'sheet.png'} and the drawn frames beside it"
    assert shown[2].startswith("no problems found; next: incarnate train head ")
    drawn = sorted(path.name for path in (capture / "check").iterdir())
    assert drawn == ["000000.png", "000002.png", "000004.png", "sheet.png"]
    picture = np.asarray(Image.open(capture / "check" / "000002.png"))
    assert picture.shape == (SIZE, SIZE, 3)


def test_faulty_frames_are_named_and_drawn_first(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    black = np.zeros((SIZE, SIZE, 4), np.uint8)
    Image.fromarray(black).save(image_of(capture, 3))
    image_of(capture, 1).write_bytes(b"no picture")
    assert main(["check", str(capture), "--frames", "2"]) == 1
    shown = capsys.readouterr().out
    assert "problem: frame 1, camera front: " in shown
    assert (capture / "check" / "000003.png").is_file()
    assert "problem: frame 3, camera front: the matte is empty" in shown
    assert "next: mend the 2 problems above, then check again" in shown


def test_a_capture_without_a_track_is_drawn_by_its_mattes(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (capture / "track.npz").unlink()
    assert main(["check", str(capture), "-o", str(tmp_path / "seen")]) == 1
    shown = capsys.readouterr().out
    assert "no track" in shown
    assert len(list((tmp_path / "seen").glob("0*.png"))) == 5


def test_a_capture_of_which_nothing_can_be_read(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for frame in range(5):
        image_of(capture, frame).unlink()
    assert main(["check", str(capture)]) == 1
    shown = capsys.readouterr().out
    assert "wrote nothing: none of the chosen frames can be read" in shown
    assert shown.count("problem: frame") == 5


def test_a_camera_that_is_not_there(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(capture), "--camera", "2"]) == 2
    assert "has 1, counted from 0 (front)" in capsys.readouterr().err


@pytest.fixture
def two_cameras(capture: Path) -> Path:
    """The capture with a second camera, which sees the same."""
    about = json.loads((capture / "capture.json").read_text())
    about["cameras"].append(about["cameras"][0] | {"name": "side"})
    (capture / "capture.json").write_text(json.dumps(about))
    shutil.copytree(capture / "images" / "front", capture / "images" / "side")
    return capture


def test_every_camera_is_drawn(two_cameras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(two_cameras)]) == 0
    assert "2 cameras, 48×48" in capsys.readouterr().out
    drawn = sorted((two_cameras / "check").rglob("0*.png"))
    assert [path.parent.name for path in drawn] == ["front"] * 3 + ["side"] * 3
    assert [path.name for path in drawn[:3]] == ["000000.png", "000002.png", "000004.png"]
    # A row a moment, a column a camera.
    sheet = np.asarray(Image.open(two_cameras / "check" / "sheet.png"))
    assert sheet.shape == (3 * (240 + 18), 2 * 240, 3)


def test_a_camera_that_fails_everywhere_takes_one_line(
    two_cameras: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (two_cameras / "images" / "side").iterdir():
        path.write_bytes(b"no picture")
    assert main(["check", str(two_cameras)]) == 1
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("problem")]
    assert len(told) == 1
    assert told[0].startswith(
        "problem: camera side: 5 of 5 frames are faulty, first: frame 0, camera side: "
    )


def test_a_turned_camera_is_named(two_cameras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    about = json.loads((two_cameras / "capture.json").read_text())
    about["cameras"][1]["intrinsics"][0][2] += 12.0
    # With two cameras neither is usual: a third agrees with the first.
    about["cameras"].append(about["cameras"][0] | {"name": "third"})
    (two_cameras / "capture.json").write_text(json.dumps(about))
    shutil.copytree(two_cameras / "images" / "front", two_cameras / "images" / "third")
    assert main(["check", str(two_cameras), "--camera", "1", "--frames", "1"]) == 1
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("problem")]
    assert len(told) == 1
    assert told[0].startswith("problem: camera side: only ")
    assert "check its calibration" in told[0]


def test_what_is_no_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert "has no capture.json" in capsys.readouterr().err
