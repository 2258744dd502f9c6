"""Writes capture folders; a folder appears under its name only when it is whole."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.capture.capture import Capture, Consent, Split, Track
from incarnate.capture.files import load_capture, manifest_of
from incarnate.capture.layout import Layout, TruthKind, fill_pattern
from incarnate.capture.manifest import MANIFEST_NAME, manifest_json, parse_manifest
from incarnate.capture.pictures import write_picture
from incarnate.capture.tracks import TRACK_NAME, write_track
from incarnate.errors import CaptureError
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.environment import Environment
from incarnate.light.files import save_environment
from incarnate.rigs.files import save_rig
from incarnate.rigs.rig import Rig
from incarnate.whole_files import write_whole

_IMAGES: Final = {
    "png": "images/{camera}/{frame:06d}.png",
    "jpeg": "images/{camera}/{frame:06d}.jpg",
}
_MATTES = "mattes/{camera}/{frame:06d}.png"
_PSEUDO_ALBEDO = "pseudo_albedo/{camera}/{frame:06d}.png"


@dataclass(frozen=True)
class CaptureHeader:
    """What is known about a capture before its first frame."""

    name: str
    cameras: dict[str, Camera]
    """By name; names become folders. `CaptureWriter.set_camera` may refine them until the end."""
    fps: float
    encoding: Literal["png", "jpeg"] = "png"
    """``png`` keeps every bit and carries the matte as alpha; ``jpeg`` is a tenth of the size,
    with mattes beside it."""
    rig: str = "incarnate-head"
    """The generic rig that the track refers to."""
    consent: Consent | None = None
    provenance: dict[str, object] = field(default_factory=dict)
    test_cameras: tuple[str, ...] = ()
    """Names of the cameras that training must never read."""


class CaptureWriter:
    """Writes a capture into a temporary sibling folder and renames it when the block ends.

    An exception inside the block removes the temporary folder and leaves what was there before.

    ```python
    with CaptureWriter(folder, CaptureHeader("me", {"front": camera}, fps=30.0)) as writer:
        for time, rgba in clip:
            writer.write_image(writer.add_frame(time, "train"), rgba)
    ```
    """

    def __init__(self, folder: Path | str, header: CaptureHeader) -> None:
        self.folder = Path(folder)
        self._partial = self.folder.with_name(f".partial-{self.folder.name}")
        jpeg = header.encoding == "jpeg"
        self._capture = Capture(
            folder=self._partial,
            name=header.name,
            cameras=tuple(header.cameras.values()),
            camera_names=tuple(header.cameras),
            times=(),
            splits=(),
            fps=header.fps,
            layout=Layout(images=_IMAGES[header.encoding], mattes=_MATTES if jpeg else None),
            rig=header.rig,
            consent=header.consent,
            provenance=header.provenance,
            test_cameras=tuple(list(header.cameras).index(name) for name in header.test_cameras),
        )

    def __enter__(self) -> "CaptureWriter":
        check_target(self.folder)
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        try:
            if error is None:
                self._finish()
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def add_frame(
        self, time: float, split: Split, source: int | None = None, clip: str | None = None
    ) -> int:
        """Append a moment and return its index; its pictures come by `write_image`.

        Args:
            time: Seconds, after the frame before.
            split: Whether it may be trained on.
            source: Index in the original clip, where that is known.
            clip: Name of the clip it belongs to; given for every frame of a capture, or for none.
        """
        capture = self._capture
        self._capture = replace(
            capture,
            times=(*capture.times, time),
            splits=(*capture.splits, split),
            sources=(*capture.sources, source),
            clips=capture.clips if clip is None else (*capture.clips, clip),
        )
        return len(capture.times)

    def write_image(
        self, index: int, rgba: UInt8[np.ndarray, "height width 4"], camera: int = 0
    ) -> None:
        """Write a frame's picture: 8-bit sRGB with straight alpha, of its camera's size."""
        view, layout = self._capture.cameras[camera], self._capture.layout
        if rgba.shape[:2] != (view.height, view.width):
            raise CaptureError(
                f"frame {index} is {rgba.shape[1]}×{rgba.shape[0]} pixels, but its camera is "
                f"{view.width}×{view.height}; resize one of them."
            )
        if layout.mattes is None:
            write_picture(self._path(layout.images, index, camera), rgba)
        else:
            write_picture(self._path(layout.images, index, camera), rgba[..., :3])
            write_picture(self._path(layout.mattes, index, camera), rgba[..., 3])

    def write_relit(
        self, light_name: str, index: int, rgb: UInt8[np.ndarray, "height width 3"], camera: int = 0
    ) -> None:
        """Write a frame under another light, which `add_relight` has named before."""
        write_picture(self._path(self._capture.layout.relit_images[light_name], index, camera), rgb)

    def write_truth(
        self,
        kind: TruthKind,
        index: int,
        values: Float[Tensor, "height width channels"],
        camera: int = 0,
    ) -> None:
        """Write a true map.

        Args:
            kind: ``albedo`` is linear RGB, ``normal`` unit world vectors, ``roughness`` one channel
                in [0, 1], ``label`` one channel of the constants of `incarnate.capture.layout`.
            index: The frame.
            values: The map, in its camera's size.
            camera: Position in the header's cameras.
        """
        layout = self._capture.layout
        pattern = f"truth/{kind}/{{camera}}/{{frame:06d}}.png"
        self._set_layout(replace(layout, truth={**layout.truth, kind: pattern}))
        if kind == "albedo":
            pixels = bytes_from_linear(values)
        elif kind == "label":
            pixels = values[..., 0].to(torch.uint8).numpy()
        else:
            scaled = 0.5 * values + 0.5 if kind == "normal" else values[..., 0]
            pixels = (scaled.clamp(0, 1) * 255 + 0.5).to(torch.uint8).numpy()
        write_picture(self._path(pattern, index, camera), pixels)

    def write_pseudo_albedo(
        self, index: int, rgb: UInt8[np.ndarray, "height width 3"], camera: int = 0
    ) -> None:
        """Write a frame's albedo as a network guessed it, sRGB; frames without one are skipped."""
        view = self._capture.cameras[camera]
        if rgb.shape[:2] != (view.height, view.width):
            raise CaptureError(
                f"the albedo of frame {index} is {rgb.shape[1]}×{rgb.shape[0]} pixels, but its "
                f"camera is {view.width}×{view.height}; resize it."
            )
        self._set_layout(replace(self._capture.layout, pseudo_albedo=_PSEUDO_ALBEDO))
        write_picture(self._path(_PSEUDO_ALBEDO, index, camera), rgb)

    def set_camera(self, camera: int, view: Camera) -> None:
        """Replace a camera, for instance once its focal length is known; the size must stay."""
        cameras = list(self._capture.cameras)
        old = cameras[camera]
        assert (old.width, old.height) == (view.width, view.height), "a camera keeps its size"
        cameras[camera] = view
        self._capture = replace(self._capture, cameras=tuple(cameras))

    def set_light(self, light: Environment) -> None:
        """Store the light of the capture."""
        save_environment(light, self._partial / "light.hdr")
        self._set_layout(replace(self._capture.layout, light="light.hdr"))

    def add_relight(self, light_name: str, light: Environment) -> None:
        """Store another light, under which `write_relit` writes pictures."""
        layout, file = self._capture.layout, f"lights/{light_name}.hdr"
        (self._partial / "lights").mkdir(exist_ok=True)
        save_environment(light, self._partial / file)
        pattern = f"relit/{light_name}/{{camera}}/{{frame:06d}}.png"
        self._set_layout(
            replace(
                layout,
                relit_lights={**layout.relit_lights, light_name: file},
                relit_images={**layout.relit_images, light_name: pattern},
            )
        )

    def write_rig(self, rig: Rig) -> None:
        """Store the generic rig that the header names, where it is not an embedded one."""
        save_rig(rig, self._partial / self._capture.rig)

    def set_track(self, track: Track) -> None:
        """Store the track; call it after the last frame."""
        write_track(track, self._partial, self._capture.rig)
        self._set_layout(replace(self._capture.layout, track=TRACK_NAME))

    def _set_layout(self, layout: Layout) -> None:
        self._capture = replace(self._capture, layout=layout)

    def _path(self, pattern: str, index: int, camera: int) -> Path:
        return self._partial / fill_pattern(pattern, self._capture.camera_names[camera], index)

    def _finish(self) -> None:
        text = manifest_json(manifest_of(self._capture))
        # Reading it back refuses what no reader would accept, before anything is replaced.
        parse_manifest(text, f"the new {MANIFEST_NAME}")
        (self._partial / MANIFEST_NAME).write_text(text, encoding="utf-8")
        retired = self.folder.with_name(f".{self.folder.name}.old")
        shutil.rmtree(retired, ignore_errors=True)
        if self.folder.exists():
            self.folder.replace(retired)
        self._partial.replace(self.folder)
        shutil.rmtree(retired, ignore_errors=True)


def save_track(
    track: Track, folder: Path | str, provenance: Mapping[str, object] | None = None
) -> Capture:
    """Store a track in an existing capture folder, replacing the one it had.

    Args:
        track: One pose for each of the capture's frames.
        folder: The capture.
        provenance: Entries to add to the capture's own.

    Returns:
        The capture as it is now.

    Raises:
        CaptureError: The folder is no capture, or the track has another number of frames.
    """
    capture = load_capture(folder)
    if len(track.poses) != capture.num_frames:
        raise CaptureError(
            f"{capture.folder} has {capture.num_frames} frames, but the track has "
            f"{len(track.poses)} poses; track this capture again."
        )
    write_track(track, capture.folder, capture.rig)
    capture = replace(
        capture,
        layout=replace(capture.layout, track=TRACK_NAME),
        provenance={**capture.provenance, **(provenance or {})},
    )
    # A new file, since the old one may be a link to another capture's.
    write_whole(manifest_json(manifest_of(capture)), capture.folder / MANIFEST_NAME)
    return capture


def check_target(folder: Path) -> None:
    """Whether a capture can be written here, asked before the long work that it takes to make one.

    Raises:
        CaptureError: The folder holds something else, or its place can't be written.
    """
    is_capture = (folder / MANIFEST_NAME).is_file()
    if folder.exists() and not is_capture and (not folder.is_dir() or any(folder.iterdir())):
        raise CaptureError(
            f"{folder} exists and is not a capture; it is left alone. Give another folder, or "
            "remove it yourself."
        )
    place = folder.absolute().parent
    while not place.exists():
        place = place.parent
    if not (place.is_dir() and os.access(place, os.W_OK)):
        raise CaptureError(
            f"{folder} can't be written: {place} is not a folder that is yours to write. Give "
            "another place."
        )
