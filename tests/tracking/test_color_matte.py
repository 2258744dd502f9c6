"""A matte's rim by colour: gaps open, hair stays, and doubt changes nothing."""

import numpy as np
import pytest

from incarnate.tracking.color_matte import without_background

SIZE = 256
HAIR, WALL, SKIN = (60.0, 42.0, 30.0), (210.0, 200.0, 165.0), (190.0, 120.0, 85.0)


def half_picture(
    front: tuple[float, ...], back: tuple[float, ...], noise: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Person on the left, background on the right, and a matte that takes 8 pixels too many."""
    picture = np.empty((SIZE, SIZE, 3))
    picture[:, :120], picture[:, 120:] = front, back
    picture += noise * np.random.default_rng(3).normal(size=picture.shape)
    matte = np.zeros((SIZE, SIZE), np.float32)
    matte[:, :128] = 1
    return np.clip(picture, 0, 255).astype(np.uint8), matte


def test_background_inside_of_the_line_is_taken_out() -> None:
    picture, matte = half_picture(HAIR, WALL)
    found = without_background(picture, matte)
    assert found[:, 121:128].mean() < 0.15
    assert found[:, :119].min() > 0.85
    assert found[:, :119].mean() > 0.99


def test_a_mixed_pixel_gets_its_share() -> None:
    picture, matte = half_picture(HAIR, WALL, noise=0.0)
    picture[:, 122:126] = (0.5 * np.array(HAIR) + 0.5 * np.array(WALL)).astype(np.uint8)
    found = without_background(picture, matte)
    # Trust in colours so far apart is above nine tenths.
    assert found[:, 122:126].mean() == pytest.approx(0.5, abs=0.08)


def test_it_only_ever_lowers() -> None:
    picture, matte = half_picture(HAIR, WALL)
    found = without_background(picture, matte)
    assert (found <= matte + 1e-6).all()
    assert (found >= 0).all()


@pytest.mark.parametrize("shift", [0.0, 8.0])
def test_alike_colours_are_left_to_the_network(shift: float) -> None:
    wall = tuple(value + shift for value in SKIN)
    picture, matte = half_picture(SKIN, wall)
    assert np.abs(without_background(picture, matte) - matte).max() < 0.2


def test_a_patterned_background_is_left_to_the_network() -> None:
    picture, matte = half_picture(HAIR, WALL)
    stripes = (np.arange(SIZE) // 8 % 2 == 0)[:, None] & (np.arange(SIZE) >= 120)[None]
    picture[stripes] = np.array(HAIR, np.uint8)
    lowered = matte - without_background(picture, matte)
    assert lowered[:, 121:128].mean() < 0.35


def test_skin_between_hair_and_wall_stays() -> None:
    picture, matte = half_picture(HAIR, WALL)
    picture[:, 112:128] = np.array(SKIN, np.uint8)  # a cheek's rim, beside dark hair
    assert without_background(picture, matte)[:, 113:127].mean() > 0.8


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_without_an_edge_nothing_changes(level: float) -> None:
    picture, _ = half_picture(HAIR, WALL)
    matte = np.full((SIZE, SIZE), level, np.float32)
    assert (without_background(picture, matte) == matte).all()
