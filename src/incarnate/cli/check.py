"""``incarnate check``: validate a capture and draw its rig over its frames."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.capture.capture import Capture, Track
    from incarnate.capture.validate import Problem


def check(
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    frames: int = 24,
    camera: int = 0,
) -> int:
    """Validate a capture, draw its rig over its frames, and name the faulty frames.

    Args:
        capture: Folder of the capture.
        output: Folder for the pictures; the folder check inside the capture if left out.
        frames: How many frames are drawn: the faulty ones first, the rest evenly spread.
        camera: Which camera's frames are drawn, counted from 0.
    """
    from incarnate.capture.files import load_capture
    from incarnate.capture.validate import validate
    from incarnate.errors import CaptureError

    loaded = load_capture(capture)
    if not 0 <= camera < len(loaded.cameras):
        raise CaptureError(
            f"--camera {camera}: {capture} has {len(loaded.cameras)}, counted from 0 "
            f"({', '.join(loaded.camera_names)})."
        )
    output = capture / "check" if output is None else output
    problems = validate(loaded)
    track = _track_of(loaded)
    chosen = _choose(loaded, problems, frames)
    sheet = _draw(loaded, track, chosen, camera=camera, output=output)
    print(_summary(loaded, track))
    for problem in problems:
        print(f"problem: {problem}")
    if sheet is None:
        print("wrote nothing: none of the chosen frames can be read")
    else:
        print(f"wrote {sheet} and the drawn frames beside it")
    if problems:
        print(f"next: mend the {len(problems)} problems above, then check again")
        return 1
    print(f"no problems found; next: incarnate train head {capture} -o AVATAR --preset quick")
    return 0


def _track_of(capture: "Capture") -> "Track | None":
    """The capture's track; None where `validate` has told what is wrong with it."""
    from incarnate.capture.tracks import load_track
    from incarnate.errors import IncarnateError

    try:
        return load_track(capture)
    except IncarnateError:
        return None


def _choose(capture: "Capture", problems: "list[Problem]", count: int) -> list[int]:
    """Frames to draw, in time order: faulty ones first, then others evenly spread."""
    from incarnate.view.overlays import spread

    faulty = sorted({p.frame for p in problems if p.frame is not None})
    chosen = spread(faulty, count)
    others = [index for index in capture.indices() if index not in faulty]
    return sorted([*chosen, *spread(others, count - len(chosen))])


def _draw(
    capture: "Capture", track: "Track | None", chosen: list[int], *, camera: int, output: Path
) -> Path | None:
    """Write one picture a frame, and all on one sheet; returns its path, None if none is there."""
    from incarnate.capture.pictures import write_picture
    from incarnate.capture.reading import read_frame
    from incarnate.errors import CaptureError
    from incarnate.view.overlays import contact_sheet, draw_matte, draw_rig

    drawn, captions = [], []
    with ConsoleProgress() as progress:
        for done, index in enumerate(chosen, 1):
            try:
                frame = read_frame(capture, index, camera)
            except CaptureError:
                continue
            caption = f"frame {index}"
            if track is None:
                drawn.append(draw_matte(frame))
            else:
                drawn.append(draw_rig(frame, track.rig, track.poses[index]))
                caption += f"  {track.residuals[index]:.1f} px"
            captions.append(caption)
            write_picture(output / f"{index:06d}.png", drawn[-1])
            progress(done, len(chosen), "drawing frames")
    if not drawn:
        return None
    sheet = output / "sheet.png"
    write_picture(sheet, contact_sheet(drawn, captions))
    return sheet


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
