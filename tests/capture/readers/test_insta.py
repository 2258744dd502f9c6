"""INSTA's layout: what its moving camera saw, our fixed camera sees."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.capture.readers.flame import VERTICES, flame_rig
from tests.capture.readers.sets import (
    FOCAL,
    WIDTH,
    insta_vertices,
    person,
    project_nerf,
    projected,
    write_insta,
    write_json,
)

from incarnate.capture.capture import Consent
from incarnate.capture.readers.importing import import_head_set
from incarnate.capture.readers.insta import nerf_intrinsics, read_insta
from incarnate.errors import CaptureError

FRAMES = 6
# Pixels. float32 of vertices half a metre away, and a canonical mesh written with 8 digits.
TOLERANCE = 2e-3


def test_the_rig_projects_as_it_did(tmp_path: Path) -> None:
    who = person(FRAMES)
    cameras = write_insta(tmp_path / "ada", who)
    imported = import_head_set(read_insta(tmp_path / "ada"), flame_rig(), tmp_path / "c")
    for frame in range(FRAMES):
        expected = project_nerf(insta_vertices(who, frame), cameras[frame], (21.0, 15.0))
        np.testing.assert_allclose(projected(imported, frame), expected, atol=TOLERANCE)


def test_the_camera_stands_still_and_the_head_moves(tmp_path: Path) -> None:
    write_insta(tmp_path / "ada", person(FRAMES))
    consent = Consent("Ada", "agreed", "made")
    imported = import_head_set(
        read_insta(tmp_path / "ada"), flame_rig(), tmp_path / "c", fps=30.0, consent=consent
    )
    assert len(imported.capture.cameras) == 1
    assert imported.track.origin == "imported"
    assert imported.track.poses.root_rotation.std(0).min() > 0.05
    # On average the head faces +z, as it does in the set.
    assert imported.track.poses.root_rotation.mean(0).norm() < 0.2
    assert (imported.capture.fps, imported.capture.consent) == (30.0, consent)


def test_the_test_file_decides_the_split(tmp_path: Path) -> None:
    write_insta(tmp_path / "ada", person(FRAMES), num_test=2)
    head_set = read_insta(tmp_path / "ada")
    assert head_set.splits == ("train",) * 4 + ("test",) * 2
    assert [files.image.stem for files in head_set.views[0].files][:2] == ["00000", "00001"]
    assert head_set.notes == ()


def test_without_a_test_file_a_small_set_keeps_its_end(tmp_path: Path) -> None:
    write_insta(tmp_path / "ada", person(FRAMES), num_test=2)
    table = json.loads((tmp_path / "ada/transforms_train.json").read_text())
    table["frames"] += json.loads((tmp_path / "ada/transforms_test.json").read_text())["frames"]
    for file in (tmp_path / "ada").glob("transforms_*.json"):
        file.unlink()
    write_json(tmp_path / "ada/transforms.json", table)
    head_set = read_insta(tmp_path / "ada")
    assert head_set.splits == ("train",) * 5 + ("test",)
    assert "too few to keep its last 350 for testing" in head_set.notes[0]


def test_a_shape_file_tells_the_identity(tmp_path: Path) -> None:
    who = person(FRAMES)
    cameras = write_insta(tmp_path / "ada", who)
    (tmp_path / "ada/canonical.obj").unlink()
    for i in range(FRAMES):
        path = tmp_path / f"ada/flame/shape/{i:05d}.txt"
        path.parent.mkdir(exist_ok=True)
        np.savetxt(path, who.shape)
    imported = import_head_set(read_insta(tmp_path / "ada"), flame_rig(), tmp_path / "c")
    expected = project_nerf(insta_vertices(who, 3), cameras[3], (21.0, 15.0))
    np.testing.assert_allclose(projected(imported, 3), expected, atol=TOLERANCE)
    assert imported.notes == ()


def test_a_field_of_view_stands_for_a_focal_length() -> None:
    angle = 2 * np.arctan(0.5 * WIDTH / FOCAL)
    intrinsics = nerf_intrinsics({"camera_angle_x": angle}, "t", WIDTH, 32)
    expected = [[FOCAL, 0, WIDTH / 2], [0, FOCAL, 16], [0, 0, 1]]
    # Rounding of one arc tangent.
    np.testing.assert_allclose(intrinsics.numpy(), expected, rtol=1e-12, atol=0)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"neither transforms_train\.json nor transforms\.json"):
        read_insta(tmp_path)
    write_insta(tmp_path / "ada", person(FRAMES))
    (tmp_path / "ada/flame/exp/00002.txt").unlink()
    with pytest.raises(CaptureError, match=r"exp.00002\.txt is missing; is the data set whole\?"):
        read_insta(tmp_path / "ada")


@pytest.mark.parametrize("key", ["frames", "fl_x"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    write_insta(tmp_path, person(FRAMES))
    table = json.loads((tmp_path / "transforms_train.json").read_text())
    del table[key]
    write_json(tmp_path / "transforms_train.json", table)
    with pytest.raises(CaptureError, match=rf'transforms_train\.json lacks "{key}".*; it has: '):
        read_insta(tmp_path)


def test_a_frame_without_its_matrix_is_named(tmp_path: Path) -> None:
    write_insta(tmp_path, person(FRAMES))
    table = json.loads((tmp_path / "transforms_test.json").read_text())
    del table["frames"][0]["transform_matrix"]
    write_json(tmp_path / "transforms_test.json", table)
    with pytest.raises(CaptureError, match=r'images/00004\.png lacks "transform_matrix"'):
        read_insta(tmp_path)


def test_the_tiny_person_is_in_the_picture() -> None:
    # Otherwise the comparisons above would hold of a head that nobody sees.
    who = person(FRAMES)
    vertices = insta_vertices(who, 0)
    assert vertices.shape == (VERTICES, 3)
    assert np.abs(vertices).max() < 0.2
