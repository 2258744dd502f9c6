"""track.npz: the rig fitted to a capture, one pose a frame (docs/capture-format.md)."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import torch

from incarnate.capture.capture import Capture, Track
from incarnate.errors import CaptureError
from incarnate.rigs.files import resolve_rig
from incarnate.rigs.rig import Pose, Rig
from incarnate.whole_files import whole

TRACK_NAME = "track.npz"
_FORMAT = "incarnate-track"
_VERSION = 1
_ORIGINS = get_args(Literal["tracked", "truth", "imported"])
_POSE_FIELDS = ("root_rotation", "root_translation", "joint_rotations", "expression")
_OBSERVATION = "observation:"


def load_track(capture: Capture, *, not_finite: Literal["refused", "kept"] = "refused") -> Track:
    """The track of a capture.

    Args:
        capture: The capture.
        not_finite: What becomes of poses with NaN or infinity in them. A single one spoils what is
            fitted to all frames, so only a look at the faults themselves keeps them.

    Raises:
        CaptureError: The capture is not tracked, the file is damaged, it was made for another
            rig or another number of frames, or poses are not finite.
    """
    if capture.layout.track is None:
        raise CaptureError(f"{capture.folder} has no track; run `incarnate track` first.")
    track = read_track(capture.folder / capture.layout.track)
    if len(track.poses) != capture.num_frames:
        raise CaptureError(
            f"{capture.folder / capture.layout.track} has {len(track.poses)} poses, but the "
            f"capture has {capture.num_frames} frames; track the capture again."
        )
    faulty = [] if not_finite == "kept" else frames_not_finite(track)
    if faulty:
        raise CaptureError(
            f"{capture.folder / capture.layout.track}: the poses of {len(faulty)} of "
            f"{capture.num_frames} frames are not finite, the first that of frame {faulty[0]}; "
            "remove such frames and track again."
        )
    return track


def frames_not_finite(track: Track) -> list[int]:
    """Indices of the frames whose pose or error has NaN or infinity in it."""
    poses = [getattr(track.poses, name).flatten(1) for name in _POSE_FIELDS]
    rows = torch.cat([*poses, track.residuals[:, None]], 1)
    return torch.nonzero(~rows.isfinite().all(1))[:, 0].tolist()


def read_track(path: Path | str) -> Track:
    """Read a track's file, of a capture or alone (to drive another person with).

    Args:
        path: The file; a rig's file that it names is looked for beside it.

    Raises:
        CaptureError: The file is missing, damaged, newer, or made for another rig.
    """
    path = Path(path)
    arrays = _read_arrays(path)
    base = resolve_rig(str(_entry(arrays, "rig", path)), path.parent)
    for name, expected in (("joints", base.joint_names), ("expressions", base.expression_names)):
        if tuple(_entry(arrays, f"{name[:-1]}_names", path).tolist()) != expected:
            raise CaptureError(
                f"{path} was made for a rig with other {name} than {base.name!r} has now; track "
                "the capture again."
            )
    origin = str(_entry(arrays, "origin", path))
    if origin not in _ORIGINS:
        raise CaptureError(f"{path}: origin is {origin!r}; expected one of {', '.join(_ORIGINS)}.")
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()
               if array.dtype.kind in "fiub"}  # fmt: skip
    for name in (*_POSE_FIELDS, "residuals", "rest_vertices", "rest_joints"):
        _entry(arrays, name, path)
    _check_shapes(tensors, base, path)
    return Track(
        rig=_personal(base, tensors),
        poses=Pose(
            tensors["root_rotation"],
            tensors["root_translation"],
            tensors["joint_rotations"],
            tensors["expression"],
            base.expression_names,
        ),
        residuals=tensors["residuals"],
        origin=cast('Literal["tracked", "truth", "imported"]', origin),
        shape=tensors.get("shape"),
        offset=tensors.get("offset"),
        observations={
            name.removeprefix(_OBSERVATION): value
            for name, value in tensors.items() if name.startswith(_OBSERVATION)
        },
    )  # fmt: skip


def write_track(track: Track, folder: Path, rig: str) -> None:
    """Write track.npz into a folder; the capture's manifest is `save_track`'s part.

    Args:
        track: The track; its rig is the generic rig with an identity folded in.
        folder: Where to.
        rig: The generic rig: an embedded rig's name, or a file in the folder.
    """
    arrays: dict[str, np.ndarray] = {
        "format": np.array(_FORMAT),
        "version": np.array(_VERSION),
        "rig": np.array(rig),
        "origin": np.array(track.origin),
        "joint_names": np.array(track.rig.joint_names),
        "expression_names": np.array(track.rig.expression_names),
        "rest_vertices": track.rig.vertices.numpy(),
        "rest_joints": track.rig.joints.numpy(),
        "residuals": track.residuals.numpy(),
    }
    arrays |= {name: getattr(track.poses, name).numpy() for name in _POSE_FIELDS}
    arrays |= {_OBSERVATION + name: value.numpy() for name, value in track.observations.items()}
    for name, value in (("shape", track.shape), ("offset", track.offset)):
        if value is not None:
            arrays[name] = value.numpy()
    with whole(folder / TRACK_NAME) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        # Opened here, as NumPy leaves a damaged archive open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise CaptureError(f"{path} is missing; track the capture again.") from None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError) as error:
        raise CaptureError(f"{path} is damaged ({error}); track the capture again.") from error
    if str(arrays.get("format")) != _FORMAT:
        raise CaptureError(f"{path} is not a track: its format is {arrays.get('format')}, "
                           f"expected {_FORMAT}; track the capture again.")  # fmt: skip
    version = int(_entry(arrays, "version", path))
    if version > _VERSION:
        raise CaptureError(
            f"{path} is version {version} of the track format; this release reads up to version "
            f"{_VERSION}. Update incarnate."
        )
    return arrays


def _entry(arrays: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in arrays:
        raise CaptureError(f"{path} lacks the array {name!r}; track the capture again.")
    return arrays[name]


def _check_shapes(tensors: dict[str, torch.Tensor], base: Rig, path: Path) -> None:
    frames = len(tensors["root_rotation"])
    expected = {
        "root_rotation": (frames, 3),
        "root_translation": (frames, 3),
        "joint_rotations": (frames, base.num_joints - 1, 3),
        "expression": (frames, base.num_expressions),
        "residuals": (frames,),
        "rest_vertices": tuple(base.vertices.shape),
        "rest_joints": tuple(base.joints.shape),
    }
    for name, shape in expected.items():
        if tuple(tensors[name].shape) != shape:
            raise CaptureError(
                f"{path}: {name!r} has the shape {tuple(tensors[name].shape)}, but the rig "
                f"{base.name!r} and {frames} frames ask for {shape}; track the capture again."
            )


def _personal(base: Rig, tensors: dict[str, torch.Tensor]) -> Rig:
    # The rest geometry is stored as it was, so that a later release's shape space cannot move it.
    return replace(
        base.with_identity(), vertices=tensors["rest_vertices"], joints=tensors["rest_joints"]
    )
