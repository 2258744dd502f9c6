"""Opens a camera of this machine and reads its pictures as they come."""

import sys
from collections.abc import Iterator
from typing import Final

import av
import av.error
import numpy as np
from jaxtyping import UInt8

from incarnate.errors import TrackingError

# FFmpeg's name for the cameras of a system, and what the first of them is called there.
_SYSTEMS: Final = {
    "linux": ("v4l2", "/dev/video{}"),
    "darwin": ("avfoundation", "{}"),
    "win32": ("dshow", "video={}"),
}


def read_camera(device: str = "0") -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Pictures of a camera, sRGB and contiguous, until the iterator is closed.

    Args:
        device: Its number; on Windows its name.

    Yields:
        The pictures in order; each waits for the camera.

    Raises:
        TrackingError: There is no such camera, or it can't be opened.
    """
    kind, pattern = _SYSTEMS.get(sys.platform, _SYSTEMS["linux"])
    name = pattern.format(device)
    try:
        container = av.open(name, format=kind, options={"framerate": "30"})
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise TrackingError(
            f"the camera {name} can't be opened ({error}): is it plugged in, free, and allowed to "
            "this program? Another one is named with --camera-device; a video file serves as well"
        ) from error
    with container:
        for picture in container.decode(video=0):
            yield np.ascontiguousarray(picture.to_ndarray(format="rgb24"))
