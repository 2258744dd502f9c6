"""Poses of a capture whose expressions an avatar's encoder reads from the pictures."""

from typing import Final

import numpy as np
import torch

from incarnate.avatars.crops import crop_boxes, read_crop
from incarnate.avatars.encoder import ExpressionEncoder, codes_of, with_codes
from incarnate.capture.capture import Capture, Track
from incarnate.rigs.rig import Pose
from incarnate.tracking.smoothing import OneEuroFilter, OneEuroSettings

LIVELY: Final = OneEuroSettings(min_cutoff=2.0, beta=2.0)
"""Calms what an encoder reads in each frame by itself, and passes a blink nearly as it is."""


def encoded_poses(
    encoder: ExpressionEncoder,
    capture: Capture,
    track: Track,
    indices: list[int],
    *,
    smoothing: OneEuroSettings | None = None,
) -> Pose:
    """The capture's tracked poses, in some frames with what the encoder sees there.

    Args:
        encoder: The avatar's.
        capture: Whose pictures are looked at; its track is made with the avatar's generic rig.
        track: The capture's track: head pose, neck and gaze stay as it says.
        indices: Frames to look at, in time order; all others stay as tracked.
        smoothing: A One-Euro filter over the codes of these frames, as a live picture would get
            it: it lags a little. None leaves each frame to itself.

    Returns:
        Poses of all frames of the capture.
    """
    boxes = crop_boxes(capture, track)
    crops = [read_crop(capture, boxes, index, encoder.model.size) for index in indices]
    rows = torch.tensor(indices)
    seen = encoder.pose(track.poses[rows], torch.from_numpy(np.stack(crops)))
    codes = codes_of(seen, track.rig)
    if smoothing is not None:
        one_euro = OneEuroFilter(smoothing)
        smooth = [
            one_euro(row.numpy(), capture.times[index])
            for row, index in zip(codes, indices, strict=True)
        ]
        codes = torch.from_numpy(np.stack(smooth)).to(codes.dtype)
    all_codes = codes_of(track.poses, track.rig).index_copy(0, rows, codes)
    return with_codes(track.poses, track.rig, all_codes)
