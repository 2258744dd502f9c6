"""Opens capture folders, and turns captures into manifests and back."""

from pathlib import Path

import torch

from incarnate.capture.capture import Capture
from incarnate.capture.manifest import (
    MANIFEST_NAME,
    CameraEntry,
    FrameEntry,
    Manifest,
    parse_manifest,
)
from incarnate.errors import CaptureError
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.light.files import load_environment


def load_capture(folder: Path | str) -> Capture:
    """Open a capture folder; pictures stay on disk until they are read.

    Args:
        folder: The folder that holds capture.json.

    Raises:
        CaptureError: There is no capture.json, it is wrong, or a light's file is missing.
    """
    folder = Path(folder)
    path = folder / MANIFEST_NAME
    if not path.is_file():
        what = "has no capture.json" if folder.is_dir() else "is not a folder"
        raise CaptureError(
            f"{folder} {what}; give the folder of a capture, or make one with `incarnate track` "
            "or `incarnate demo`."
        )
    manifest = parse_manifest(path.read_text(encoding="utf-8"), str(path))
    layout = manifest.layout
    return Capture(
        folder=folder,
        name=manifest.name,
        cameras=tuple(_camera(entry) for entry in manifest.cameras),
        camera_names=tuple(entry.name for entry in manifest.cameras),
        times=tuple(frame.time for frame in manifest.frames),
        splits=tuple(frame.split for frame in manifest.frames),
        light=None if layout.light is None else _light(folder, layout.light),
        relights={name: _light(folder, file) for name, file in layout.relit_lights.items()},
        fps=manifest.fps,
        sources=tuple(frame.source for frame in manifest.frames),
        layout=layout,
        rig=manifest.rig,
        consent=manifest.consent,
        provenance=manifest.provenance,
        clips=tuple(frame.clip for frame in manifest.frames if frame.clip is not None),
        test_cameras=tuple(
            index
            for index, entry in enumerate(manifest.cameras)
            if entry.name in manifest.test_cameras
        ),
    )


def manifest_of(capture: Capture) -> Manifest:
    """What capture.json says about a capture."""
    sources = capture.sources or (None,) * capture.num_frames
    clips = capture.clips or (None,) * capture.num_frames
    moments = zip(capture.times, capture.splits, sources, clips, strict=True)
    return Manifest(
        name=capture.name,
        fps=capture.fps,
        cameras=tuple(
            camera_entry(name, camera)
            for name, camera in zip(capture.camera_names, capture.cameras, strict=True)
        ),
        frames=tuple(FrameEntry(*moment) for moment in moments),
        layout=capture.layout,
        rig=capture.rig,
        consent=capture.consent,
        provenance=capture.provenance,
        test_cameras=tuple(capture.camera_names[index] for index in capture.test_cameras),
    )


def camera_entry(name: str, camera: Camera) -> CameraEntry:
    """A camera as capture.json writes it."""
    intrinsics, pose = camera.intrinsics.double(), camera.camera_from_world.double()
    return CameraEntry(
        name,
        camera.width,
        camera.height,
        tuple(tuple(row) for row in intrinsics.tolist()),
        tuple(tuple(row) for row in pose.tolist()),
    )


def _camera(entry: CameraEntry) -> Camera:
    return Camera(
        torch.tensor(entry.intrinsics, dtype=torch.float32),
        torch.tensor(entry.camera_from_world, dtype=torch.float32),
        entry.width,
        entry.height,
    )


def _light(folder: Path, file: str) -> Environment:
    if not (folder / file).is_file():
        raise CaptureError(
            f"{folder / MANIFEST_NAME} names the light {file!r}, which is missing; restore the "
            "file, or remove the entry."
        )
    return load_environment(folder / file)
