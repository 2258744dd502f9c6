"""How a posed rig lies on the mattes of each camera: wrong calibration and poses show here."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from incarnate.capture.capture import Capture, Track
from incarnate.capture.reading import read_matte
from incarnate.errors import CaptureError
from incarnate.geometry.transforms import transform_points
from incarnate.rigs.skinning import pose_rig

MOMENTS = 3
"""How many frames are compared: a wrong camera is wrong in all of them."""


def shares_on_mattes(capture: Capture, track: Track) -> Float[Tensor, "cameras"]:
    """Which share of the rig's vertices lies on the mattes of each camera.

    A body under its clothes lies wholly inside the matte of a camera that is calibrated; vertices
    outside the picture do not count. One matte at a time is decoded.

    Args:
        capture: With mattes.
        track: Of the capture.

    Returns:
        The mean over a few frames; NaN for a camera that sees nothing of rig and person in them.
    """
    chosen = torch.linspace(0, capture.num_frames - 1, min(MOMENTS, capture.num_frames)).long()
    shares = torch.full((len(capture.cameras), len(chosen)), torch.nan)
    for row, index in enumerate(chosen.tolist()):
        vertices = pose_rig(track.rig, track.poses[index]).vertices
        for camera, view in enumerate(capture.cameras):
            try:
                covered = read_matte(capture, index, camera) > 0.5
            except CaptureError:
                continue
            in_front = transform_points(view.camera_from_world, vertices)[:, 2] > 0
            if bool(covered.any()):
                shares[camera, row] = share_inside(view.project(vertices[in_front]), covered)
    return shares.nanmean(1)


def share_inside(
    pixels: Float[Tensor, "vertices 2"], covered: Bool[Tensor, "height width"]
) -> float:
    """Which share of some points lies on a matte; points outside the picture do not count."""
    height, width = covered.shape
    columns, rows = pixels.floor().long().unbind(-1)
    seen = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    if not bool(seen.any()):
        return 0.0
    return float(covered[rows[seen], columns[seen]].float().mean())
