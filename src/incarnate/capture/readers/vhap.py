"""The layout that VHAP exports for NeRSemble and single videos: many cameras, FLAME in npz."""

from pathlib import Path

import numpy as np
import torch

from incarnate.capture.capture import Split
from incarnate.capture.pictures import picture_size
from incarnate.capture.readers.head_set import (
    FlameCodes,
    HeadSet,
    HeadView,
    PictureFiles,
    first_that_exists,
    natural_key,
    split_by_rule,
)
from incarnate.capture.readers.insta import OPENCV_FROM_OPENGL, nerf_intrinsics
from incarnate.capture.readers.tables import (
    Table,
    frames_of,
    matrix,
    numbers,
    read_json,
    read_npz,
    text,
)
from incarnate.errors import CaptureError

NUM_TEST = 350
"""Moments at the end for testing, where no ``transforms_test.json`` names them."""

Shots = dict[str, dict[str, Table]]
"""Pictures by moment (the path of its FLAME parameters), then by camera."""


def read_vhap(folder: Path) -> HeadSet:
    """Read a person as VHAP exports one.

    Cameras that only ``transforms_val.json`` has are left out: they are kept for judging new views.

    Args:
        folder: Holds ``transforms_train.json`` and perhaps ``transforms_val.json`` and
            ``transforms_test.json`` (or one ``transforms.json``), pictures with alpha or with
            ``fg_masks/``, and the npz files of FLAME parameters that the frames name.

    Raises:
        CaptureError: Something is missing or wrong; the text says what.
    """
    train_file = folder / "transforms_train.json"
    train_file = train_file if train_file.is_file() else folder / "transforms.json"
    about = read_json(train_file)
    train = _shots(about, train_file)
    cameras = sorted({name for views in train.values() for name in views}, key=natural_key)
    test_file, val_file = folder / "transforms_test.json", folder / "transforms_val.json"
    tested = _shots(read_json(test_file), test_file) if test_file.is_file() else {}
    kept = _shots(read_json(val_file), val_file) if val_file.is_file() else {}
    shots = _merged(_merged(train, kept), tested)
    moments = [m for m in sorted(shots, key=natural_key) if set(cameras) <= set(shots[m])]
    notes = _notes(shots, moments, cameras)
    if tested:
        # A moment of the validation file alone is one that training must not see either.
        splits = tuple[Split, ...]("train" if m in train else "test" for m in moments)
    else:
        splits, more = split_by_rule(len(moments), NUM_TEST)
        notes += more
    views = tuple(
        _view(folder, about, camera, [shots[moment][camera] for moment in moments])
        for camera in cameras
    )
    return HeadSet(folder.name, "vhap", views, _codes(folder, moments), splits, notes)


def _shots(table: Table, path: Path) -> Shots:
    shots: Shots = {}
    for frame in frames_of(table, path):
        moment = text(frame, "flame_param_path", path)
        shots.setdefault(moment, {})[_camera(frame)] = frame
    return shots


def _camera(frame: Table) -> str:
    """The camera's name, which becomes a folder."""
    name = frame.get("camera_id", frame.get("camera_index", "front"))
    safe = "".join(c if (c.isalnum() and c.isascii()) or c in "-_" else "-" for c in str(name))
    return safe or "front"


def _merged(first: Shots, second: Shots) -> Shots:
    return {m: first.get(m, {}) | second.get(m, {}) for m in {**first, **second}}


def _notes(shots: Shots, moments: list[str], cameras: list[str]) -> tuple[str, ...]:
    if not moments:
        raise CaptureError(
            f"no moment of the set is seen by all of its cameras ({', '.join(cameras)}); expected "
            "one picture a camera for every flame_param_path."
        )
    others = sorted({name for views in shots.values() for name in views} - set(cameras))
    notes: list[str] = []
    if others:
        notes.append(f"left out the cameras that the set keeps for judging: {', '.join(others)}")
    if len(moments) < len(shots):
        notes.append(f"left out {len(shots) - len(moments)} moments that some camera misses")
    return tuple(notes)


def _view(folder: Path, about: Table, camera: str, frames: list[Table]) -> HeadView:
    files = tuple(_files(folder, frame) for frame in frames)
    width, height = picture_size(files[0].image)
    place = f"{folder}: camera {camera}"
    lenses = [nerf_intrinsics({**about, **frame}, place, width, height) for frame in frames]
    if any(not torch.allclose(lens, lenses[0], atol=0.1, rtol=0) for lens in lenses):
        raise CaptureError(f"{place}: the intrinsics change over time; expected fixed ones.")
    poses = [OPENCV_FROM_OPENGL @ np.linalg.inv(matrix(frame, "transform_matrix", place))
             for frame in frames]  # fmt: skip
    return HeadView(camera, lenses[0], width, height, torch.from_numpy(np.stack(poses)), files)


def _files(folder: Path, frame: Table) -> PictureFiles:
    image = folder / text(frame, "file_path", folder)
    mask = frame.get("fg_mask_path")
    beside = image.parent.parent
    albedo = first_that_exists([beside / "albedo" / image.name])
    candidates = [beside / "fg_masks" / f"{image.stem}.png"]
    if isinstance(mask, str):
        candidates.insert(0, folder / mask)
    return PictureFiles(image, first_that_exists(candidates), albedo)


def _codes(folder: Path, moments: list[str]) -> FlameCodes:
    files = [folder / moment for moment in moments]
    tables = [read_npz(path) for path in files]

    def rows(name: str, *counts: int) -> torch.Tensor:
        pairs = zip(tables, files, strict=True)
        return torch.from_numpy(np.stack([numbers(t, name, path, counts) for t, path in pairs]))

    offset = None
    if "static_offset" in tables[0]:
        offset = torch.from_numpy(numbers(tables[0], "static_offset", files[0])).reshape(-1, 3)
    return FlameCodes(
        expression=rows("expr"),
        rotation=rows("rotation", 3),
        translation=rows("translation", 3),
        neck=rows("neck_pose", 3),
        jaw=rows("jaw_pose", 3),
        eyes=rows("eyes_pose", 6).unflatten(-1, (2, 3)),
        shape=torch.from_numpy(numbers(tables[0], "shape", files[0])),
        offset=offset,
    )
