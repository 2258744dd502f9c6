"""Training frames: composited in linear colour, halved exactly, ordered reproducibly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tests.avatars.people import portrait_camera, write_painted_capture

from incarnate.capture.pictures import write_picture
from incarnate.capture.reading import read_frame
from incarnate.geometry.colors import srgb_from_linear
from incarnate.train.frames import TrainingFrames, fitted_size, frame_order


def test_targets_are_the_person_over_black(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture")
    frames = TrainingFrames(capture, capture.indices("train"), longest_side=512)
    frame = read_frame(capture, 2)
    expected = srgb_from_linear(frame.image * frame.matte[..., None])
    # Stored as bytes.
    torch.testing.assert_close(frames[2].target, expected, rtol=0, atol=0.5 / 255 + 1e-6)
    assert frames[2].index == 2
    assert len(frames) == 6


def test_halving_averages_and_keeps_the_view(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=49)
    frames = TrainingFrames(capture, capture.indices("train"), longest_side=512)
    whole, half = frames[1], frames.halved(1)
    assert half.target.shape == (24, 24, 3)
    torch.testing.assert_close(half.target[3, 5], whole.target[6:8, 10:12].mean((0, 1)))
    point = torch.tensor([[0.02, 1.5, 0.1]])
    torch.testing.assert_close(
        2 * half.camera.project(point), whole.camera.project(point), rtol=1e-5, atol=1e-4
    )


def test_pictures_are_made_smaller_but_never_larger() -> None:
    camera = portrait_camera(48)
    assert fitted_size(camera, 24) == (24, 24)
    assert fitted_size(camera, 512) == (48, 48)


def test_every_epoch_is_a_permutation_and_depends_on_the_seed() -> None:
    order = [frame_order(7, step, seed=3) for step in range(21)]
    assert all(sorted(order[i : i + 7]) == list(range(7)) for i in (0, 7, 14))
    assert order[:7] != order[7:14]
    assert order != [frame_order(7, step, seed=4) for step in range(21)]


def test_a_guessed_albedo_is_over_black_and_missing_where_there_is_none(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=32)
    layout = replace(capture.layout, pseudo_albedo="pseudo_albedo/{camera}/{frame:06d}.png")
    guess = np.full((32, 32, 3), 188, np.uint8)
    write_picture(tmp_path / "capture" / "pseudo_albedo" / "front" / "000001.png", guess)
    frames = TrainingFrames(replace(capture, layout=layout), [0, 1], longest_side=32)
    assert frames[0].albedo is None
    assert frames.halved(0).albedo is None
    albedo, half = frames[1].albedo, frames.halved(1).albedo
    assert albedo is not None
    assert half is not None
    covered = frames[1].matte == 1
    assert torch.equal(albedo[covered], torch.full((int(covered.sum()), 3), 188 / 255))
    assert not albedo[frames[1].matte == 0].any()
    torch.testing.assert_close(half[9, 12], albedo[18:20, 24:26].mean((0, 1)))
