"""What the rig lacks is found where mattes reach beyond it, and at a plausible depth."""

from dataclasses import replace
from pathlib import Path

import torch
from scipy import ndimage
from tests.avatars.people import write_painted_capture

from incarnate.avatars.observations import Observation, observe
from incarnate.avatars.silhouette_seeding import start_beyond_silhouette
from incarnate.capture.tracks import load_track


def widened(observation: Observation, pixels: int) -> Observation:
    """The same frame with hair: a matte that reaches further than the rig."""
    matte = ndimage.binary_dilation(observation.mesh.covered.numpy(), iterations=pixels)
    frame = replace(observation.frame, matte=torch.from_numpy(matte).float())
    return replace(observation, frame=frame)


def test_hair_around_the_head_gets_splats_close_to_it(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture", size=64)
    track = load_track(capture)
    observations = [widened(o, 4) for o in observe(capture, track, 6, 64)]
    generator = torch.Generator().manual_seed(0)
    start = start_beyond_silhouette(track.rig, observations, 400, generator)
    assert start is not None
    assert 50 < len(start.means) <= 400
    distance = torch.cdist(start.means, track.rig.vertices).min(-1).values
    # Four pixels are about 13 mm wide; depths are tried up to 60 mm behind the mesh.
    assert distance.median() > 0.004
    assert distance.max() < 0.08


def test_a_rig_that_covers_the_person_needs_nothing_more(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "capture")
    track = load_track(capture)
    observations = observe(capture, track, 3, 48)
    generator = torch.Generator().manual_seed(0)
    assert start_beyond_silhouette(track.rig, observations, 400, generator) is None
