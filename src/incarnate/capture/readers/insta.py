"""INSTA's layout (Zielonka et al. 2023): a fixed FLAME head and a camera that moves around it."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

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
from incarnate.capture.readers.tables import (
    Table,
    axis_angles,
    frames_of,
    matrix,
    numbers,
    read_json,
    read_text_numbers,
    text,
)
from incarnate.errors import CaptureError

NUM_TEST = 350
"""The set's rule: so many frames at the end are for testing."""

# OpenGL has y up and z backward.
OPENCV_FROM_OPENGL: Final = np.diag([1.0, -1.0, -1.0, 1.0])


def read_insta(folder: Path) -> HeadSet:
    """Read a person of an INSTA data set.

    Args:
        folder: Holds ``transforms_train.json``, ``transforms_test.json`` and perhaps
            ``transforms_val.json``, or one ``transforms.json``; ``images/`` with alpha (or
            ``matted/``), ``flame/exp/``, and where present ``flame/jaw``, ``flame/eyes``,
            ``flame/eyelids``, ``flame/shape`` and ``canonical.obj``.

    Raises:
        CaptureError: Something is missing or wrong; the text says what.
    """
    tables = _transforms(folder)
    frames, is_test = _frames(tables)
    pictures = [_picture(folder, name) for name in frames]
    notes: tuple[str, ...] = ()
    if is_test is None:
        splits, notes = split_by_rule(len(frames), NUM_TEST)
    else:
        splits = tuple[Split, ...]("test" if name in is_test else "train" for name in frames)
    about, place = next(iter(tables.values())), next(iter(tables))
    width, height = picture_size(pictures[0].image)
    places = [f"{place}: {name}" for name in frames]
    poses = [OPENCV_FROM_OPENGL @ np.linalg.inv(matrix(frame, "transform_matrix", where))
             for where, frame in zip(places, frames.values(), strict=True)]  # fmt: skip
    view = HeadView(
        name="front",
        intrinsics=nerf_intrinsics(about, place, width, height),
        width=width,
        height=height,
        camera_from_set=torch.from_numpy(np.stack(poses)),
        files=tuple(pictures),
    )
    codes = _codes(folder, frames)
    if not bool(codes.jaw.any()):
        notes += ("the set has no flame/jaw: the rig's jaw stays closed when the mouth opens",)
    return HeadSet(folder.name, "insta", (view,), codes, splits, notes)


def nerf_intrinsics(
    table: Table, place: Path | str, width: int, height: int
) -> Float[Tensor, "3 3"]:
    """Intrinsics from ``fl_x``, ``fl_y``, ``cx``, ``cy``, or from ``camera_angle_x`` (radians).

    Raises:
        CaptureError: Neither ``fl_x`` nor ``camera_angle_x`` is there.
    """
    if table.get("fl_x") is not None:
        focal_x = float(numbers(table, "fl_x", place, (1,))[0])
    else:
        angle = numbers(table, ("fl_x", "camera_angle_x"), place, (1,))[0]
        focal_x = float(0.5 * width / np.tan(0.5 * angle))

    def or_else(name: str, value: float) -> float:
        given = table.get(name) is not None
        return float(numbers(table, name, place, (1,))[0]) if given else value

    focal_y = or_else("fl_y", focal_x)
    center_x, center_y = or_else("cx", 0.5 * width), or_else("cy", 0.5 * height)
    rows = [[focal_x, 0.0, center_x], [0.0, focal_y, center_y], [0.0, 0.0, 1.0]]
    return torch.tensor(rows, dtype=torch.float64)


def _transforms(folder: Path) -> dict[Path, Table]:
    """The tables of frames: those of the splits, or the one of all."""
    files = [folder / f"transforms_{split}.json" for split in ("train", "val", "test")]
    if not files[0].is_file():
        files = [folder / "transforms.json"]
        if not files[0].is_file():
            raise CaptureError(
                f"{folder} has neither transforms_train.json nor transforms.json; give the folder "
                "of one person of an INSTA data set."
            )
    return {path: read_json(path) for path in files if path.is_file()}


def _frames(tables: dict[Path, Table]) -> tuple[dict[str, Table], frozenset[str] | None]:
    """Frames by picture in order of time, and those of the test file where there is one."""
    frames: dict[str, Table] = {}
    tested: frozenset[str] | None = None
    for path, table in tables.items():
        named = {text(frame, "file_path", path): frame for frame in frames_of(table, path)}
        frames |= named
        if path.name == "transforms_test.json":
            tested = frozenset(named)
    return {name: frames[name] for name in sorted(frames, key=natural_key)}, tested


def _picture(folder: Path, name: str) -> PictureFiles:
    """The picture with alpha: itself, or that of the same name in ``matted/``."""
    image = folder / name
    if not image.suffix:
        image = image.with_suffix(".png")
    matted = folder / "matted" / image.name
    albedo = first_that_exists([folder / "albedo" / image.name])
    return PictureFiles(matted if matted.is_file() else image, albedo=albedo)


def _codes(folder: Path, frames: dict[str, Table]) -> FlameCodes:
    exp_files = [folder / str(frame.get("exp_path") or f"flame/exp/{Path(name).stem}.txt")
                 for name, frame in frames.items()]  # fmt: skip
    expression = np.stack([read_text_numbers(path) for path in exp_files])
    zeros = torch.zeros(len(frames), 3, dtype=torch.float64)

    def rows(kind: str, counts: tuple[int, ...]) -> np.ndarray | None:
        files = [path.parent.parent / kind / path.name for path in exp_files]
        if not files[0].parent.is_dir():
            return None
        return np.stack([read_text_numbers(path, counts) for path in files])

    jaw, eyes = rows("jaw", (3, 6)), rows("eyes", (6, 12))
    lids, shape = rows("eyelids", (2,)), rows("shape", ())
    return FlameCodes(
        expression=torch.from_numpy(expression),
        rotation=zeros,
        translation=zeros,
        neck=zeros,
        jaw=zeros if jaw is None else axis_angles(jaw, 1)[:, 0],
        eyes=torch.stack([zeros, zeros], 1) if eyes is None else axis_angles(eyes, 2),
        eyelids=None if lids is None else torch.from_numpy(lids),
        shape=None if shape is None else torch.from_numpy(shape[0]),
        canonical=_canonical(folder / "canonical.obj") if shape is None else None,
    )


def _canonical(path: Path) -> Float[Tensor, "vertices 3"] | None:
    """Vertices of an OBJ; None where there is none."""
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
    try:
        return torch.tensor([[float(word) for word in row] for row in rows], dtype=torch.float64)
    except ValueError as error:
        raise CaptureError(f"{path} is not an OBJ file ({error}); get it again.") from error
