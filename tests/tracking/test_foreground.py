"""Straight colours: over the old background they give the old picture, over a new one no rim."""

import numpy as np
import pytest

from incarnate.tracking.foreground import straight_colors


def soft_disc(size: int = 96) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return np.clip((0.3 * size - distance) / 8 + 0.5, 0, 1)


def composite(colors: np.ndarray, matte: np.ndarray, background: np.ndarray) -> np.ndarray:
    return matte[..., None] * colors + (1 - matte[..., None]) * background


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Foreground, background, matte and the 8-bit picture they make."""
    matte = soft_disc().astype(np.float32)
    rows = np.linspace(0, 40, 96)[:, None, None]
    front = np.broadcast_to([180.0, 90, 60], (96, 96, 3)) + rows
    back = np.broadcast_to([40.0, 120, 200], (96, 96, 3)) - rows
    picture = (composite(front, matte, back) + 0.5).astype(np.uint8)
    return front, back, matte, picture


def test_soft_pixels_get_the_persons_colour(scene: tuple[np.ndarray, ...]) -> None:
    front, _, matte, picture = scene
    found = straight_colors(picture, matte).astype(float)
    soft = (matte > 0.2) & (matte < 0.95)
    error = np.abs(found - front)[soft].mean()
    mixed = np.abs(picture - front)[soft].mean()
    # Colours change by ten levels over a window: the estimate is off by some, the picture by tens.
    assert error < 8
    assert error < 0.2 * mixed


def test_it_composites_back_to_the_picture(scene: tuple[np.ndarray, ...]) -> None:
    _, back, matte, picture = scene
    again = composite(straight_colors(picture, matte).astype(float), matte, back)
    assert np.abs(again - picture).mean() < 1  # rounding, and the estimate's few levels


def test_whole_pixels_stay_and_empty_ones_are_black(scene: tuple[np.ndarray, ...]) -> None:
    _, _, matte, picture = scene
    found = straight_colors(picture, matte)
    assert (found[matte == 1] == picture[matte == 1]).all()
    assert not found[matte == 0].any()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_matte_without_an_edge_is_harmless(level: float) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (34, 50, 3), dtype=np.uint8)
    found = straight_colors(picture, np.full((34, 50), level))
    assert (found == picture * np.uint8(level)).all()
