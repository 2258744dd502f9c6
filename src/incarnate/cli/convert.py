"""``incarnate convert``: a public data set of heads or bodies becomes a capture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro

from incarnate.capture.readers.selection import Selection
from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.track import ConsentWords, consent_from

if TYPE_CHECKING:
    from incarnate.capture.capture import Capture, Consent
    from incarnate.capture.readers.body_set import BodySet
    from incarnate.capture.readers.head_set import HeadSet
    from incarnate.capture.readers.importing import ImportedSet
    from incarnate.rigs.rig import Rig

HeadFormat = Literal["insta", "imavatar", "vhap"]
"""HRAvatar's is that of IMavatar, NeRSemble's exports are VHAP's."""
BodyFormat = Literal["thuman4", "avatarrex", "actorshq"]
Format = HeadFormat | BodyFormat
"""Layouts that are read."""

_FPS: Final = {"thuman4": 30.0, "avatarrex": 30.0}


def convert(
    source: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    *,
    layout: Annotated[Format, tyro.conf.arg(name="format")],
    flame: Path | None = None,
    eyelids: tuple[Path, Path] | None = None,
    smplx: Path | None = None,
    poses: Path | None = None,
    take: Selection = Selection(),  # noqa: B008 (frozen; tyro reads the default)
    fps: float | None = None,
    head_scale: float | None = None,
    consent: ConsentWords = ConsentWords(),  # noqa: B008 (frozen; tyro reads the default)
) -> None:
    """Turn a head data set with FLAME parameters, or a body data set with SMPL-X's, into a capture.

    Args:
        source: Folder of one person or one video of the set.
        output: Folder of the capture.
        layout: Of heads: insta (transforms_*.json and flame/), imavatar (flame_params.json or
            HRAvatar's tracked_params.json), vhap (transforms_*.json that name npz files,
            NeRSemble). Of bodies: thuman4 (calibration.json), avatarrex (calibration_full.json),
            actorshq (calibration.csv).
        flame: Of heads: the FLAME model that the set was made with, .pkl or .npz, from its site.
        eyelids: Of heads: l_eyelid.npy and r_eyelid.npy, for sets that close the eyes by offsets
            of their own.
        smplx: Of bodies: the neutral SMPL-X model, .npz or .pkl, or its folder, from its site.
        poses: Of bodies: smpl_params.npz, where it does not lie in the set's folder.
        take: Of bodies: which frames and cameras.
        fps: Frames a second, which the sets do not say; left out, 30 for thuman4 and avatarrex, 25
            for the others.
        head_scale: For imavatar, how many times larger than FLAME the head is before its camera;
            left out, 4 for flame_params.json and 1 for tracked_params.json.
        consent: Whose likeness this is, and the terms of the set.
    """
    from incarnate.errors import CaptureError

    rate = _FPS.get(layout, 25.0) if fps is None else fps
    if not rate > 0:
        raise CaptureError(f"--fps is {rate:g}; give how many frames a second the video had.")
    if head_scale is not None and not head_scale > 0:
        raise CaptureError(f"--head-scale is {head_scale:g}; give a number above 0.")
    told = consent_from(consent)
    if layout in ("thuman4", "avatarrex", "actorshq"):
        model = _given(smplx, "--smplx", "bodies need the SMPL-X model, SMPLX_NEUTRAL.npz")
        body_set = read_bodies(source, layout, poses)
        lines = _convert_body(body_set, model, output, take=take, fps=rate, consent=told)
    else:
        model = _given(flame, "--flame", "heads need the FLAME model that the set was made with")
        head_set = read_set(source, layout, head_scale)
        rig = flame_for(head_set, model, eyelids)
        lines = _convert_head(head_set, rig, output, fps=rate, consent=told)
    for line in lines:
        print(line)


def _given(path: Path | None, option: str, why: str) -> Path:
    from incarnate.errors import CaptureError

    if path is None:
        raise CaptureError(f"{why}; name its file with {option}.")
    return path


def _convert_head(
    head_set: "HeadSet", rig: "Rig", output: Path, *, fps: float, consent: "Consent | None"
) -> list[str]:
    from incarnate.capture.readers.importing import import_head_set

    with ConsoleProgress() as progress:
        imported = import_head_set(
            head_set, rig, output, fps=fps, consent=consent, progress=progress
        )
    return summary(imported, output)


def _convert_body(
    body_set: "BodySet",
    smplx: Path,
    output: Path,
    *,
    take: Selection,
    fps: float,
    consent: "Consent | None",
) -> list[str]:
    from incarnate.capture.readers.body_importing import import_body_set
    from incarnate.rigs.readers.smplx import load_smplx

    codes = body_set.codes
    rig = load_smplx(smplx, num_shapes=len(codes.shape), num_expressions=codes.expression.shape[-1])
    with ConsoleProgress() as progress:
        imported = import_body_set(
            body_set, rig, output, selection=take, fps=fps, consent=consent, progress=progress
        )
    capture = imported.capture
    held_out = ", ".join(capture.camera_names[index] for index in capture.test_cameras) or "none"
    return [
        *(f"note: {note}" for note in imported.notes),
        _wrote(capture, output),
        f"test cameras: {held_out}",
        f"next: incarnate check {output}, and look whether the mesh lies on the body",
        f"then: incarnate train body {output} -o AVATAR --preset quick",
    ]


def read_bodies(source: Path, layout: BodyFormat, poses: Path | None = None) -> "BodySet":
    """Read a body set by its layout."""
    from incarnate.capture.readers.actorshq import read_actorshq
    from incarnate.capture.readers.avatarrex import read_avatarrex
    from incarnate.capture.readers.thuman4 import read_thuman4

    if layout == "actorshq":
        return read_actorshq(source, poses)
    return read_thuman4(source, poses) if layout == "thuman4" else read_avatarrex(source, poses)


def read_set(source: Path, layout: HeadFormat, head_scale: float | None = None) -> "HeadSet":
    """Read a head set by its layout."""
    from incarnate.capture.readers.imavatar import read_imavatar
    from incarnate.capture.readers.insta import read_insta
    from incarnate.capture.readers.vhap import read_vhap

    if layout == "imavatar":
        return read_imavatar(source, head_scale)
    return read_insta(source) if layout == "insta" else read_vhap(source)


def flame_for(head_set: "HeadSet", flame: Path, eyelids: tuple[Path, Path] | None) -> "Rig":
    """FLAME with as many expressions and shapes as the set uses."""
    from incarnate.rigs.readers.flame import load_flame

    codes = head_set.codes
    # A canonical mesh is fitted by all shapes that there are.
    num_shapes = 300 if codes.shape is None else len(codes.shape)
    return load_flame(
        flame,
        num_shapes=num_shapes,
        num_expressions=codes.expression.shape[-1],
        eyelids=eyelids,
    )


def summary(imported: "ImportedSet", output: Path) -> list[str]:
    """What was written, what to know, and what to do next."""
    lines = [*(f"note: {note}" for note in imported.notes), _wrote(imported.capture, output)]
    if imported.num_pseudo_albedo:
        lines.append(f"{imported.num_pseudo_albedo} pictures have a pseudo-albedo picture")
    return [
        *lines,
        f"next: incarnate check {output}, and look whether the mesh lies on the face",
        f"then: incarnate train head {output} -o AVATAR --preset quick",
    ]


def _wrote(capture: "Capture", output: Path) -> str:
    view, num_cameras = capture.cameras[0], len(capture.cameras)
    cameras = "" if num_cameras == 1 else f", {num_cameras} cameras"
    return (
        f"wrote {output}: {len(capture.indices('train'))} training and "
        f"{len(capture.indices('test'))} test frames, {view.width}×{view.height}{cameras}"
    )
