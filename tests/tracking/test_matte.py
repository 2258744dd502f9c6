"""Mattes: calm where the picture is still, quick where it moves, sharp along its edges."""

from pathlib import Path

import numpy as np
import pytest
from tests.tracking.clips import face_frames, noise_frames

from incarnate.errors import ModelFileError
from incarnate.tracking.matte import Segmenter, calm, matted, segmenter


class StandIn(Segmenter):
    """Says that what is bright is person, blurred as the network's answer is, and flickers."""

    def __init__(self, flicker: float = 0.0) -> None:
        self._flicker = flicker
        self._sign = 1

    def coverage(self, picture: np.ndarray) -> np.ndarray:
        self._sign = -self._sign
        height, width = picture.shape[:2]
        rows, columns = np.arange(256) * height // 256, np.arange(256) * width // 256
        bright = picture[rows][:, columns].mean(-1) / 255 > 0.5
        wide = np.pad(bright, 3, mode="edge").astype(np.float32)
        blurred = np.lib.stride_tricks.sliding_window_view(wide, (7, 7)).mean((2, 3))
        return np.clip(blurred + self._sign * self._flicker, 0, 1).astype(np.float32)


def disc(center: float, size: int = 200) -> np.ndarray:
    """A bright disc on a dark ground."""
    rows, columns = np.mgrid[:size, :size]
    inside = np.hypot(rows - size / 2, columns - center) < size / 4
    return np.where(inside[..., None], np.uint8(210), np.uint8(30)).repeat(3, -1)


def test_each_picture_comes_back_with_its_own_matte() -> None:
    pictures = [disc(60 + 10 * k) for k in range(7)]
    found = list(matted(pictures, StandIn()))
    assert len(found) == 7
    for (picture, matte), expected in zip(found, pictures, strict=True):
        assert picture is expected
        assert matte.shape == (200, 200)
        inside = expected[..., 0] > 128
        # The answer is blurred by seven cells; the filter puts its edge back on the picture's.
        assert (matte[inside] > 0.5).mean() > 0.99
        assert (matte[~inside] < 0.5).mean() > 0.99


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6])
def test_short_clips_lose_no_frame(count: int) -> None:
    assert len(list(matted([disc(100)] * count, StandIn()))) == count


def test_a_flickering_answer_is_calmed_where_the_picture_is_still() -> None:
    mattes = np.stack([matte for _, matte in matted([disc(100)] * 12, StandIn(flicker=0.2))])
    alone = np.stack([next(iter(matted([disc(100)], StandIn(0.2 * s))))[1] for s in (1, -1)])
    edge = alone[0] != alone[1]
    assert np.ptp(mattes[3:-3], axis=0)[edge].mean() < 0.5 * np.ptp(alone, axis=0)[edge].mean()


def test_calming_takes_the_mean_of_equal_pictures_and_none_of_others() -> None:
    pictures = np.zeros((3, 2, 2, 3), np.float32)
    pictures[:, 1] = [[[0]], [[1]], [[0]]]  # the lower row changes for one frame
    coverages = np.stack([np.full((2, 2), value, np.float32) for value in (0.0, 0.9, 0.3)])
    calmed = calm(pictures, coverages, 1)
    np.testing.assert_allclose(calmed[0], 0.4, atol=1e-6)
    np.testing.assert_allclose(calmed[1], 0.9, atol=1e-6)


def test_a_missing_model_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelFileError, match=r"selfie_segmentation.*incarnate doctor --fetch"):
        segmenter().__enter__()


def test_the_network_finds_the_person(shared_data: Path) -> None:
    frame = face_frames(shared_data, 1)[0]
    with segmenter() as network:
        coverage = network.coverage(frame)
        empty = network.coverage(noise_frames(1, 300, 200)[0])
    assert coverage.shape == (256, 256)
    assert coverage[100:150, 110:150].min() > 0.9  # the face
    assert coverage[:60, :20].max() < 0.1  # the wall
    assert empty.shape == (256, 256)
