"""VHAP's layout: several cameras, FLAME parameters in npz; projections come out equal."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.capture.readers.flame import VERTICES, flame_rig, flame_vertices
from tests.capture.readers.sets import (
    FOCAL,
    Person,
    camera_to_world,
    person,
    project_nerf,
    projected,
    write_json,
    write_picture,
)

from incarnate.capture.readers.importing import import_head_set
from incarnate.capture.readers.vhap import read_vhap
from incarnate.errors import CaptureError

FRAMES = 5
CAMERAS = {"08": camera_to_world(np.array([0.1, 0.0, 0.0])),
           "10": camera_to_world(np.array([0.0, 0.5, 0.1]))}  # fmt: skip
# Pixels; float32 of vertices half a metre away.
TOLERANCE = 1e-3


def offset() -> np.ndarray:
    return 0.003 * np.random.default_rng(3).normal(size=(VERTICES, 3))


def translation(frame: int) -> np.ndarray:
    return np.array([0.01 * frame, -0.01, 0.02])


def write_vhap(folder: Path, who: Person) -> None:
    for t in range(FRAMES):
        values = {
            "translation": translation(t)[None], "rotation": who.pose[t, None, :3],
            "neck_pose": who.pose[t, None, 3:6], "jaw_pose": who.pose[t, None, 6:9],
            "eyes_pose": who.pose[t, None, 9:], "expr": who.expression[t, None],
            "shape": who.shape, "static_offset": offset()[None],
        }  # fmt: skip
        (folder / "flame_param").mkdir(parents=True, exist_ok=True)
        np.savez(folder / f"flame_param/{t:05d}.npz", allow_pickle=False, **values)

    def shot(t: int, camera: str) -> dict:
        name = f"{t:05d}_{camera}.png"
        write_picture(folder / "images" / name, "RGB", t)
        write_picture(folder / "fg_masks" / name, "L")
        return {"timestep_index": t, "camera_index": int(camera), "camera_id": camera,
                "fl_x": FOCAL, "fl_y": FOCAL, "cx": 21.0, "cy": 15.0, "w": 40, "h": 32,
                "transform_matrix": CAMERAS.get(camera, np.eye(4)).tolist(),
                "file_path": f"images/{name}", "fg_mask_path": f"fg_masks/{name}",
                "flame_param_path": f"flame_param/{t:05d}.npz"}  # fmt: skip

    train = [shot(t, camera) for t in range(4) for camera in CAMERAS]
    write_json(folder / "transforms_train.json", {"frames": train})
    write_json(folder / "transforms_val.json", {"frames": [shot(t, "12") for t in range(4)]})
    test = [shot(4, camera) for camera in (*CAMERAS, "12")]
    write_json(folder / "transforms_test.json", {"frames": test})


def test_every_camera_sees_what_it_saw(tmp_path: Path) -> None:
    who = person(FRAMES)
    write_vhap(tmp_path / "306", who)
    imported = import_head_set(read_vhap(tmp_path / "306"), flame_rig(), tmp_path / "c")
    assert imported.capture.camera_names == ("08", "10")
    for frame in range(FRAMES):
        vertices = flame_vertices(
            who.shape, who.expression[frame], who.pose[frame],
            translation=translation(frame), offset=offset(),
        )  # fmt: skip
        for camera, to_world in enumerate(CAMERAS.values()):
            expected = project_nerf(vertices, to_world, (21.0, 15.0))
            found = projected(imported, frame, camera)
            np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_moments_are_split_and_the_judging_camera_is_left_out(tmp_path: Path) -> None:
    write_vhap(tmp_path, person(FRAMES))
    head_set = read_vhap(tmp_path)
    assert head_set.splits == ("train",) * 4 + ("test",)
    assert head_set.notes == ("left out the cameras that the set keeps for judging: 12",)


def test_a_moment_that_a_camera_misses_is_left_out(tmp_path: Path) -> None:
    write_vhap(tmp_path, person(FRAMES))
    path = tmp_path / "transforms_train.json"
    write_json(path, {"frames": json.loads(path.read_text())["frames"][1:]})
    head_set = read_vhap(tmp_path)
    assert head_set.num_frames == 4
    assert "left out 1 moments that some camera misses" in head_set.notes


def test_a_single_video_has_one_camera(tmp_path: Path) -> None:
    write_vhap(tmp_path, person(FRAMES))
    path = tmp_path / "transforms_train.json"
    frames = [f for f in json.loads(path.read_text())["frames"] if f["camera_id"] == "08"]
    for frame in frames:
        del frame["camera_id"], frame["camera_index"]
    for split in ("train", "val", "test"):
        (tmp_path / f"transforms_{split}.json").unlink()
    write_json(tmp_path / "transforms.json", {"frames": frames})
    head_set = read_vhap(tmp_path)
    assert [view.name for view in head_set.views] == ["front"]
    assert head_set.splits == ("train", "train", "train", "test")


@pytest.mark.parametrize("key", ["rotation", "translation", "jaw_pose", "neck_pose", "eyes_pose",
                                 "expr", "shape"])  # fmt: skip
def test_a_missing_array_is_named(tmp_path: Path, key: str) -> None:
    write_vhap(tmp_path, person(FRAMES))
    path = tmp_path / "flame_param/00000.npz"
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != key}
    np.savez(path, allow_pickle=False, **arrays)
    with pytest.raises(CaptureError, match=rf'00000\.npz lacks "{key}"; it has: .*'):
        read_vhap(tmp_path)


def test_a_missing_parameter_file_is_named(tmp_path: Path) -> None:
    write_vhap(tmp_path, person(FRAMES))
    (tmp_path / "flame_param/00003.npz").unlink()
    with pytest.raises(CaptureError, match=r"00003\.npz is missing"):
        read_vhap(tmp_path)


def test_a_frame_without_parameters_is_named(tmp_path: Path) -> None:
    write_vhap(tmp_path, person(FRAMES))
    path = tmp_path / "transforms_train.json"
    frames = json.loads(path.read_text())["frames"]
    del frames[0]["flame_param_path"]
    write_json(path, {"frames": frames})
    with pytest.raises(CaptureError, match=r'lacks "flame_param_path"'):
        read_vhap(tmp_path)
