"""Reads numbers from JSON, npz and text files of foreign layouts, and says what is missing."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.errors import CaptureError
from incarnate.geometry.rotations import axis_angle_from_matrix

Table = Mapping[str, object]


def read_json(path: Path) -> Table:
    """A JSON file that holds one object.

    Raises:
        CaptureError: The file is missing or is something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CaptureError(f"{path} is missing; is this the folder of the data set?") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CaptureError(f"{path} is not JSON ({error}); get it again.") from error
    if not isinstance(value, dict):
        raise CaptureError(f"{path} holds a {type(value).__name__}; expected an object.")
    return value


def read_npz(path: Path) -> Table:
    """The arrays of an npz; without pickle.

    Raises:
        CaptureError: The file is missing or damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise CaptureError(f"{path} is missing; is the data set whole?") from None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        raise CaptureError(f"{path} cannot be read as an npz ({error}); get it again.") from error


def read_text_numbers(path: Path, counts: tuple[int, ...] = ()) -> Float[np.ndarray, "numbers"]:
    """White-space separated numbers of a text file; `counts` are the numbers that it may have.

    Raises:
        CaptureError: The file is missing, holds other things, or another number of them.
    """
    try:
        values = [float(word) for word in path.read_text(encoding="utf-8").split()]
    except FileNotFoundError:
        raise CaptureError(f"{path} is missing; is the data set whole?") from None
    except ValueError as error:
        raise CaptureError(f"{path} does not hold numbers ({error}); get it again.") from error
    return _counted(np.array(values), counts, str(path))


def frames_of(table: Table, place: Path | str) -> list[Table]:
    """The list of frames of a table; not empty.

    Raises:
        CaptureError: There is none.
    """
    frames = entry(table, "frames", place)
    if not isinstance(frames, list) or not frames or not all(isinstance(f, dict) for f in frames):
        raise CaptureError(f"{place}: frames is not a list of at least one object; get it again.")
    return frames


def entry(table: Table, names: str | tuple[str, ...], place: Path | str) -> object:
    """The value of the first of some keys that the table has.

    Raises:
        CaptureError: It has none of them.
    """
    names = (names,) if isinstance(names, str) else names
    for name in names:
        if table.get(name) is not None:
            return table[name]
    wanted = " or ".join(f'"{name}"' for name in names)
    raise CaptureError(
        f"{place} lacks {wanted}; it has: {', '.join(sorted(table)) or 'nothing'}. "
        "Is it of the layout that --format names?"
    )


def text(table: Table, names: str | tuple[str, ...], place: Path | str) -> str:
    """A string.

    Raises:
        CaptureError: It is missing or something else.
    """
    value = entry(table, names, place)
    if not isinstance(value, str) or not value:
        raise CaptureError(f"{place}: {names} is {value!r}; expected a text.")
    return value


def numbers(
    table: Table, names: str | tuple[str, ...], place: Path | str, counts: tuple[int, ...] = ()
) -> Float[np.ndarray, "numbers"]:
    """Numbers in any nesting, flat; `counts` are the numbers that there may be.

    Raises:
        CaptureError: They are missing, no finite numbers, or another number of them.
    """
    where = f"{place}: {names if isinstance(names, str) else ' or '.join(names)}"
    try:
        values = np.asarray(entry(table, names, place), np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise CaptureError(f"{where} does not hold numbers ({error}).") from error
    return _counted(values, counts, where)


def matrix(table: Table, name: str, place: Path | str) -> Float[np.ndarray, "4 4"]:
    """A rigid transform of 3 or 4 rows.

    Raises:
        CaptureError: It is missing, or its left part is no rotation.
    """
    values = numbers(table, name, place, (12, 16)).reshape(-1, 4)
    result = np.concatenate([values[:3], [[0.0, 0.0, 0.0, 1.0]]])
    rotation = result[:3, :3]
    # Sets are written with six digits or as float32.
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3 or np.linalg.det(rotation) < 0:
        raise CaptureError(f"{place}: {name} is not rigid: its 3×3 part is not a rotation.")
    return result


def axis_angles(values: Float[np.ndarray, "frames numbers"], joints: int) -> Tensor:
    """Rotations of some joints in either encoding, as axis-angle (frames, joints, 3).

    Args:
        values: 3 numbers a joint are axis-angle, radians; 6 are the first two rows of the matrix
            (Zhou et al. 2019, as trackers on PyTorch3D store it).
        joints: How many joints.
    """
    per_joint = torch.from_numpy(values).reshape(len(values), joints, -1)
    if per_joint.shape[-1] == 3:
        return per_joint
    first = torch.nn.functional.normalize(per_joint[..., :3], dim=-1)
    second = per_joint[..., 3:]
    second = second - (first * second).sum(-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1)
    third = torch.linalg.cross(first, second, dim=-1)
    return axis_angle_from_matrix(torch.stack([first, second, third], -2))


def _counted(
    values: Float[np.ndarray, "numbers"], counts: tuple[int, ...], where: str
) -> Float[np.ndarray, "numbers"]:
    if counts and len(values) not in counts:
        expected = " or ".join(map(str, counts))
        raise CaptureError(f"{where} has {len(values)} numbers; expected {expected}.")
    if not np.isfinite(values).all():
        raise CaptureError(f"{where} holds a number that is not finite.")
    return values
