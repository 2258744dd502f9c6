"""Writes a head data set as a capture: cameras that stand still, the rig, a pose a frame."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.capture import Capture, Consent, Track
from incarnate.capture.files import load_capture
from incarnate.capture.pictures import read_picture
from incarnate.capture.readers.fixed_camera import fixed_cameras, moved_root
from incarnate.capture.readers.head_set import FlameCodes, HeadSet, PictureFiles
from incarnate.capture.readers.identity import identity_of
from incarnate.capture.readers.plausibility import doubts_about
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.errors import CaptureError
from incarnate.geometry.cameras import Camera
from incarnate.rigs.rig import Pose, Rig

RIG_FILE = "rig.npz"
_LIDS = ("eyeBlinkLeft", "eyeBlinkRight")

Progress = Callable[[int, int, str], object]
"""Told how many of how many, and of what."""


@dataclass(frozen=True)
class ImportedSet:
    """What importing a set gave."""

    capture: Capture
    track: Track
    num_pseudo_albedo: int
    """How many pictures have a pseudo-albedo picture."""
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""


def import_head_set(
    head_set: HeadSet,
    rig: Rig,
    folder: Path,
    *,
    fps: float = 25.0,
    consent: Consent | None = None,
    progress: Progress | None = None,
) -> ImportedSet:
    """Write a capture from a set.

    Args:
        head_set: What a reader read.
        rig: FLAME with its shape and expression spaces; the capture keeps it as ``rig.npz``.
        folder: Of the capture; an older capture there is replaced when the new one is whole.
        fps: Frames a second, which none of the layouts says.
        consent: Whose likeness it is.
        progress: Told after each picture.

    Raises:
        CaptureError: A file is missing or does not fit; the folder holds something else.
    """
    cameras, world_from_set = fixed_cameras(
        torch.stack([view.camera_from_set.double() for view in head_set.views])
    )
    identity = identity_of(rig, head_set.codes)
    poses, pose_notes = poses_of(head_set.codes, identity.rig, world_from_set)
    header = CaptureHeader(
        name=head_set.name,
        cameras={
            view.name: Camera(view.intrinsics.float(), pose.float(), view.width, view.height)
            for view, pose in zip(head_set.views, cameras, strict=True)
        },
        fps=fps,
        rig=RIG_FILE,
        consent=consent,
        provenance={"tool": "incarnate convert", "layout": head_set.layout},
    )
    residuals = torch.zeros(head_set.num_frames)
    track = Track(identity.rig, poses, residuals, "imported", identity.shape, identity.offset)
    with CaptureWriter(folder, header) as writer:
        num_albedo = _write_pictures(writer, head_set, fps, progress)
        writer.write_rig(rig)
        writer.set_track(track)
    capture = load_capture(folder)
    doubts = doubts_about(capture, track)
    notes = (*head_set.notes, *identity.notes, *pose_notes, *doubts)
    return ImportedSet(capture, track, num_albedo, notes)


def poses_of(
    codes: FlameCodes, rig: Rig, world_from_set: Float[Tensor, "frames 4 4"]
) -> tuple[Pose, tuple[str, ...]]:
    """FLAME codes as poses of a person's rig, with notes on what the rig can't show.

    Args:
        codes: Of the set, in the set's world.
        rig: The person's rig.
        world_from_set: What takes the set's world to ours in each frame.
    """
    rotation, translation = moved_root(
        codes.rotation.double(), codes.translation.double(), world_from_set, rig.joints[0].double()
    )
    joints = rig.vertices.new_zeros(len(rotation), rig.num_joints - 1, 3)
    turned = {
        "neck": codes.neck,
        "jaw": codes.jaw,
        "left_eye_smplhf": codes.eyes[:, 0],
        "right_eye_smplhf": codes.eyes[:, 1],
    }
    for name, value in turned.items():
        if name not in rig.joint_names:
            raise CaptureError(
                f"the rig {rig.name!r} has no joint {name!r}; these sets need a FLAME rig."
            )
        joints[:, rig.joint_index(name) - 1] = value.to(joints)
    expression, notes = _expression(codes, rig)
    pose = Pose(rotation.float(), translation.float(), joints, expression, rig.expression_names)
    return pose, notes


def _expression(
    codes: FlameCodes, rig: Rig
) -> tuple[Float[Tensor, "frames expressions"], tuple[str, ...]]:
    """Coefficients by name: FLAME's own in their order, and the lids where the rig has them."""
    notes: list[str] = []
    given = codes.expression.to(rig.vertices)
    result = given.new_zeros(len(given), rig.num_expressions)
    own = [i for i, name in enumerate(rig.expression_names) if name.startswith("expression_")]
    count = min(len(own), given.shape[-1])
    result[:, own[:count]] = given[:, :count]
    if bool((given[:, count:] != 0).any()):
        notes.append(
            f"the set has {given.shape[-1]} expression coefficients, the rig {count}: the rest is "
            "left out"
        )
    if codes.eyelids is not None:
        if all(name in rig.expression_names for name in _LIDS):
            for side, name in enumerate(_LIDS):
                result[:, rig.expression_names.index(name)] = codes.eyelids[:, side].to(result)
        elif bool((codes.eyelids != 0).any()):
            notes.append(
                "the set closes the eyelids, but the rig has no offsets for them: lids stay as "
                "the expression has them"
            )
    return result, tuple(notes)


def _write_pictures(
    writer: CaptureWriter, head_set: HeadSet, fps: float, progress: Progress | None
) -> int:
    """Write every picture of every moment; returns how many pseudo-albedo pictures there are."""
    num_albedo = 0
    for moment, split in enumerate(head_set.splits):
        index = writer.add_frame(moment / fps, split, moment)
        for camera, view in enumerate(head_set.views):
            files = view.files[moment]
            writer.write_image(index, read_rgba(files), camera)
            if files.albedo is not None:
                albedo = read_picture(files.albedo, "RGB")
                writer.write_pseudo_albedo(index, albedo, camera)
                num_albedo += 1
        if progress is not None:
            progress(moment + 1, head_set.num_frames, "writing the pictures")
    return num_albedo


def read_rgba(files: PictureFiles) -> UInt8[np.ndarray, "height width 4"]:
    """A picture with its matte as alpha.

    Raises:
        CaptureError: There is no matte, or it is of another size.
    """
    if files.matte is None:
        pixels = read_picture(files.image)
        if pixels.shape[-1] != 4:
            raise CaptureError(
                f"{files.image} has no alpha, and no matte lies beside it; a head is trained on "
                "mattes: store the pictures as RGBA, or add the folder of mattes."
            )
        return pixels
    color, matte = read_picture(files.image, "RGB"), read_picture(files.matte, "L")
    if color.shape[:2] != matte.shape:
        raise CaptureError(
            f"{files.matte} is {matte.shape[1]}×{matte.shape[0]} pixels, but its picture is "
            f"{color.shape[1]}×{color.shape[0]}; write it again."
        )
    return np.dstack([color, matte])
