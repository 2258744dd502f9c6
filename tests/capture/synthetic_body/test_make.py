"""Whole made body captures: valid, repeatable, and true."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.capture.synthetic_body.conftest import SMALL

from incarnate.capture.capture import Capture
from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT, LABEL_NOTHING
from incarnate.capture.reading import has_truth, read_frame, read_truth
from incarnate.capture.synthetic_body.make import make_body_capture
from incarnate.capture.tracks import load_track
from incarnate.capture.validate import validate
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.skinning import pose_rig


def pictures(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".hdr", ".json"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_is_a_good_capture(small_capture: Capture) -> None:
    assert validate(small_capture) == []
    assert small_capture.rig == "incarnate-body"
    assert small_capture.test_cameras == (2,)
    assert small_capture.clips == ("squat",) * 8 + ("dance",) * 2
    kinds = [small_capture.test_kind(i) for i in small_capture.indices("test")]
    assert kinds == ["held-out pose"] * 2 + ["other clip"] * 2
    assert small_capture.light is not None
    assert small_capture.consent is not None


def test_equal_settings_give_equal_captures(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    short = replace(SMALL, size=32, train_clip_frames=2, test_clip_frames=1, settle_steps=30)
    threads = torch.get_num_threads()
    first = make_body_capture(tmp_path / "a", short, lambda *args: told.append(args))
    try:
        torch.set_num_threads(2)
        second = make_body_capture(tmp_path / "b", short)
    finally:
        torch.set_num_threads(threads)
    assert pictures(first.folder) == pictures(second.folder)
    assert told == [(k, 3, "drawing poses") for k in (1, 2, 3)]


def test_truth_is_where_it_is_judged(small_capture: Capture) -> None:
    for index, split in enumerate(small_capture.splits):
        for camera in range(3):
            assert has_truth(small_capture, "label", index, camera)
            judged = split == "test" or camera == 2
            for kind in ("albedo", "normal"):
                assert has_truth(small_capture, kind, index, camera) is judged


@pytest.mark.parametrize("index", [0, 4, 9])
def test_the_true_track_agrees_with_matte_and_labels(small_capture: Capture, index: int) -> None:
    track = load_track(small_capture)
    assert track.origin == "truth"
    body = pose_rig(track.rig, track.poses[index]).vertices
    for camera in range(3):
        frame = read_frame(small_capture, index, camera)
        labels = read_truth(small_capture, "label", index, camera)[..., 0]
        drawn = rasterize_mesh(body, track.rig.faces, frame.camera).covered
        # The body lies inside what is worn; its outline is cut at pixel centres.
        assert (drawn & (frame.matte < 0.2)).sum() < 0.01 * drawn.sum()
        # Bare skin is where the body is; hair, shoes and rims are the rest.
        assert (drawn & (labels == LABEL_BODY)).sum() > 0.7 * (labels == LABEL_BODY).sum()
        # A skirt covers a good part of the person, and reaches beyond the body.
        garment = labels == LABEL_GARMENT
        assert garment.sum() > 0.3 * drawn.sum()
        assert (garment & ~drawn).sum() > 0.03 * drawn.sum()


def test_labels_and_mattes_tell_the_same_outline(small_capture: Capture) -> None:
    frame = read_frame(small_capture, 3, 1)
    labels = read_truth(small_capture, "label", 3, 1)[..., 0]
    assert set(labels.unique().tolist()) == {LABEL_NOTHING, LABEL_BODY, LABEL_GARMENT}
    assert (labels[frame.matte > 0.9] != LABEL_NOTHING).all()
    assert (labels[frame.matte < 0.4] == LABEL_NOTHING).all()


def test_the_pictures_are_lit_and_not_burnt_out(small_capture: Capture) -> None:
    for camera in range(3):
        frame = read_frame(small_capture, 6, camera)
        seen = frame.image[frame.matte > 0.9]
        assert 0.03 < seen.mean() < 0.6
        assert (seen > 0.99).float().mean() < 0.02
