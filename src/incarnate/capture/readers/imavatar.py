"""IMavatar's layout (Zheng et al. 2022), which HRAvatar and PointAvatar share."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

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
    entry,
    frames_of,
    matrix,
    numbers,
    read_json,
    text,
)
from incarnate.errors import CaptureError

NUM_TEST = 500
"""The set's rule: so many frames at the end are for testing."""

# By table: how many times larger than FLAME's its head is, so that translations are too. IMavatar
# fits a head four times as large, which fills the unit sphere.
_HEAD_SCALES: Final = {"tracked_params.json": 1.0, "flame_params.json": 4.0}
_SHAPE = ("shapecode", "shape_params")
_EXPRESSION = ("expcode", "expression")
_POSE = ("fullposecode", "pose")


def read_imavatar(folder: Path, head_scale: float | None = None) -> HeadSet:
    """Read a video in IMavatar's or HRAvatar's layout.

    Args:
        folder: Holds ``tracked_params.json`` or ``flame_params.json``, ``image/``, ``mask/`` and
            perhaps ``albedo/``.
        head_scale: How many times larger than FLAME's the head is before the camera of
            ``world_mat``; left out, 4 for ``flame_params.json`` and 1 for ``tracked_params.json``.

    Raises:
        CaptureError: Something is missing or wrong; the text says what.
    """
    path = first_that_exists([folder / name for name in _HEAD_SCALES])
    if path is None:
        raise CaptureError(
            f"{folder} has neither {' nor '.join(_HEAD_SCALES)}; give the folder that holds it "
            "beside image/ and mask/."
        )
    table = read_json(path)
    frames = sorted(
        frames_of(table, path), key=lambda frame: natural_key(text(frame, "file_path", path))
    )
    files = tuple(_files(folder, text(frame, "file_path", path)) for frame in frames)
    width, height = picture_size(files[0].image)
    codes = _codes(table, frames, path)
    splits, notes = split_by_rule(len(frames), NUM_TEST)
    world_mats = np.stack([matrix({**table, **frame}, "world_mat", path) for frame in frames])
    world_mats[:, :3, 3] /= _HEAD_SCALES[path.name] if head_scale is None else head_scale
    intrinsics, opencv_from_set = _lens(table, path, (width, height), _depth(world_mats, codes))
    view = HeadView(
        name="front",
        intrinsics=intrinsics,
        width=width,
        height=height,
        camera_from_set=opencv_from_set @ torch.from_numpy(world_mats),
        files=files,
    )
    return HeadSet(folder.name, "imavatar", (view,), codes, splits, notes)


def _files(folder: Path, name: str) -> PictureFiles:
    """The picture that ``./image/17`` names, with its mask and, where there is one, its albedo."""
    image = folder / name
    if not image.suffix:
        image = first_that_exists([image.with_suffix(s) for s in (".png", ".jpg")]) or (
            image.with_suffix(".png")
        )
    beside = image.parent.parent
    mask = first_that_exists([beside / "mask" / f"{image.stem}{s}" for s in (".png", ".jpg")])
    albedo = first_that_exists([beside / "albedo" / f"{image.stem}{s}" for s in (".png", ".jpg")])
    if mask is None:
        raise CaptureError(
            f"{beside / 'mask' / image.stem}.png is missing; a head is trained on mattes: write "
            "one for every picture."
        )
    return PictureFiles(image, mask, albedo)


def _codes(table: Table, frames: list[Table], path: Path) -> FlameCodes:
    expression = np.stack([numbers(frame, _EXPRESSION, path) for frame in frames])
    pose = np.stack([numbers(frame, _POSE, path, (15,)) for frame in frames])
    shape = _SHAPE if any(table.get(name) is not None for name in _SHAPE) else None
    translation = np.zeros((len(frames), 3))
    if frames[0].get("translation") is not None:
        translation = np.stack([numbers(frame, "translation", path, (3,)) for frame in frames])
    lids = None
    if frames[0].get("eyelids") is not None:
        lids = torch.from_numpy(np.stack([numbers(f, "eyelids", path, (2,)) for f in frames]))
    # FLAME's full pose: root, neck, jaw, left eye, right eye.
    joints = torch.from_numpy(pose).unflatten(-1, (5, 3))
    return FlameCodes(
        expression=torch.from_numpy(expression),
        rotation=joints[:, 0],
        translation=torch.from_numpy(translation),
        neck=joints[:, 1],
        jaw=joints[:, 2],
        eyes=joints[:, 3:],
        eyelids=lids,
        # HRAvatar repeats the shape in every frame; it is one person's.
        shape=torch.from_numpy(numbers(table if shape else frames[0], _SHAPE, path)),
    )


def _depth(world_mats: np.ndarray, codes: FlameCodes) -> float:
    """Depth of the head's origin in the first frame, in the set's own camera axes."""
    return float((world_mats[0, :3, :3] @ codes.translation[0].numpy() + world_mats[0, :3, 3])[2])


def _lens(
    table: Table, path: Path, size: tuple[int, int], depth: float
) -> tuple[Float[Tensor, "3 3"], Float[Tensor, "4 4"]]:
    """Intrinsics in pixels with positive focal lengths, and OpenCV axes from the set's camera axes.

    The sets project plainly: ``u = fx x/z + cx``, ``v = fy y/z + cy``, in pixels or in shares of
    the picture, with signs in the focal lengths that stand for the camera's axes. With z < 0 in
    front, (−f, f) is IMavatar's OpenGL camera; some write it as (f, f).
    """
    values = numbers(table, "intrinsics", path, (4, 9))
    fx, fy, cx, cy = values if len(values) == 4 else values[[0, 4, 2, 5]]
    # A principal point within two "pixels" of the corner is one in shares of the picture.
    scale = np.array(size if max(abs(cx), abs(cy)) <= 2 else (1, 1), np.float64)
    facing = -1.0 if depth < 0 else 1.0
    signs = np.array([np.sign(fx), np.sign(fy), 1.0]) * facing
    if facing < 0 and np.prod(signs) <= 0:
        signs = np.array([1.0, -1.0, -1.0])
    if np.prod(signs) <= 0:
        raise CaptureError(
            f"{path}: the intrinsics {entry(table, 'intrinsics', path)} mirror the picture, as the "
            "head stands before the camera on +z; expected both focal lengths of one sign."
        )
    rows = [[abs(fx) * scale[0], 0, cx * scale[0]], [0, abs(fy) * scale[1], cy * scale[1]],
            [0, 0, 1]]  # fmt: skip
    axes = np.diag([*signs, 1.0])
    return torch.tensor(rows, dtype=torch.float64), torch.from_numpy(axes)
