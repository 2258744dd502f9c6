"""Captures appear whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.tiny import (
    FRAMES,
    HEIGHT,
    WIDTH,
    tiny_camera,
    tiny_header,
    tiny_pixels,
    tiny_track,
)

from incarnate.capture.capture import Capture
from incarnate.capture.files import load_capture
from incarnate.capture.reading import read_frame
from incarnate.capture.tracks import load_track
from incarnate.capture.writing import CaptureWriter, check_target, save_track
from incarnate.errors import CaptureError


def files_in(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_equal_input_gives_equal_bytes(make_capture: Callable[..., Capture]) -> None:
    first = files_in(make_capture().folder)
    second = files_in(make_capture().folder)
    assert first.keys() == second.keys()
    # Archives hold the time of writing; all else is equal to the byte.
    assert all(first[name] == second[name] for name in first if not name.endswith(".npz"))


def test_nothing_is_left_beside_the_capture(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert [path.name for path in capture.folder.parent.iterdir()] == ["capture"]
    assert not list(capture.folder.rglob(".*"))


class InterruptionError(Exception):
    pass


def write_and_fail(folder: Path) -> None:
    with CaptureWriter(folder, tiny_header()) as writer:
        writer.write_image(writer.add_frame(0.0, "train"), tiny_pixels(9))
        raise InterruptionError


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InterruptionError):
        write_and_fail(tmp_path / "c")
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_capture(make_capture: Callable[..., Capture]) -> None:
    folder = make_capture().folder
    before = files_in(folder)
    with pytest.raises(InterruptionError):
        write_and_fail(folder)
    assert files_in(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_capture_that_no_reader_accepts_is_not_written(tmp_path: Path) -> None:
    with (
        pytest.raises(CaptureError, match=r"the new capture\.json: field \"frames\""),
        CaptureWriter(tmp_path / "c", tiny_header()),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CaptureError) as caught, CaptureWriter(tmp_path, tiny_header()):
        pass
    assert str(caught.value) == (
        f"{tmp_path} exists and is not a capture; it is left alone. Give another folder, or "
        "remove it yourself."
    )
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no folder")
    with pytest.raises(CaptureError, match=r"note.txt is not a folder that is yours to write"):
        check_target(tmp_path / "note.txt" / "me")
    check_target(tmp_path / "new" / "me")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_pictures_have_the_size_of_their_camera(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as caught, CaptureWriter(tmp_path / "c", tiny_header()) as w:
        w.write_image(w.add_frame(0.0, "train"), np.zeros((4, 5, 4), np.uint8))
    assert str(caught.value) == (
        "frame 0 is 5×4 pixels, but its camera is 12×10; resize one of them."
    )


def test_several_cameras_share_the_frames(tmp_path: Path) -> None:
    header = tiny_header(cameras={"left": tiny_camera(), "right": tiny_camera()})
    with CaptureWriter(tmp_path / "c", header) as writer:
        frame = writer.add_frame(0.0, "train", source=41)
        for camera in (0, 1):
            writer.write_image(frame, tiny_pixels(camera), camera)
    capture = load_capture(tmp_path / "c")
    assert capture.sources == (41,)
    assert capture.camera_names == ("left", "right")
    assert not torch.equal(read_frame(capture, 0, 0).image, read_frame(capture, 0, 1).image)


def test_a_camera_may_be_refined(tmp_path: Path) -> None:
    longer = torch.diag(torch.tensor([2.0, 2.0, 1.0])) @ tiny_camera().intrinsics
    with CaptureWriter(tmp_path / "c", tiny_header()) as writer:
        writer.write_image(writer.add_frame(0.0, "train"), tiny_pixels(0))
        writer.set_camera(0, replace(tiny_camera(), intrinsics=longer))
    assert torch.equal(load_capture(tmp_path / "c").cameras[0].intrinsics, longer)


def test_truth_is_listed_by_kind(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path / "c", tiny_header()) as writer:
        frame = writer.add_frame(0.0, "train")
        writer.write_image(frame, tiny_pixels(0))
        writer.write_truth("albedo", frame, torch.rand(HEIGHT, WIDTH, 3))
        writer.write_truth("roughness", frame, torch.rand(HEIGHT, WIDTH, 1))
    assert set(load_capture(tmp_path / "c").layout.truth) == {"albedo", "roughness"}


def test_a_track_is_replaced_in_place(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    changed = replace(tiny_track(), residuals=torch.full((FRAMES,), 0.25))
    saved = save_track(changed, capture.folder)
    assert torch.equal(load_track(saved).residuals, changed.residuals)
    assert load_capture(capture.folder).layout.track == "track.npz"
    with pytest.raises(CaptureError) as caught:
        save_track(tiny_track(2), capture.folder)
    assert str(caught.value) == (
        f"{capture.folder} has 4 frames, but the track has 2 poses; track this capture again."
    )
