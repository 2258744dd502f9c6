"""Whether an imported head lies where its mattes are: wrong axes, scales and models show here."""

import torch

from incarnate.capture.alignment import share_inside
from incarnate.capture.capture import Capture, Track
from incarnate.capture.reading import read_frame
from incarnate.rigs.skinning import pose_rig

_FRAMES = 5
# FLAME has no hair and no shoulders, but mattes hold nearly all of it; and a head is a good part of
# any portrait's height.
_MIN_INSIDE = 0.8
_MIN_HEIGHT = 0.25


def doubts_about(capture: Capture, track: Track) -> tuple[str, ...]:
    """What looks wrong with a track, judged by the mattes of a few frames of the first camera.

    Args:
        capture: With mattes.
        track: Of the capture.

    Returns:
        At most one sentence, with what to do.
    """
    chosen = torch.linspace(0, capture.num_frames - 1, min(_FRAMES, capture.num_frames)).long()
    inside, height = [], []
    for index in chosen.tolist():
        covered = read_frame(capture, index).matte > 0.5
        if not bool(covered.any()):
            continue
        pixels = capture.cameras[0].project(pose_rig(track.rig, track.poses[index]).vertices)
        inside.append(share_inside(pixels, covered))
        rows = covered.any(1).nonzero()
        extent = float(pixels[:, 1].max() - pixels[:, 1].min())
        height.append(extent / (int(rows.max() - rows.min()) + 1))
    if not inside:
        return ()
    share, tall = sum(inside) / len(inside), sum(height) / len(height)
    if share >= _MIN_INSIDE and tall >= _MIN_HEIGHT:
        return ()
    return (
        f"{100 * share:.0f} in 100 of the rig's vertices lie on the mattes, and it is "
        f"{100 * tall:.0f} in 100 of their height: the head is probably not where the pictures "
        "have it; look at the overlay, and check --format, --flame and --head-scale",
    )
