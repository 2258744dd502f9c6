"""``incarnate evaluate`` on a tiny capture: what it prints, what it writes, what it refuses."""

import json
from pathlib import Path

import pytest

from incarnate.cli import main


def evaluate(*arguments: object) -> int:
    return main(["evaluate", *map(str, arguments), "--threads", "1"])


def test_it_prints_the_table_and_says_what_it_wrote(
    avatar_folder: Path, capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "report"
    assert evaluate(avatar_folder, capture_folder, "-o", output, "--lpips", "none") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("ada on 2 test frames of painted:\n")
    assert "  PSNR, whole picture  " in shown
    assert "  no lpips_vgg: not asked for" in shown
    assert f"wrote {output / 'report.html'}" in shown
    assert f"next: incarnate render {avatar_folder} " in shown.splitlines()[-1]
    content = json.loads((output / "report.json").read_text())
    assert content["num_frames"] == 2
    assert content["avatar"] == "ada"
    assert content["protocol"]["frames"] == [4, 5]
    assert 5 < content["psnr"] < 60


def test_the_report_lies_in_the_avatar_unless_told(
    avatar_folder: Path, capture_folder: Path
) -> None:
    options = ("--max-frames", 1, "--lpips", "none", "--size", 32)
    assert evaluate(avatar_folder, capture_folder, *options) == 0
    content = json.loads((avatar_folder / "report" / "report.json").read_text())
    assert content["num_frames"] == 1
    assert content["protocol"]["height"] == 32


def test_a_place_that_cannot_be_written_is_told_before_measuring(
    avatar_folder: Path, capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    assert evaluate(avatar_folder, capture_folder, "-o", file / "report", "--lpips", "none") == 2
    shown = capsys.readouterr()
    assert "notes.txt" in shown.err
    assert "give another place" in shown.err
    assert "measuring" not in shown.out + shown.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--camera", "3"), "has no camera 3: it has 1, counted from 0 (front)"),
        (("--size", "8"), "8 pixels are too small to compare; give at least 16"),
        (("--stride", "0"), "a stride of 0 uses no frame; give 1 or more"),
        (("--max-frames", "0"), "leaves no frame to evaluate"),
    ],
)
def test_impossible_options_are_one_line(
    avatar_folder: Path,
    capture_folder: Path,
    options: tuple[str, ...],
    text: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate(avatar_folder, capture_folder, *options) == 2
    shown = capsys.readouterr().err
    assert text in shown
    assert len(shown.splitlines()) == 1


def test_what_is_no_avatar_or_no_capture_is_named(
    avatar_folder: Path, capture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(capture_folder, capture_folder) == 2
    assert "is no avatar: it has no avatar.json" in capsys.readouterr().err
    assert evaluate(avatar_folder, avatar_folder) == 2
    assert "has no capture.json" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["head", "body"])
def test_weights_of_another_network_give_no_fid(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ("avatar_folder", "capture_folder") if kind == "head" else (
        "body_folder", "body_capture_folder"
    )  # fmt: skip
    avatar, capture = map(request.getfixturevalue, folders)
    weights = tmp_path / "resnet.pth"
    weights.write_bytes(b"other")
    assert evaluate(avatar, capture, "-o", tmp_path / "r", "--fid", weights) == 2
    shown = capsys.readouterr().err
    assert f"{weights} is not the published pt_inception-2015-12-05-6726825d.pth" in shown
    assert not list((tmp_path / "r").iterdir())


@pytest.mark.usefixtures("no_model_files")
def test_a_body_is_measured_by_its_splits(
    body_folder: Path, body_capture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--max-frames", 1, "--lpips", "none", "--projection", "on")
    assert evaluate(body_folder, body_capture_folder, "-o", tmp_path / "report", *options) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("eve on waving:\n")
    assert "held-out camera   held-out poses\n" in shown
    assert "  flicker of wave: " in shown
    assert "  no fid: unavailable: supply weights" in shown
    assert "  no other clip: the capture has no test frames outside the clips" in shown
    content = json.loads((tmp_path / "report" / "report.json").read_text())
    assert list(content["splits"]) == ["held-out camera", "held-out poses"]
    assert content["protocol"]["projection"].startswith("on")
