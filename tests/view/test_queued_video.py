"""Pictures written beside: the same video, no waiting for the encoder, and no lost mistakes."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from incarnate.view.queued_video import QueuedWriter
from incarnate.view.video import Picture, VideoWriter


def flat(level: int) -> Picture:
    return np.full((8, 8, 3), level, np.uint8)


def levels(folder: Path) -> list[int]:
    return [int(np.asarray(Image.open(path)).max()) for path in sorted(folder.iterdir())]


def write_queued(path: Path, count: int) -> None:
    with VideoWriter(path, 25.0) as writer, QueuedWriter(writer) as queue:
        for level in range(count):
            queue.write(flat(level))


def test_pictures_come_out_in_order_as_often_as_they_were_asked_for(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out", 25.0) as writer, QueuedWriter(writer) as queue:
        queue.write(flat(10), 2)
        queue.write(flat(20))
        queue.write(flat(30), 0)
        queue.write(flat(40), -1)
        queue.write(flat(50), 3)
        assert queue.num_frames == 6
    assert writer.num_frames == 6
    assert levels(tmp_path / "out") == [10, 10, 20, 50, 50, 50]


def test_who_draws_does_not_wait_for_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VideoWriter, "write", lambda *_: time.sleep(0.02))
    with VideoWriter(tmp_path / "out", 25.0) as writer:
        writer.num_frames = 1
        with QueuedWriter(writer) as queue:
            start = time.perf_counter()
            queue.write(flat(1), 20)
            # Twenty pictures take 0.4 s; handing them over takes microseconds.
            assert time.perf_counter() - start < 0.2
        assert time.perf_counter() - start > 0.39


def test_a_queue_that_is_full_makes_who_draws_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VideoWriter, "write", lambda *_: time.sleep(0.02))
    with VideoWriter(tmp_path / "out", 25.0) as writer:
        writer.num_frames = 1
        with QueuedWriter(writer) as queue:
            start = time.perf_counter()
            for level in range(27):
                queue.write(flat(level))
            # Sixteen wait and one is written: ten must be done by now.
            assert time.perf_counter() - start > 0.18


def test_what_goes_wrong_is_raised_where_pictures_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(VideoWriter, "write", full)
    with pytest.raises(OSError, match="the disk is full"):
        write_queued(tmp_path / "out", 40)
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_of_the_last_picture_is_raised_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(VideoWriter, "write", full)
    with pytest.raises(OSError, match="the disk is full"):
        write_queued(tmp_path / "out", 1)
