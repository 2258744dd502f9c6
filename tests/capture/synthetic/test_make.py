"""Whole made captures: valid, repeatable, true, and lit as they say."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.capture.synthetic.conftest import SMALL

from incarnate.capture.capture import Capture
from incarnate.capture.reading import (
    has_relit,
    has_truth,
    read_frame,
    read_relit_frame,
    read_truth,
)
from incarnate.capture.synthetic.make import exposed, write_synthetic_capture
from incarnate.capture.tracks import load_track
from incarnate.capture.validate import validate
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.light.environment import Environment
from incarnate.light.sampling import irradiance_toward
from incarnate.rigs.skinning import pose_rig


def pictures(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".hdr", ".json"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_is_a_good_capture(small_capture: Capture) -> None:
    assert validate(small_capture) == []
    assert small_capture.indices("test") == [7]
    assert small_capture.consent is not None
    assert small_capture.provenance["settings"]["seed"] == SMALL.seed  # pyright: ignore
    assert small_capture.light is not None
    assert list(small_capture.relights) == ["sky"]


def test_equal_settings_give_equal_captures(small_capture: Capture, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        again = write_synthetic_capture(tmp_path / "again", SMALL)
    finally:
        torch.set_num_threads(threads)
    assert pictures(again.folder) == pictures(small_capture.folder)
    first, second = load_track(small_capture), load_track(again)
    assert torch.equal(first.poses.expression, second.poses.expression)
    assert torch.equal(first.rig.vertices, second.rig.vertices)


def test_other_seeds_give_other_people(small_capture: Capture, tmp_path: Path) -> None:
    short = replace(SMALL, seed=8, num_frames=2, size=32, relights=())
    other = write_synthetic_capture(tmp_path / "other", short)
    assert (load_track(other).rig.vertices - load_track(small_capture).rig.vertices).norm() > 0.01


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    short = replace(SMALL, num_frames=3, size=24, relights=(), light_samples=16)
    write_synthetic_capture(tmp_path / "c", short, lambda *args: told.append(args))
    assert told == [(k, 3, "drawing frames") for k in (1, 2, 3)]


def test_truth_is_there_for_test_frames(small_capture: Capture) -> None:
    for index in range(small_capture.num_frames):
        is_test = index in small_capture.indices("test")
        assert has_relit(small_capture, "sky", index) is is_test
        for kind in ("albedo", "normal", "roughness"):
            assert has_truth(small_capture, kind, index) is is_test


def test_the_true_track_agrees_with_the_silhouette(small_capture: Capture) -> None:
    track = load_track(small_capture)
    assert track.origin == "truth"
    for index in (0, 3, 7):
        frame = read_frame(small_capture, index)
        posed = pose_rig(track.rig, track.poses[index])
        drawn = rasterize_mesh(posed.vertices, track.rig.faces, frame.camera).covered
        matte = frame.matte > 0.5
        # The rig lies inside the drawn person, whose own expressions move the outline by a pixel.
        assert (drawn & ~matte).sum() < 0.01 * drawn.sum()
        # Below the ears there is no hair, and both outlines agree.
        low = slice(38, 64)
        assert (drawn ^ matte)[low].sum() < 0.03 * drawn[low].sum()


def test_pictures_are_albedo_times_light(small_capture: Capture) -> None:
    index = small_capture.indices("test")[0]
    frame = read_frame(small_capture, index)
    normals = read_truth(small_capture, "normal", index)
    albedo = read_truth(small_capture, "albedo", index)
    inside = (frame.matte == 1) & (albedo[..., 0] > 0.15)
    chosen = torch.nonzero(inside)[::4]
    rows, columns = chosen.T
    relit = read_relit_frame(small_capture, "sky", index)
    for image, light in (
        (frame.image, small_capture.light),
        (relit.image, small_capture.relights["sky"]),
    ):
        assert light is not None
        small = replace(light, radiance=light.radiance)
        received = torch.stack([irradiance_toward(small, n) for n in normals[rows, columns][::8]])
        seen = (image / albedo.clamp(min=0.05))[rows, columns][::8]
        pair = torch.stack([received[:, 1], seen[:, 1]])
        # Shadows and highlights are not in the irradiance; the rest of the picture is.
        assert torch.corrcoef(pair)[0, 1] > 0.6
        assert 0.5 < seen.mean() / received.mean() < 1.3


def test_other_light_is_another_picture(small_capture: Capture) -> None:
    index = small_capture.indices("test")[0]
    frame, relit = (read_frame(small_capture, index), read_relit_frame(small_capture, "sky", index))
    inside = frame.matte == 1
    mean_error = (frame.image - relit.image)[inside].abs().mean()
    assert mean_error > 0.15 * frame.image[inside].mean()


def test_exposure_is_bounded_and_leaves_colours(generator: torch.Generator) -> None:
    radiance = torch.rand(16, 32, 3, generator=generator)
    radiance[4, 20] = 3000.0
    env = Environment(radiance)
    lit = exposed(env)
    ratio = lit.radiance / radiance
    assert torch.allclose(ratio, ratio[0, 0, 0].expand_as(ratio), rtol=1e-4)
    assert torch.allclose(exposed(env.scaled(7.0)).radiance, lit.radiance, rtol=1e-4)
    assert irradiance_toward(lit, torch.tensor([0.0, 0.0, 1.0])).max() < 1.6


@pytest.mark.parametrize("light", ["studio", "sky", "night_street"])
def test_faces_are_well_exposed_in_every_light(tmp_path: Path, light: str) -> None:
    short = replace(SMALL, num_frames=2, size=48, relights=(), light=light)
    capture = write_synthetic_capture(tmp_path / "c", short)
    frame = read_frame(capture, 0)
    inside = frame.matte == 1
    # Neither drowned nor burnt out.
    assert 0.04 < frame.image[inside].mean() < 0.4
    assert (frame.image[inside] > 0.99).float().mean() < 0.03
