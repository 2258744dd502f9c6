"""Track files: exact, and refused where they belong to another rig or capture."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.tiny import tiny_rig, tiny_track

from incarnate.capture.capture import Capture, Track
from incarnate.capture.tracks import frames_not_finite, load_track, read_track, write_track
from incarnate.errors import CaptureError
from incarnate.rigs.files import save_rig


def edited(path: Path, **changes: object) -> Path:
    """The file with some arrays replaced; None removes one."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changes
    with path.open("wb") as target:
        kept = {name: np.asarray(v) for name, v in arrays.items() if v is not None}
        np.savez(target, allow_pickle=False, **kept)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_rig(tiny_rig(), tmp_path / "rig.npz")
    write_track(tiny_track(), tmp_path, "rig.npz")
    return tmp_path / "track.npz"


def message(path: Path) -> str:
    with pytest.raises(CaptureError) as caught:
        read_track(path)
    return str(caught.value).removeprefix(str(path))


def assert_same(first: Track, second: Track) -> None:
    for name in ("root_rotation", "root_translation", "joint_rotations", "expression"):
        assert torch.equal(getattr(first.poses, name), getattr(second.poses, name))
    assert torch.equal(first.rig.vertices, second.rig.vertices)
    assert torch.equal(first.rig.joints, second.rig.joints)
    assert torch.equal(first.residuals, second.residuals)
    assert first.origin == second.origin


def test_what_is_written_is_read_back(path: Path) -> None:
    track = read_track(path)
    assert_same(track, tiny_track())
    assert track.shape is not None
    assert track.offset is not None
    assert torch.equal(track.observations["mediapipe478"],
                       tiny_track().observations["mediapipe478"])  # fmt: skip


def test_the_rest_shape_survives_another_shape_space(path: Path) -> None:
    stranger = replace(tiny_rig(), shape_basis=7 * torch.ones(1, 4, 3))
    save_rig(stranger, path.with_name("rig.npz"))
    assert torch.equal(read_track(path).rig.vertices, tiny_track().rig.vertices)


def test_optional_parts_may_lack(path: Path) -> None:
    track = replace(tiny_track(), shape=None, offset=None, observations={}, origin="truth")
    write_track(track, path.parent, "rig.npz")
    back = read_track(path)
    assert back.shape is None
    assert back.offset is None
    assert not back.observations
    assert back.origin == "truth"


@pytest.mark.parametrize(("field", "names"), [("joint_names", "joints"),
                                              ("expression_names", "expressions")])  # fmt: skip
def test_tracks_of_other_rigs_are_refused(path: Path, field: str, names: str) -> None:
    assert message(edited(path, **{field: np.array(["x"])})) == (
        f" was made for a rig with other {names} than 'tiny' has now; track the capture again."
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": "x"}, " is not a track: its format is x, expected incarnate-track; track the "
                          "capture again."),
        ({"version": 2}, " is version 2 of the track format; this release reads up to version 1. "
                         "Update incarnate."),
        ({"origin": "guess"}, ": origin is 'guess'; expected one of tracked, truth, imported."),
        ({"residuals": None}, " lacks the array 'residuals'; track the capture again."),
        ({"expression": np.zeros((4, 3), np.float32)},
         ": 'expression' has the shape (4, 3), but the rig 'tiny' and 4 frames ask for (4, 1); "
         "track the capture again."),
    ],
)  # fmt: skip
def test_faults_are_named(path: Path, changes: dict[str, object], expected: str) -> None:
    assert message(edited(path, **changes)) == expected


def test_no_pickle_is_loaded(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, format=np.array([{}], dtype=object), allow_pickle=True)
    assert "is damaged" in message(path)


def test_damaged_and_missing_files_are_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])
    assert message(path).startswith(" is damaged (")
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    assert message(path).startswith(" is damaged (")
    path.unlink()
    assert message(path) == " is missing; track the capture again."


def test_a_track_has_a_pose_for_each_frame(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert_same(load_track(capture), tiny_track())
    write_track(tiny_track(3), capture.folder, capture.rig)
    with pytest.raises(CaptureError) as caught:
        load_track(capture)
    assert str(caught.value) == (
        f"{capture.folder / 'track.npz'} has 3 poses, but the capture has 4 frames; track the "
        "capture again."
    )


def test_poses_that_are_not_finite_are_refused(make_capture: Callable[..., Capture]) -> None:
    capture, track = make_capture(), tiny_track()
    track.poses.joint_rotations[1:3, 0, 0] = torch.nan
    write_track(track, capture.folder, capture.rig)
    with pytest.raises(CaptureError) as caught:
        load_track(capture)
    assert str(caught.value) == (
        f"{capture.folder / 'track.npz'}: the poses of 2 of 4 frames are not finite, the first "
        "that of frame 1; remove such frames and track again."
    )
    assert frames_not_finite(load_track(capture, not_finite="kept")) == [1, 2]


def test_an_untracked_capture_says_so(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    untracked = replace(capture, layout=replace(capture.layout, track=None))
    with pytest.raises(CaptureError, match="has no track; run `incarnate track` first"):
        load_track(untracked)
