"""IMavatar's layout and HRAvatar's: projections by the sets' own formula come out equal."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.readers.flame import flame_rig, flame_vertices, lid_offsets, rodrigues
from tests.capture.readers.sets import (
    HEIGHT,
    WIDTH,
    Person,
    person,
    projected,
    write_json,
    write_picture,
)

from incarnate.capture.readers.imavatar import read_imavatar
from incarnate.capture.readers.importing import import_head_set
from incarnate.capture.reading import read_frame, read_pseudo_albedo
from incarnate.errors import CaptureError

FRAMES = 7
# Pixels; float32 of vertices half a metre away.
TOLERANCE = 1e-3


def world_mats(who: Person) -> np.ndarray:
    """Cameras that look along −z at a head half a metre before them, each somewhat turned."""
    result = np.zeros((len(who.pose), 3, 4))
    for i, matrix in enumerate(result):
        random = np.random.default_rng(i)
        matrix[:, :3] = rodrigues(0.05 * random.normal(size=3))
        matrix[:, 3] = 0.02 * random.normal(size=3) - [0, 0, 0.5]
    return result


def scaled(mat: np.ndarray, scale: float) -> np.ndarray:
    """The camera before a head that is so many times larger: IMavatar's is four times FLAME's."""
    return mat * np.array([1, 1, 1, scale])


def write_imavatar(folder: Path, who: Person, intrinsics: list[float]) -> None:
    mats = world_mats(who)
    frames = [
        {"file_path": f"./image/{i + 8}", "world_mat": scaled(mats[i], 4).tolist(),
         "bbox": [0, 0, 1, 1],
         "expression": who.expression[i].tolist(), "pose": who.pose[i].tolist()}
        for i in range(len(mats))
    ]  # fmt: skip
    for i in range(len(mats)):
        write_picture(folder / f"image/{i + 8}.png", "RGB", i)
        write_picture(folder / f"mask/{i + 8}.png", "L")
    table = {"frames": frames[::-1], "intrinsics": intrinsics, "shape_params": who.shape.tolist()}
    write_json(folder / "flame_params.json", table)


def write_hravatar(folder: Path, who: Person, intrinsics: list[float]) -> None:
    """The same person by HRAvatar's names: translation, lids, albedo for some frames."""
    write_imavatar(folder, who, intrinsics)
    table = json.loads((folder / "flame_params.json").read_text())
    (folder / "flame_params.json").unlink()
    table["shapecode"] = table.pop("shape_params")
    for i, frame in enumerate(table["frames"][::-1]):
        frame["expcode"], frame["fullposecode"] = frame.pop("expression"), frame.pop("pose")
        frame["world_mat"] = scaled(np.array(frame["world_mat"]), 0.25).tolist()
        frame["translation"] = [0.01 * i, 0.02, -0.03]
        frame["eyelids"] = who.lids[i].tolist()
    write_json(folder / "tracked_params.json", table)
    for i in (0, 3):
        write_picture(folder / f"albedo/{i + 8}.png", "RGB", 90 + i)


def project(vertices: np.ndarray, mat: np.ndarray, intrinsics: list[float]) -> np.ndarray:
    """The sets' own formula, in pixels."""
    fx, fy, cx, cy = intrinsics
    seen = vertices @ mat[:, :3].T + mat[:, 3]
    return np.stack([fx * seen[:, 0] / seen[:, 2] + cx, fy * seen[:, 1] / seen[:, 2] + cy], -1)


def test_imavatar_projects_as_it_did(tmp_path: Path) -> None:
    who, relative = person(FRAMES), [-2.5, 3.0, 0.52, 0.47]
    write_imavatar(tmp_path / "yufeng", who, relative)
    imported = import_head_set(read_imavatar(tmp_path / "yufeng"), flame_rig(), tmp_path / "c")
    pixels = [relative[0] * WIDTH, relative[1] * HEIGHT, 0.52 * WIDTH, 0.47 * HEIGHT]
    for frame in range(FRAMES):
        vertices = flame_vertices(who.shape, who.expression[frame], who.pose[frame])
        expected = project(vertices, world_mats(who)[frame], pixels)
        np.testing.assert_allclose(projected(imported, frame), expected, atol=TOLERANCE)


@pytest.mark.parametrize("signs", [(-1, 1), (1, 1)])
def test_hravatar_projects_as_it_did(tmp_path: Path, signs: tuple[int, int]) -> None:
    who = person(FRAMES)
    write_hravatar(tmp_path / "me", who, [signs[0] * 90.0, signs[1] * 95.0, 21.0, 15.0])
    imported = import_head_set(read_imavatar(tmp_path / "me"), flame_rig(lids=True), tmp_path / "c")
    for frame in range(FRAMES):
        lids = np.einsum("e,evc->vc", who.lids[frame], lid_offsets())
        vertices = flame_vertices(
            who.shape, who.expression[frame], who.pose[frame],
            translation=np.array([0.01 * frame, 0.02, -0.03]), offset=lids,
        )  # fmt: skip
        expected = project(vertices, world_mats(who)[frame], [-90.0, 95.0, 21.0, 15.0])
        np.testing.assert_allclose(projected(imported, frame), expected, atol=TOLERANCE)


def test_an_opencv_camera_is_understood_and_a_mirror_refused(tmp_path: Path) -> None:
    who = person(FRAMES)
    write_imavatar(tmp_path / "me", who, [90.0, 90.0, 20.0, 16.0])
    path = tmp_path / "me/flame_params.json"
    table = json.loads(path.read_text())
    flip = np.diag([1.0, -1.0, -1.0])
    for frame in table["frames"]:
        frame["world_mat"] = (flip @ np.array(frame["world_mat"])).tolist()
    write_json(path, table)
    imported = import_head_set(read_imavatar(tmp_path / "me"), flame_rig(), tmp_path / "c")
    vertices = flame_vertices(who.shape, who.expression[1], who.pose[1])
    expected = project(vertices, flip @ world_mats(who)[1], [90.0, 90.0, 20.0, 16.0])
    np.testing.assert_allclose(projected(imported, 1), expected, atol=TOLERANCE)
    write_json(path, table | {"intrinsics": [-90.0, 90.0, 20.0, 16.0]})
    with pytest.raises(CaptureError, match="mirror the picture"):
        read_imavatar(tmp_path / "me")


def test_pictures_masks_and_albedo_come_along(tmp_path: Path) -> None:
    write_hravatar(tmp_path / "me", person(FRAMES), [-90.0, 90.0, 20.0, 16.0])
    imported = import_head_set(read_imavatar(tmp_path / "me"), flame_rig(), tmp_path / "c")
    assert imported.num_pseudo_albedo == 2
    assert read_pseudo_albedo(imported.capture, 3) is not None
    assert read_pseudo_albedo(imported.capture, 1) is None
    assert set(read_frame(imported.capture, 0).matte.unique().tolist()) == {0.0, 1.0}
    assert imported.capture.splits == ("train",) * 6 + ("test",)
    assert "too few to keep its last 500" in imported.notes[0]
    assert "the rig has no offsets for them" in imported.notes[1]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("intrinsics", 'lacks "intrinsics"'),
        ("shape_params", 'lacks "shapecode" or "shape_params"'),
        ("expression", 'lacks "expcode" or "expression"'),
        ("pose", 'lacks "fullposecode" or "pose"'),
        ("world_mat", 'lacks "world_mat"'),
        ("file_path", 'lacks "file_path"'),
    ],
)
def test_a_missing_key_is_named(tmp_path: Path, key: str, expected: str) -> None:
    write_imavatar(tmp_path, person(FRAMES), [-90.0, 90.0, 20.0, 16.0])
    table = json.loads((tmp_path / "flame_params.json").read_text())
    table.pop(key, None)
    for frame in table["frames"]:
        frame.pop(key, None)
    write_json(tmp_path / "flame_params.json", table)
    with pytest.raises(CaptureError, match=expected):
        read_imavatar(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"neither tracked_params\.json nor flame_params"):
        read_imavatar(tmp_path)
    write_imavatar(tmp_path, person(FRAMES), [-90.0, 90.0, 20.0, 16.0])
    (tmp_path / "mask/9.png").unlink()
    with pytest.raises(CaptureError, match=r"9\.png is missing; a head is trained on mattes"):
        read_imavatar(tmp_path)


def test_another_scale_of_the_head_can_be_given(tmp_path: Path) -> None:
    write_imavatar(tmp_path, person(FRAMES), [-90.0, 90.0, 20.0, 16.0])
    usual = read_imavatar(tmp_path).views[0].camera_from_set
    given = read_imavatar(tmp_path, head_scale=2.0).views[0].camera_from_set
    assert torch.equal(given[:, :3, :3], usual[:, :3, :3])
    assert torch.equal(given[:, :3, 3], 2 * usual[:, :3, 3])


def test_a_scale_that_does_not_fit_is_doubted(tmp_path: Path) -> None:
    write_imavatar(tmp_path / "me", person(FRAMES), [-90.0, 90.0, 20.0, 16.0])
    rightly = import_head_set(read_imavatar(tmp_path / "me"), flame_rig(), tmp_path / "c")
    assert len(rightly.notes) == 1
    small = read_imavatar(tmp_path / "me", head_scale=0.5)
    assert "--head-scale" in import_head_set(small, flame_rig(), tmp_path / "c").notes[-1]
