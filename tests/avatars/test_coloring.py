"""Start colours are those of the frames; what no matte covers is dropped."""

from dataclasses import replace
from pathlib import Path

import torch
from tests.avatars.people import painted, write_painted_capture

from incarnate.avatars.coloring import colored_start
from incarnate.avatars.observations import observe
from incarnate.avatars.seeding import sample_rig, start_on_surface
from incarnate.capture.tracks import load_track


def test_colours_are_read_from_the_frames(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=96)
    track = load_track(capture)
    observations = observe(capture, track, 6, 96)
    start = start_on_surface(track.rig, 1500, torch.Generator().manual_seed(0))
    colored = colored_start(start, observations)
    samples = sample_rig(track.rig, 1500, torch.Generator().manual_seed(0))
    true = samples.interpolate(painted(track.rig), track.rig.faces)
    # The face is seen in every frame; find its splats again among those that were kept.
    face = (start.means[:, 2] > 0.10) & (start.means[:, 1] > 1.45)
    match = torch.cdist(start.means[face], colored.means).argmin(-1)
    error = (torch.sigmoid(colored.albedo_logits[match]) - true[face]).abs()
    # A pixel is 7 mm wide here and the stripes have a period of 80 mm.
    assert error.median() < 0.06


def test_splats_outside_of_all_mattes_are_dropped(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture")
    track = load_track(capture)
    observations = observe(capture, track, 3, 48)
    start = start_on_surface(track.rig, 300, torch.Generator().manual_seed(0))
    astray = replace(start, means=start.means + torch.tensor([0.0, 0.30, 0.0]))
    kept = colored_start(astray, observations)
    assert len(kept.means) < 0.5 * len(start.means)
