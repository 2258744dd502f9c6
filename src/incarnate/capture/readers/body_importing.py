"""Writes a multi-view body set as a capture: upright world, undistorted pictures, SMPL-X poses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.alignment import shares_on_mattes
from incarnate.capture.capture import Capture, Consent, Track
from incarnate.capture.files import load_capture
from incarnate.capture.readers.body_set import BodySet, BodyView, chosen_frames, chosen_views
from incarnate.capture.readers.distortion import resampled, undistortion_grid
from incarnate.capture.readers.importing import RIG_FILE, read_rgba
from incarnate.capture.readers.selection import Selection
from incarnate.capture.readers.smplx_params import poses_of
from incarnate.capture.readers.upright import upright
from incarnate.capture.resampling import resize_straight
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear, linear_from_bytes
from incarnate.geometry.transforms import inverse_rigid
from incarnate.rigs.rig import Rig

_MIN_ON_MATTES = 0.8

Progress = Callable[[int, int, str], object]
"""Told how many of how many, and of what."""


@dataclass(frozen=True)
class ImportedBody:
    """What importing a set gave."""

    capture: Capture
    track: Track
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""


def import_body_set(
    body_set: BodySet,
    rig: Rig,
    folder: Path,
    *,
    selection: Selection,
    fps: float,
    consent: Consent | None = None,
    progress: Progress | None = None,
) -> ImportedBody:
    """Write a capture from a part of a set; one picture at a time is decoded.

    Args:
        body_set: What a reader read.
        rig: SMPL-X with its shape and expression spaces; the capture keeps it as ``rig.npz``.
        folder: Of the capture; an older capture there is replaced when the new one is whole.
        selection: Which frames and cameras.
        fps: Frames a second.
        consent: Whose likeness it is.
        progress: Told after each picture.

    Raises:
        CaptureError: A file is missing or does not fit; the folder holds something else.
    """
    views = chosen_views(body_set, selection)
    frames, notes = chosen_frames(body_set, selection, views)
    splits = selection.splits_of(frames)
    world_from_set = upright(body_set.codes.rotation[list(frames)])
    shape = torch.zeros(len(rig.shape_names))
    count = min(len(shape), len(body_set.codes.shape))
    shape[:count] = body_set.codes.shape[:count].float()
    person = rig.with_identity(shape)
    poses = poses_of(body_set.codes, person, list(frames), world_from_set)
    header = CaptureHeader(
        name=body_set.name,
        cameras={view.name: _camera(view, world_from_set, selection.shrink) for view in views},
        fps=fps,
        encoding="jpeg",
        rig=RIG_FILE,
        consent=consent,
        provenance={"tool": "incarnate convert", "layout": body_set.layout},
        test_cameras=selection.held_out_cameras([view.name for view in views]),
    )
    track = Track(person, poses, torch.zeros(len(frames)), "imported", shape)
    with CaptureWriter(folder, header) as writer:
        for frame, split in zip(frames, splits, strict=True):
            writer.add_frame(frame / fps, split, frame)
        _write_pictures(writer, views, frames, shrink=selection.shrink, progress=progress)
        writer.write_rig(rig)
        writer.set_track(track)
    capture = load_capture(folder)
    return ImportedBody(capture, track, (*notes, *_doubts(capture, track)))


def _camera(view: BodyView, world_from_set: Float[Tensor, "4 4"], shrink: int) -> Camera:
    pose = view.camera_from_set.double() @ inverse_rigid(world_from_set)
    camera = Camera(view.intrinsics.float(), pose.float(), view.width, view.height)
    return camera.resized(view.width // shrink, view.height // shrink)


def _write_pictures(
    writer: CaptureWriter,
    views: Sequence[BodyView],
    frames: Sequence[int],
    *,
    shrink: int,
    progress: Progress | None,
) -> None:
    """Write camera by camera, so that one camera's undistortion is in memory at a time."""
    for camera, view in enumerate(views):
        grid = None
        if view.distortion is not None:
            grid = undistortion_grid(
                view.intrinsics, view.distortion, width=view.width, height=view.height
            )
        width, height = view.width // shrink, view.height // shrink
        for index, frame in enumerate(frames):
            rgba = read_rgba(view.files(frame))
            if grid is not None and rgba.shape[:2] == (view.height, view.width):
                rgba = resampled(rgba, grid)
            if rgba.shape[:2] == (view.height, view.width):
                rgba = _resized(rgba, width, height)
            writer.write_image(index, rgba, camera)
            if progress is not None:
                done = camera * len(frames) + index + 1
                progress(done, len(views) * len(frames), "writing the pictures")


def _resized(
    rgba: UInt8[np.ndarray, "height width 4"], width: int, height: int
) -> UInt8[np.ndarray, "new_height new_width 4"]:
    if rgba.shape[:2] == (height, width):
        return rgba
    matte = torch.from_numpy(rgba[..., 3]).float() / 255
    image, matte = resize_straight(
        linear_from_bytes(rgba[..., :3]), matte, width=width, height=height
    )
    alpha = (matte * 255 + 0.5).to(torch.uint8).numpy()
    return np.dstack([bytes_from_linear(image), alpha])


def _doubts(capture: Capture, track: Track) -> tuple[str, ...]:
    share = float(shares_on_mattes(capture, track).nanmedian())
    if share >= _MIN_ON_MATTES:
        return ()
    return (
        f"{100 * share:.0f} in 100 of the rig's vertices lie on the mattes: the body is probably "
        "not where the pictures have it; look at the overlay, and check --format, --smplx and "
        "--poses",
    )
