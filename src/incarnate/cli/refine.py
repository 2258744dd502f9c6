"""``incarnate refine``: align a capture's poses with what an avatar trained on it draws."""

from pathlib import Path
from typing import Annotated

import tyro

from incarnate.cli.progress import ConsoleProgress


def refine(
    avatar: tyro.conf.Positional[Path],
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    threads: int = 0,
) -> None:
    """Track a capture once more: head pose and jaw follow the pixels of an avatar trained on it.

    Test frames are aligned like all others, so figures on the new capture say what the avatar
    shows, not how well landmarks are tracked; its evaluation says so.

    Args:
        avatar: Folder of an avatar that was trained on the capture; `--preset demo` will do.
        capture: Folder of the capture; it stays as it is.
        output: Folder of the capture with the new track, which must not exist yet.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.avatars.files import load_head
    from incarnate.capture.files import load_capture
    from incarnate.capture.retracking import write_retracked
    from incarnate.capture.tracks import load_track
    from incarnate.cli.threads import use_threads
    from incarnate.errors import CaptureError
    from incarnate.train.pose_alignment import align_track

    use_threads(threads)
    if output.exists():
        raise CaptureError(f"{output} exists; it is left alone. Give a folder that does not.")
    tracked = load_capture(capture)
    track = load_track(tracked)
    with ConsoleProgress() as progress:
        refined = align_track(load_head(avatar), tracked, track, progress=progress)
    note = {"refined": f"poses aligned with the avatar {avatar.resolve().name!r}"}
    write_retracked(tracked, refined, output, note)
    turn = (refined.poses.joint_rotations - track.poses.joint_rotations).norm(dim=-1).amax(-1)
    print(f"wrote {output}: poses of {tracked.num_frames} frames aligned")
    print(f"joints turned by {turn.mean().rad2deg():.1f}° on average, {turn.max().rad2deg():.1f}° "
          "in the frame that changed most")  # fmt: skip
    print(f"next: incarnate train head {output} -o AVATAR --preset quick")
