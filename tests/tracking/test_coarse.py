"""Coarse grids: block means one way, linear interpolation the other."""

import numpy as np
import pytest

from incarnate.tracking.coarse import COARSE, enlarged, shrunk


def test_shrinking_takes_means_of_blocks() -> None:
    values = np.random.default_rng(1).random((2 * COARSE, 3 * COARSE, 2))
    small = shrunk(values)
    assert small.shape == (2, 3, 2)
    # The mean is summed in single precision.
    np.testing.assert_allclose(small[1, 2], values[COARSE:, 2 * COARSE :].mean((0, 1)), atol=1e-6)


def test_what_fills_no_block_is_dropped() -> None:
    assert shrunk(np.zeros((COARSE + 3, 2 * COARSE + 1))).shape == (1, 2)


@pytest.mark.parametrize("shape", [(32, 48), (33, 50)])
def test_a_smooth_picture_survives_there_and_back(shape: tuple[int, int]) -> None:
    rows, columns = np.mgrid[: shape[0], : shape[1]] / 50
    values = np.stack([rows, columns, rows + columns], -1)
    again = enlarged(shrunk(values), shape)
    assert again.shape == values.shape
    # Linear inside; half a coarse pixel at the border is held constant.
    inner = slice(COARSE, -2 * COARSE)
    np.testing.assert_allclose(again[inner, inner], values[inner, inner], atol=1e-5)
