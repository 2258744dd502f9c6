from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from incarnate.errors import RenderError
from incarnate.view.video import VideoWriter


def gradient_picture(height: int, width: int, shift: int = 0) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 3 + shift, y * 3, 0 * x + 90], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), [(48, 64), (47, 61)])
def test_mp4_round_trip(tmp_path: Path, height: int, width: int) -> None:
    path = tmp_path / "new" / "clip.mp4"
    pictures = [gradient_picture(height, width, shift=4 * i) for i in range(5)]
    with VideoWriter(path, fps=12.5) as writer:
        for picture in pictures:
            writer.write(picture)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 12.5
        assert stream.codec_context.name == "h264"
        frames = list(container.decode(video=0))
    assert len(frames) == 5
    for frame, picture in zip(frames, pictures, strict=True):
        assert (frame.height, frame.width) == (height + height % 2, width + width % 2)
        decoded = frame.to_ndarray(format="rgb24").astype(int)[:height, :width]
        # Chroma is halved and x264 is lossy; a wrong colour matrix would be off by 10 to 20.
        assert np.abs(decoded - picture).mean() < 2.5


def test_mp4_says_which_colours_it_has(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    with VideoWriter(path, fps=25.0) as writer:
        writer.write(red)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    # H.273: 1 is BT.709, 13 the sRGB transfer function.
    assert frame.colorspace == 1
    assert frame.color_trc == 13
    luma = frame.to_ndarray()[:32, :32].mean()
    # BT.709 luma of this red in video range; BT.601 would give 67.
    assert luma == pytest.approx(16 + 219 / 255 * 0.2126 * 200, abs=2)


def test_folder_of_pictures_is_lossless(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    pictures = [gradient_picture(7, 9, shift=i) for i in range(3)]
    for _ in range(2):  # a second run replaces the first
        with VideoWriter(folder, fps=25.0) as writer:
            for picture in pictures:
                writer.write(picture)
    assert sorted(p.name for p in folder.iterdir()) == ["000000.png", "000001.png", "000002.png"]
    for i, picture in enumerate(pictures):
        np.testing.assert_array_equal(np.asarray(Image.open(folder / f"{i:06d}.png")), picture)


def write_and_stop(path: Path) -> None:
    with VideoWriter(path, fps=25.0) as writer:
        writer.write(gradient_picture(16, 16))
        writer.write(gradient_picture(16, 16))
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["clip.mp4", "frames"])
def test_an_interruption_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with VideoWriter(path, fps=25.0) as writer:
        writer.write(gradient_picture(16, 16))
    before = sorted((p.name, p.stat().st_size) for p in [path, *path.glob("*")])
    with pytest.raises(KeyboardInterrupt):
        write_and_stop(path)
    assert sorted((p.name, p.stat().st_size) for p in [path, *path.glob("*")]) == before
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"the ending '\.avi' is not known; give a name that"):
        VideoWriter(tmp_path / "clip.avi", fps=25.0)


def test_senseless_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="0 frames a second; give more than 0"):
        VideoWriter(tmp_path / "clip.mp4", fps=0.0)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RenderError, match=r"holds other things \(notes.txt\)"):
        VideoWriter(tmp_path, fps=25.0)


def test_an_empty_clip_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(RenderError, match="there was no picture"),
        VideoWriter(tmp_path / "clip.mp4", fps=25.0),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
