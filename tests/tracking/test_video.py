"""Decoding: contiguous, upright, with the file's own times; clear words where it fails."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.tracking.clips import noise_frames, turn_on_display, write_clip

from incarnate.errors import TrackingError
from incarnate.tracking.video import VideoSelection, count_frames, read_video


def shaded(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Grey pictures, each brighter than the one before, with a red top left corner."""
    pictures = [np.full((height, width, 3), 40 + 8 * k, np.uint8) for k in range(count)]
    for picture in pictures:
        picture[: height // 4, : width // 4] = (230, 20, 20)
    return pictures


def brightness(image: np.ndarray) -> float:
    return float(np.median(image))


def test_frames_come_back_in_order_with_their_times(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", shaded(10))
    frames = list(read_video(path))
    assert [frame.index for frame in frames] == list(range(10))
    # The file's clock has thousandths of a second.
    assert [frame.time for frame in frames] == pytest.approx(np.arange(10) / 30, abs=1e-3)
    # At this quality a flat colour comes back within a few levels.
    assert [brightness(frame.image) for frame in frames] == pytest.approx(
        40 + 8 * np.arange(10), abs=3
    )


@pytest.mark.parametrize("width", [64, 50, 33])
def test_frames_of_any_width_are_contiguous(tmp_path: Path, width: int) -> None:
    pictures = shaded(3, width=width)
    for frame, picture in zip(
        read_video(write_clip(tmp_path / "clip.mkv", pictures)), pictures, strict=True
    ):
        assert frame.image.shape == (48, width, 3)
        assert frame.image.flags.c_contiguous
        assert frame.image.strides == (3 * width, 3, 1)
        assert np.abs(frame.image.astype(int) - picture).mean() < 6  # lossy coding


def test_a_phones_rotation_is_applied(tmp_path: Path) -> None:
    stored = shaded(4)
    path = turn_on_display(write_clip(tmp_path / "phone.mp4", stored))
    image = next(iter(read_video(path))).image
    # What was stored top left is shown top right after a clockwise quarter turn.
    assert image.shape == (64, 48, 3)
    assert image.flags.c_contiguous
    expected = np.rot90(stored[0], -1)
    assert np.abs(image.astype(int) - expected).mean() < 6  # lossy coding


def test_a_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    times = [0.0, 0.03, 0.2, 0.21, 0.5, 1.0]
    path = write_clip(tmp_path / "phone.mkv", shaded(6), times=times)
    assert [frame.time for frame in read_video(path)] == pytest.approx(times, abs=1e-3)


def test_times_rise_and_begin_at_zero(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "late.mkv", shaded(4), times=[2.0, 2.1, 2.2, 2.3])
    times = [frame.time for frame in read_video(path)]
    assert times[0] == 0
    assert all(b > a for a, b in pairwise(times))


def test_a_selection_takes_what_it_says(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", shaded(24), fps=24)
    part = list(read_video(path, VideoSelection(start=0.25, end=0.75)))
    assert [frame.index for frame in part] == list(range(6, 19))
    few = list(read_video(path, VideoSelection(fps=8.0)))
    assert [frame.index for frame in few] == list(range(0, 24, 3))
    first = list(read_video(path, VideoSelection(max_frames=5)))
    assert [frame.index for frame in first] == list(range(5))


def test_the_container_tells_how_many_frames(tmp_path: Path) -> None:
    assert count_frames(write_clip(tmp_path / "clip.mp4", shaded(9))) == 9


def test_a_damaged_packet_costs_frames_not_the_clip(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", noise_frames(12))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)
    assert 1 <= len(list(read_video(path))) <= 12


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"there is no file .*gone\.mp4; give the path"):
        list(read_video(tmp_path / "gone.mp4"))


def test_an_unreadable_file_says_how_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("this is no video\n" * 50)
    with pytest.raises(TrackingError, match=r"cannot be read as a video .*ffmpeg -i INPUT"):
        list(read_video(path))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    import av

    path = tmp_path / "voice.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(TrackingError, match="has no video stream, only audio"):
        list(read_video(path))


def test_an_empty_selection_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", shaded(5))
    with pytest.raises(TrackingError, match=r"no frame of .* between 3 s and the end"):
        list(read_video(path, VideoSelection(start=3.0)))


def test_a_folder_of_pictures_is_a_clip_at_its_rate(tmp_path: Path) -> None:
    stored = shaded(12)
    for number, picture in enumerate(stored):
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
    assert count_frames(tmp_path) == 12
    frames = list(read_video(tmp_path, VideoSelection(picture_rate=10.0, fps=5.0, end=0.5)))
    assert [frame.index for frame in frames] == [0, 2, 4]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.2, 0.4])
    for frame in frames:
        np.testing.assert_array_equal(frame.image, stored[frame.index])


def test_a_folder_without_pictures_or_rate_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"holds no picture \(\.png"):
        next(read_video(tmp_path))
    with pytest.raises(TrackingError, match="give a rate above zero"):
        next(read_video(tmp_path, VideoSelection(picture_rate=0.0)))
