"""``incarnate convert``: a public head data set becomes a capture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.track import ConsentWords, consent_from

if TYPE_CHECKING:
    from incarnate.capture.readers.head_set import HeadSet
    from incarnate.capture.readers.importing import ImportedSet
    from incarnate.rigs.rig import Rig

Format = Literal["insta", "imavatar", "vhap"]
"""Layouts that are read; HRAvatar's is that of IMavatar, NeRSemble's exports are VHAP's."""


def convert(
    source: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    *,
    layout: Annotated[Format, tyro.conf.arg(name="format")],
    flame: Path,
    eyelids: tuple[Path, Path] | None = None,
    fps: float = 25.0,
    head_scale: float | None = None,
    consent: ConsentWords = ConsentWords(),  # noqa: B008 (frozen; tyro reads the default)
) -> None:
    """Turn a head data set with FLAME parameters into a capture.

    Args:
        source: Folder of one person or one video of the set.
        output: Folder of the capture.
        layout: insta (transforms_*.json and flame/), imavatar (flame_params.json or HRAvatar's
            tracked_params.json), vhap (transforms_*.json that name npz files, NeRSemble).
        flame: The FLAME model that the set was made with, .pkl or .npz, from its site.
        eyelids: l_eyelid.npy and r_eyelid.npy, for sets that close the eyes by offsets of their
            own.
        fps: Frames a second of the video, which the sets do not say.
        head_scale: For imavatar, how many times larger than FLAME the head is before its camera;
            left out, 4 for flame_params.json and 1 for tracked_params.json.
        consent: Whose likeness this is, and the terms of the set.
    """
    from incarnate.capture.readers.importing import import_head_set
    from incarnate.errors import CaptureError

    if not fps > 0:
        raise CaptureError(f"--fps is {fps:g}; give how many frames a second the video had.")
    if head_scale is not None and not head_scale > 0:
        raise CaptureError(f"--head-scale is {head_scale:g}; give a number above 0.")
    told = consent_from(consent)
    head_set = read_set(source, layout, head_scale)
    rig = flame_for(head_set, flame, eyelids)
    with ConsoleProgress() as progress:
        imported = import_head_set(head_set, rig, output, fps=fps, consent=told, progress=progress)
    for line in summary(imported, output):
        print(line)


def read_set(source: Path, layout: Format, head_scale: float | None = None) -> "HeadSet":
    """Read a set by its layout."""
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
    capture = imported.capture
    view, num_cameras = capture.cameras[0], len(capture.cameras)
    cameras = "" if num_cameras == 1 else f", {num_cameras} cameras"
    lines = [f"note: {note}" for note in imported.notes]
    lines.append(
        f"wrote {output}: {len(capture.indices('train'))} training and "
        f"{len(capture.indices('test'))} test frames, {view.width}×{view.height}{cameras}"
    )
    if imported.num_pseudo_albedo:
        lines.append(f"{imported.num_pseudo_albedo} pictures have a pseudo-albedo picture")
    return [
        *lines,
        f"next: incarnate check {output}, and look whether the mesh lies on the face",
        f"then: incarnate train head {output} -o AVATAR --preset quick",
    ]
