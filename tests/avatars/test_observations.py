"""Frames that start an avatar: they differ from each other, and points land where the rig is."""

from pathlib import Path

import torch
from tests.avatars.people import write_painted_capture

from incarnate.avatars.observations import (
    carried_points,
    in_camera,
    observe,
    sample_pixels,
    spread_frames,
)
from incarnate.capture.tracks import load_track


def test_spread_frames_are_distinct_and_deterministic(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture")
    track = load_track(capture)
    chosen = spread_frames(track, capture.indices("train"), 4)
    assert chosen == spread_frames(track, capture.indices("train"), 4)
    assert len(set(chosen)) == 4
    assert set(chosen) <= set(capture.indices("train"))
    assert len(spread_frames(track, capture.indices("train"), 99)) == 6


def test_carried_vertices_project_onto_the_drawn_mesh(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture")
    track = load_track(capture)
    observation = observe(capture, track, 3, 48)[1]
    rig = track.rig
    basis = rig.expression_basis.permute(1, 2, 0).contiguous()
    world = carried_points(observation, rig.vertices, rig.skinning_weights, basis)
    pixels = in_camera(observation.frame.camera, world)
    inside = ((pixels[:, :2] > 0) & (pixels[:, :2] < 48)).all(-1)
    column, row = pixels[inside, 0].long(), pixels[inside, 1].long()
    # Only vertices whose pixel's centre lies just off the silhouette are not covered.
    assert observation.mesh.covered[row, column].float().mean() > 0.97


def test_pixel_centres_read_their_own_value() -> None:
    image = torch.rand(4, 6, 2)
    rows, cols = torch.meshgrid(torch.arange(4), torch.arange(6), indexing="ij")
    pixels = torch.stack([cols, rows], -1).reshape(-1, 2) + 0.5
    torch.testing.assert_close(sample_pixels(image, pixels), image.reshape(-1, 2))
