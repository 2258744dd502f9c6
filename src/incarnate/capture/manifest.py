"""capture.json: the description of a capture, as records and as JSON (docs/capture-format.md)."""

import json
import string
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import cast

from incarnate.capture.capture import Consent, Split
from incarnate.capture.json_fields import Fields
from incarnate.capture.layout import TRUTH_KINDS, Layout, TruthKind, fill_pattern
from incarnate.errors import CaptureError

FORMAT = "incarnate-capture"
VERSION = 3
# What the fields of each later version need: a capture without them stays readable by older ones.
_FIRST_VERSION, _WITH_PSEUDO_ALBEDO, _WITH_CLIPS = 1, 2, 3
MANIFEST_NAME = "capture.json"
_SAFE_NAME = frozenset(string.ascii_letters + string.digits + "-_.")


@dataclass(frozen=True)
class CameraEntry:
    """One camera, as written."""

    name: str
    width: int
    height: int
    intrinsics: tuple[tuple[float, ...], ...]
    """3 rows, pixels."""
    camera_from_world: tuple[tuple[float, ...], ...]
    """4 rows, rigid, metres."""


@dataclass(frozen=True)
class FrameEntry:
    """One moment, as written."""

    time: float
    """Seconds."""
    split: Split
    source: int | None = None
    """Index in the original clip."""
    clip: str | None = None
    """Name of the clip it belongs to."""


@dataclass(frozen=True)
class Manifest:
    """Everything that capture.json says."""

    name: str
    fps: float
    cameras: tuple[CameraEntry, ...]
    frames: tuple[FrameEntry, ...]
    layout: Layout = field(default_factory=Layout)
    rig: str = "incarnate-head"
    consent: Consent | None = None
    provenance: dict[str, object] = field(default_factory=dict)
    test_cameras: tuple[str, ...] = ()
    """Names of the cameras that training never reads."""


def parse_manifest(text: str, place: str = MANIFEST_NAME) -> Manifest:
    """Read capture.json.

    Args:
        text: The file's content.
        place: How errors call the file.

    Raises:
        CaptureError: It is not JSON, not a capture, of a newer version, or a field is wrong; the
            text names the field, what came and what was expected.
    """
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise CaptureError(
            f"{place} is not JSON (line {error.lineno}: {error.msg}); mend or re-create it."
        ) from error
    fields = Fields(parsed, place)
    _check_version(fields)
    cameras = tuple(_parse_camera(child) for child in fields.children("cameras"))
    manifest = Manifest(
        name=fields.text("name"),
        fps=fields.positive("fps"),
        cameras=cameras,
        frames=tuple(_parse_frame(child) for child in fields.children("frames")),
        layout=_parse_layout(fields, needs_camera=len(cameras) > 1),
        rig=_rig_reference(fields.text("rig"), place),
        consent=_parse_consent(fields.optional_child("consent")),
        provenance=fields.child("provenance").anything(),
        test_cameras=fields.optional_texts("test_cameras"),
    )
    fields.finish()
    _check_cameras(manifest, place)
    _check_clips(manifest.frames, place)
    return manifest


def manifest_json(manifest: Manifest) -> str:
    """The content of capture.json; `parse_manifest` reads it back."""
    layout, consent = manifest.layout, manifest.consent
    content = {
        "format": FORMAT,
        "version": _version_of(manifest),
        "name": manifest.name,
        "fps": manifest.fps,
        "cameras": [vars(camera) for camera in manifest.cameras],
        **({"test_cameras": manifest.test_cameras} if manifest.test_cameras else {}),
        "images": layout.images,
        "mattes": layout.mattes,
        "rig": manifest.rig,
        "track": layout.track,
        "light": layout.light,
        "relights": {
            name: {"light": layout.relit_lights[name], "images": images}
            for name, images in layout.relit_images.items()
        },
        "truth": layout.truth,
        **({} if layout.pseudo_albedo is None else {"pseudo_albedo": layout.pseudo_albedo}),
        "consent": None if consent is None else vars(consent),
        "provenance": manifest.provenance,
        "frames": [
            {key: value for key, value in vars(frame).items() if value is not None}
            for frame in manifest.frames
        ],
    }
    # One line a field and a list's item: thousands of frames stay readable, and diffs small.
    lines = [f" {_json(name)}: {_item_lines(value)}" for name, value in content.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _item_lines(value: object) -> str:
    if not isinstance(value, list):
        return _json(value)
    return "[\n" + ",\n".join(f"  {_json(item)}" for item in value) + "\n ]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _version_of(manifest: Manifest) -> int:
    layout = manifest.layout
    has_clips = any(frame.clip is not None for frame in manifest.frames)
    if has_clips or manifest.test_cameras or "label" in layout.truth:
        return _WITH_CLIPS
    return _FIRST_VERSION if layout.pseudo_albedo is None else _WITH_PSEUDO_ALBEDO


def _check_version(fields: Fields) -> None:
    fields.choice("format", (FORMAT,))
    version = fields.integer("version", 1)
    if version > VERSION:
        raise CaptureError(
            f"{fields.place} is version {version} of the capture format; this release reads up to "
            f"version {VERSION}. Update incarnate."
        )


def _parse_camera(fields: Fields) -> CameraEntry:
    camera = CameraEntry(
        name=fields.text("name"),
        width=fields.integer("width", 1),
        height=fields.integer("height", 1),
        intrinsics=fields.matrix("intrinsics", 3),
        camera_from_world=fields.matrix("camera_from_world", 4),
    )
    fields.finish()
    # Camera names become folder names.
    if not set(camera.name) <= _SAFE_NAME or set(camera.name) <= {"."}:
        raise CaptureError(
            f'{fields.place}: the name "{camera.name}" cannot be a folder; use letters, digits, '
            '"-", "_" and ".".'
        )
    return camera


def _check_cameras(manifest: Manifest, place: str) -> None:
    names = [camera.name for camera in manifest.cameras]
    for name in names:
        if names.count(name) > 1:
            raise CaptureError(f'{place}: two cameras are called "{name}"; rename one.')
    for name in manifest.test_cameras:
        if name not in names:
            raise CaptureError(
                f'{place}: test_cameras names "{name}", but the cameras are {", ".join(names)}; '
                "mend the name, or remove it."
            )


def _check_clips(frames: tuple[FrameEntry, ...], place: str) -> None:
    without = [index for index, frame in enumerate(frames) if frame.clip is None]
    if without and len(without) < len(frames):
        raise CaptureError(
            f'{place}: frames[{without[0]}] lacks the field "clip", which other frames have; give '
            "every frame its clip, or none."
        )


def _parse_frame(fields: Fields) -> FrameEntry:
    frame = FrameEntry(
        time=fields.number("time"),
        split=cast("Split", fields.choice("split", ("train", "test"))),
        source=fields.optional_integer("source", 0),
        clip=fields.optional_text("clip"),
    )
    fields.finish()
    return frame


def _parse_consent(fields: Fields | None) -> Consent | None:
    if fields is None:
        return None
    consent = Consent(fields.text("subject"), fields.text("statement"), fields.text("source"))
    fields.finish()
    return consent


def _parse_layout(fields: Fields, *, needs_camera: bool) -> Layout:
    mattes, track = fields.optional_text("mattes"), fields.optional_text("track")
    light, truth = fields.optional_text("light"), fields.child("truth")
    relights = fields.child("relights")
    relit = {name: relights.child(name) for name in relights.names()}
    layout = Layout(
        images=fields.text("images"),
        mattes=mattes,
        track=track,
        light=light,
        relit_lights={name: child.text("light") for name, child in relit.items()},
        relit_images={name: child.text("images") for name, child in relit.items()},
        truth=cast(
            "dict[TruthKind, str]",
            {kind: path for kind in TRUTH_KINDS if (path := truth.optional_text(kind))},
        ),
        pseudo_albedo=fields.optional_text("pseudo_albedo"),
    )
    for child in (*relit.values(), truth):
        child.finish()
    _check_paths(layout, fields.place, needs_camera=needs_camera)
    return layout


def _check_paths(layout: Layout, place: str, *, needs_camera: bool) -> None:
    patterns = {"images": layout.images, "mattes": layout.mattes}
    patterns["pseudo_albedo"] = layout.pseudo_albedo
    patterns |= {f"truth: {kind}": path for kind, path in layout.truth.items()}
    patterns |= {f"relights: {n}: images": path for n, path in layout.relit_images.items()}
    needed = {"frame", "camera"} if needs_camera else {"frame"}
    for name, pattern in patterns.items():
        if pattern is not None:
            _check_pattern(pattern, needed, f'{place}: "{name}"')
    plain = {"track": layout.track, "light": layout.light}
    plain |= {f"relights: {n}: light": path for n, path in layout.relit_lights.items()}
    for name, path in plain.items():
        if path is not None:
            _check_inside(path, f'{place}: "{name}"')


def _check_pattern(pattern: str, needed: set[str], place: str) -> None:
    try:
        used = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
        unknown = used - {"frame", "camera"}
        filled = "" if unknown else fill_pattern(pattern, "camera", 0)
    except ValueError as error:
        raise CaptureError(
            f"{place} is the pattern {pattern!r}, which cannot be filled in ({error}); use "
            "{camera} and {frame:06d}."
        ) from error
    if unknown:
        raise CaptureError(
            f"{place} is the pattern {pattern!r}; only {{camera}} and {{frame:06d}} are filled in, "
            f"not {', '.join('{' + name + '}' for name in sorted(unknown))}."
        )
    if not needed <= used:
        missing = " and ".join(sorted("{" + name + "}" for name in needed - used))
        raise CaptureError(f"{place} is the pattern {pattern!r}; it lacks {missing}.")
    _check_inside(filled, place)


def _check_inside(path: str, place: str) -> None:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path:
        raise CaptureError(
            f"{place} points to {path!r}; expected a path inside the capture's folder, with '/'."
        )


def _rig_reference(reference: str, place: str) -> str:
    if reference.endswith(".npz"):
        _check_inside(reference, f'{place}: "rig"')
    return reference
