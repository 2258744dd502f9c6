"""``incarnate check``: validate a capture and draw its rig over its frames."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    import numpy as np

    from incarnate.capture.capture import Capture, Track
    from incarnate.capture.validate import Problem

_FRAMES_OF_ONE_CAMERA, _FRAMES_OF_MANY = 24, 3
_MOST_COLUMNS = 12
# More faulty frames of one of many cameras are told in one line.
_TOLD_ONE_BY_ONE = 3


def check(
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    frames: int | None = None,
    camera: int | None = None,
) -> int:
    """Validate a capture, draw its rig over its frames, and name the faulty frames and cameras.

    Args:
        capture: Folder of the capture.
        output: Folder for the pictures; the folder check inside the capture if left out.
        frames: How many frames are drawn: the faulty ones first, the rest evenly spread. Left out,
            24 of one camera, or 3 of each of many.
        camera: Which camera's frames are drawn, counted from 0; all cameras' if left out.
    """
    from incarnate.capture.files import load_capture
    from incarnate.capture.validate import validate
    from incarnate.errors import CaptureError
    from incarnate.rigs.canonical import is_body

    loaded = load_capture(capture)
    if camera is not None and not 0 <= camera < len(loaded.cameras):
        raise CaptureError(
            f"--camera {camera}: {capture} has {len(loaded.cameras)}, counted from 0 "
            f"({', '.join(loaded.camera_names)})."
        )
    output = capture / "check" if output is None else output
    problems = validate(loaded)
    track = _track_of(loaded)
    drawn = list(range(len(loaded.cameras))) if camera is None else [camera]
    if frames is None:
        frames = _FRAMES_OF_ONE_CAMERA if len(drawn) == 1 else _FRAMES_OF_MANY
    chosen = _choose(loaded, problems, frames)
    views = [(index, view) for index in chosen for view in drawn]
    sheet = _draw(loaded, track, views, output)
    print(_summary(loaded, track))
    for line in _told(loaded, problems):
        print(f"problem: {line}")
    if sheet is None:
        print("wrote nothing: none of the chosen frames can be read")
    else:
        print(f"wrote {sheet} and the drawn frames beside it")
    if problems:
        print(f"next: mend the {len(problems)} problems above, then check again")
        return 1
    kind = "body" if track is not None and is_body(track.rig) else "head"
    print(f"no problems found; next: incarnate train {kind} {capture} -o AVATAR --preset quick")
    return 0


def _track_of(capture: "Capture") -> "Track | None":
    """The capture's track; None where `validate` has told what is wrong with it."""
    from incarnate.capture.tracks import load_track
    from incarnate.errors import IncarnateError

    try:
        return load_track(capture, not_finite="kept")
    except IncarnateError:
        return None


def _choose(capture: "Capture", problems: "list[Problem]", count: int) -> list[int]:
    """Frames to draw, in time order: faulty ones first, then others evenly spread."""
    from incarnate.view.overlays import spread

    faulty = sorted({p.frame for p in problems if p.frame is not None})
    chosen = spread(faulty, count)
    others = [index for index in capture.indices() if index not in faulty]
    return sorted([*chosen, *spread(others, count - len(chosen))])


def _told(capture: "Capture", problems: "list[Problem]") -> list[str]:
    """The problems as lines; a camera of many that fails in many frames takes one line."""
    lines: list[str] = []
    for name in (None, *capture.camera_names):
        own = [problem for problem in problems if problem.camera == name]
        of_frames = [problem for problem in own if problem.frame is not None]
        if name is None or len(capture.cameras) == 1 or len(of_frames) <= _TOLD_ONE_BY_ONE:
            lines += map(str, own)
            continue
        lines.append(
            f"camera {name}: {len(of_frames)} of {capture.num_frames} frames are faulty, first: "
            f"{of_frames[0]}"
        )
        lines += [str(problem) for problem in own if problem.frame is None]
    return lines


def _draw(
    capture: "Capture", track: "Track | None", views: list[tuple[int, int]], output: Path
) -> Path | None:
    """Write one picture a frame and camera, and all on one sheet.

    Returns:
        The sheet's path; None where nothing can be read.
    """
    from incarnate.capture.pictures import write_picture
    from incarnate.view.overlays import contact_sheet, thumbnail

    many = len({camera for _, camera in views}) > 1
    small, captions = [], []
    with ConsoleProgress() as progress:
        for done, (index, camera) in enumerate(views, 1):
            picture = _drawn(capture, track, index, camera)
            if picture is None:
                continue
            name, file = capture.camera_names[camera], f"{index:06d}.png"
            write_picture(output / name / file if many else output / file, picture)
            # Only the small ones are kept: a hundred cameras' pictures would not fit in memory.
            small.append(thumbnail(picture))
            caption = f"{name}  frame {index}" if many else f"frame {index}"
            if track is not None and track.origin == "tracked":
                caption += f"  {track.residuals[index]:.1f} px"
            captions.append(caption)
            progress(done, len(views), "drawing frames")
    if not small:
        return None
    sheet = output / "sheet.png"
    columns = min(len({camera for _, camera in views}), _MOST_COLUMNS) if many else 6
    write_picture(sheet, contact_sheet(small, captions, columns=columns))
    return sheet


def _drawn(
    capture: "Capture", track: "Track | None", index: int, camera: int
) -> "np.ndarray | None":
    """One frame with the rig over it; None where it cannot be read."""
    from incarnate.capture.reading import read_frame
    from incarnate.errors import CaptureError
    from incarnate.view.overlays import draw_matte, draw_rig

    try:
        frame = read_frame(capture, index, camera)
    except CaptureError:
        return None
    return draw_matte(frame) if track is None else draw_rig(frame, track.rig, track.poses[index])


def _summary(capture: "Capture", track: "Track | None") -> str:
    view = capture.cameras[0]
    text = (
        f"{capture.name}: {len(capture.indices('train'))} training and "
        f"{len(capture.indices('test'))} test frames, {len(capture.cameras)} "
        f"camera{'s' * (len(capture.cameras) > 1)}, {view.width}×{view.height}"
    )
    if track is None:
        return f"{text}, no track"
    if track.origin != "tracked":
        return f"{text}, rig {track.rig.name} ({track.origin}: no landmarks to measure by)"
    worst = track.residuals.quantile(0.95)
    return (
        f"{text}, rig {track.rig.name} ({track.origin}), landmarks miss by "
        f"{track.residuals.median():.2f} px (median), {worst:.2f} px (95 in 100)"
    )
