"""Reads ActorsHQ: up to 160 cameras, mattes, no poses of its own (Işık et al., SIGGRAPH 2023).

```text
Actor01/Sequence1/
  4x/calibration.csv                 name, w, h, rx, ry, rz, tx, ty, tz, fx, fy, px, py
  4x/rgbs/Cam001/Cam001_rgb000000.jpg
  4x/masks/Cam001/Cam001_mask000000.png
  smpl_params.npz                    SMPL-X fits by others, here or in 4x; one row a frame number
```
"""

import csv
from pathlib import Path

import torch

from incarnate.capture.readers.body_set import BodySet, BodyView
from incarnate.capture.readers.head_set import first_that_exists
from incarnate.capture.readers.smplx_params import read_smplx_params
from incarnate.capture.readers.tables import numbers
from incarnate.errors import CaptureError
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import inverse_rigid, rigid_transform

_LENS = ("k1", "k2", "p1", "p2", "k3")


def read_actorshq(folder: Path, poses: Path | None = None) -> BodySet:
    """Read a sequence; pictures stay on disk.

    Args:
        folder: Of the sequence, or of one of its scales (``4x``).
        poses: The SMPL-X parameters, where they are not beside the pictures.

    Raises:
        CaptureError: A file is missing or does not fit, or there are several scales.
    """
    scale = _scale_folder(folder)
    places = [place / "smpl_params.npz" for place in (scale, scale.parent)]
    found = poses or first_that_exists(places)
    if found is None:
        raise CaptureError(
            f"neither {places[0]} nor {places[1]} exists; ActorsHQ comes without poses: get SMPL-X "
            "parameters that were fitted to it, and name them with --poses."
        )
    return BodySet(
        name=folder.resolve().name if folder != scale else folder.resolve().parent.name,
        layout="actorshq",
        views=_read_views(scale),
        codes=read_smplx_params(found),
    )


def _scale_folder(folder: Path) -> Path:
    if (folder / "calibration.csv").is_file():
        return folder
    found = sorted(path.parent for path in folder.glob("*x/calibration.csv"))
    if len(found) != 1:
        what = (
            f"has {', '.join(path.name for path in found)}" if found else "has no calibration.csv"
        )
        raise CaptureError(f"{folder} {what}; give the folder of one scale, such as {folder}/4x.")
    return found[0]


def _read_views(scale: Path) -> tuple[BodyView, ...]:
    path = scale / "calibration.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{(k or "").strip(): v for k, v in row.items()} for row in csv.DictReader(file)]
    if not rows:
        raise CaptureError(f"{path} holds no camera; get it again.")
    return tuple(_view(row, f"{path}: row {index}", scale) for index, row in enumerate(rows, 1))


def _view(row: dict, place: str, scale: Path) -> BodyView:
    """One camera; r and t are those of world_from_camera, lengths are shares of the picture."""

    def value(name: str) -> float:
        return float(numbers(row, name, place, (1,))[0])

    name = str(row.get("name", "")).strip()
    if not name:
        raise CaptureError(f"{place} has no name; is the file whole?")
    width, height = int(value("w")), int(value("h"))
    turn = torch.tensor([value(axis) for axis in ("rx", "ry", "rz")], dtype=torch.float64)
    center = torch.tensor([value(axis) for axis in ("tx", "ty", "tz")], dtype=torch.float64)
    lens = torch.tensor([value(k) if row.get(k) else 0.0 for k in _LENS], dtype=torch.float64)
    return BodyView(
        name=name,
        intrinsics=torch.tensor(
            [
                [value("fx") * width, 0.0, value("px") * width],
                [0.0, value("fy") * height, value("py") * height],
                [0.0, 0.0, 1.0],
            ],
            dtype=torch.float64,
        ),
        width=width,
        height=height,
        camera_from_set=inverse_rigid(rigid_transform(matrix_from_axis_angle(turn), center)),
        folder=scale,
        image=f"rgbs/{name}/{name}_rgb{{frame:06d}}.jpg",
        matte=f"masks/{name}/{name}_mask{{frame:06d}}.png",
        distortion=lens if bool((lens != 0).any()) else None,
    )
