"""``incarnate convert``: a set becomes a capture, and mistakes are one line."""

from pathlib import Path

import numpy as np
import pytest
from tests.capture.readers.flame import VERTICES, lid_offsets, write_flame
from tests.capture.readers.sets import (
    insta_vertices,
    person,
    project_nerf,
    write_insta,
    write_numbers,
    write_picture,
)

from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.cli import main
from incarnate.rigs.skinning import pose_rig

FRAMES = 6


def words(folder: Path, *more: str) -> list[str]:
    """The command for the set that `write_insta` wrote into a folder."""
    return ["convert", str(folder / "ada"), "-o", str(folder / "c"), "--format", "insta",
            "--flame", str(folder / "flame2020.npz"), *more]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_insta(tmp_path / "ada", person(FRAMES))
    write_flame(tmp_path / "flame2020.npz")
    return tmp_path


def test_a_set_becomes_a_capture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(folder / "ada/albedo/00001.png", "RGB")
    consent = ["--consent.subject", "Ada", "--consent.statement", "research", "--consent.source",
               "the set"]  # fmt: skip
    assert main(words(folder, "--fps", "30", *consent)) == 0
    capture = load_capture(folder / "c")
    assert (capture.name, capture.fps, capture.num_frames) == ("ada", 30.0, FRAMES)
    assert capture.consent is not None
    assert capsys.readouterr().out.splitlines() == [
        "note: the rig's shapes come within 0.00 mm of canonical.obj; an offset keeps the rest",
        f"wrote {folder / 'c'}: 4 training and 2 test frames, 40×32",
        "1 pictures have a pseudo-albedo picture",
        f"next: incarnate check {folder / 'c'}, and look whether the mesh lies on the face",
        f"then: incarnate train head {folder / 'c'} -o AVATAR --preset quick",
    ]


def test_the_file_of_the_model_gives_the_same_projection(folder: Path) -> None:
    who = person(FRAMES)
    cameras = write_insta(folder / "ada", who)
    assert main(words(folder)) == 0
    capture = load_capture(folder / "c")
    track = load_track(capture)
    for frame in range(FRAMES):
        vertices = pose_rig(track.rig, track.poses[frame]).vertices
        found = capture.cameras[0].project(vertices[:VERTICES]).numpy()
        expected = project_nerf(insta_vertices(who, frame), cameras[frame], (21.0, 15.0))
        # Pixels: float32 in the files, and a canonical mesh written with 8 digits.
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_offsets_of_the_lids_are_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lids = person(FRAMES).lids
    for i, closed in enumerate(lids):
        write_numbers(folder / f"ada/flame/eyelids/{i:05d}.txt", closed)
    assert main(words(folder)) == 0
    assert "the rig has no offsets for them" in capsys.readouterr().out
    files = [folder / "l_eyelid.npy", folder / "r_eyelid.npy"]
    for file, offsets in zip(files, lid_offsets(), strict=True):
        np.save(file, offsets, allow_pickle=False)
    assert main(words(folder, "--eyelids", *map(str, files))) == 0
    track = load_track(load_capture(folder / "c"))
    assert track.rig.expression_names[-2:] == ("eyeBlinkLeft", "eyeBlinkRight")
    np.testing.assert_allclose(track.poses.expression[:, -2:].numpy(), lids, rtol=1e-6)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--format", "vhap"], 'lacks "flame_param_path"; it has: exp_path, file_path'),
        (["--format", "imavatar"], "has neither tracked_params.json nor flame_params.json"),
        (["--fps", "0"], "--fps is 0; give how many frames a second the video had."),
        (["--flame", "nowhere.npz"], "nowhere.npz"),
        (["--consent.subject", "me"], "consent is told in part"),
    ],
)
def test_a_mistake_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str
) -> None:
    assert main(words(folder, *more)) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert expected in shown
    assert shown.count("\n") == 1
    assert not (folder / "c").exists()
