"""``incarnate track``: a video becomes a capture with pictures to judge it by."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import av
import pytest
import torch
from PIL import Image
from tests.avatars.people import write_painted_capture
from tests.tracking.clips import face_frames, noise_frames, write_clip

from incarnate.capture.capture import Track
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.cli import main
from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.track import aligned, quiet_libraries
from incarnate.errors import AvatarError
from incarnate.train import second_pass

FRAMES = 14


@pytest.fixture
def clip(shared_data: Path, tmp_path: Path) -> Path:
    frames = [frame[::2, ::2] for frame in face_frames(shared_data, FRAMES + 4)]
    return write_clip(tmp_path / "clip.mp4", frames)


def test_a_video_becomes_a_capture(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "capture"
    words = ["--consent.subject", "a person", "--consent.statement", "may be used in tests",
             "--consent.source", "the tests' footage"]  # fmt: skip
    part = ["--size", "96", "--max-frames", str(FRAMES), "--threads", "1"]
    part += ["--passes", "1"]
    assert main(["track", str(clip), "-o", str(folder), *part, *words]) == 0
    capture = load_capture(folder)
    assert capture.num_frames == FRAMES
    assert capture.consent is not None
    assert capture.consent.subject == "a person"
    with av.open(str(folder / "overlay.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == FRAMES
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.width == 6 * 240
    shown = capsys.readouterr().out.splitlines()
    assert shown[-4] == f"wrote {folder}: 12 training and 2 test frames, 96×96"
    assert shown[-3].startswith("landmarks miss by ")
    assert " px on average, " in shown[-3]
    assert "sheet.png" in shown[-2]
    assert shown[-1] == f"next: incarnate train head {folder} -o AVATAR --preset quick"


def test_the_second_pass_takes_the_place_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=32, num_frames=6)
    track = load_track(capture)
    better = replace(track, residuals=track.residuals + 1)
    monkeypatch.setattr(second_pass, "second_pass", lambda *_, **__: better)
    with ConsoleProgress() as progress:
        now, found, warnings = aligned(capture, track, progress)
    assert (found, warnings) == (better, ())
    assert now.provenance["refined"] == "poses aligned with a small avatar of the training frames"
    assert torch.equal(load_track(load_capture(capture.folder)).residuals, better.residuals)


def test_without_an_avatar_the_first_pass_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_to_train(*_: object, **__: object) -> Track:
        raise AvatarError("no part of the rig lies inside the mattes")

    capture = write_painted_capture(tmp_path / "capture", size=32, num_frames=6)
    track = load_track(capture)
    monkeypatch.setattr(second_pass, "second_pass", nothing_to_train)
    with ConsoleProgress() as progress:
        now, found, warnings = aligned(capture, track, progress)
    assert (now, found) == (capture, track)
    assert warnings == (
        "poses are those of the first pass, as no avatar could be trained on it: "
        "no part of the rig lies inside the mattes",
    )
    assert "refined" not in load_capture(capture.folder).provenance


def test_a_clip_that_cannot_be_used_is_one_line(
    shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_frames(14))
    assert main(["track", str(clip), "-o", str(tmp_path / "capture")]) == 2
    shown = capfd.readouterr().err.splitlines()
    # The detector's own notes do not reach the terminal.
    assert [line for line in shown if not line.startswith("finding the face")] == [
        "error: no face was found in any of 14 frames; check that the video is upright, lit, and "
        "that the face is at least 50 pixels large"
    ]
    assert not (tmp_path / "capture").exists()


def test_consent_in_part_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["track", "clip.mp4", "-o", str(tmp_path / "c"), "--consent.subject", "me"]
    assert main(arguments) == 2
    assert capsys.readouterr().err == (
        "error: consent is told in part: --consent.statement, --consent.source is missing; give "
        "all three, so that it can be understood later, or none\n"
    )


def test_libraries_are_quiet_and_python_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_libraries():
        os.write(2, b"a library's note\n")
        print("ours", file=sys.stderr)
    os.write(2, b"after\n")
    shown = capfd.readouterr().err
    assert "note" not in shown
    assert "after" in shown


def test_stderr_is_given_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.stderr
    with pytest.raises(ValueError, match="within"), quiet_libraries():
        raise ValueError("within")
    assert sys.stderr is before
    os.write(2, b"heard\n")
    assert "heard" in capfd.readouterr().err
