"""Opening cameras, with PyAV replaced: tests open no camera."""

import sys
from collections.abc import Iterator

import av
import numpy as np
import pytest

from incarnate.errors import TrackingError
from incarnate.tracking.camera import read_camera


class Container:
    """Two pictures whose rows are padded in memory, as decoders give them."""

    def __init__(self) -> None:
        self.is_closed = False

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def decode(self, video: int) -> Iterator[av.VideoFrame]:
        assert video == 0
        for level in (10, 200):
            yield av.VideoFrame.from_ndarray(np.full((12, 18, 3), level, np.uint8), "rgb24")


@pytest.mark.parametrize(
    ("system", "name", "kind"),
    [
        ("linux", "/dev/video1", "v4l2"),
        ("darwin", "1", "avfoundation"),
        ("win32", "video=1", "dshow"),
    ],
)
def test_cameras_are_named_as_the_system_does(
    system: str, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, container = [], Container()

    def opening(name: str, format: str, options: dict[str, str]) -> Container:
        opened.append((name, format))
        return container

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(av, "open", opening)
    pictures = list(read_camera("1"))
    assert opened == [(name, kind)]
    assert [picture.mean() for picture in pictures] == [10, 200]
    assert all(picture.flags.c_contiguous and picture.shape == (12, 18, 3) for picture in pictures)
    assert container.is_closed


def test_a_camera_that_is_not_there_is_named_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    # No machine has so many, so nothing is opened.
    with pytest.raises(TrackingError, match=r"/dev/video99999 can't be opened .* --camera-device"):
        next(read_camera("99999"))
