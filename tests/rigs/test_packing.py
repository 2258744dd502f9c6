import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from incarnate.rigs.packing import pack_columns, unpack_columns

columns_of_any_size = arrays(
    np.float32,
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(1, 3)),
    elements=st.one_of(st.just(0.0), st.floats(-0.125, 0.125, width=32)),
)


@given(columns_of_any_size)
def test_exact_columns_come_back(columns: np.ndarray) -> None:
    back = unpack_columns(pack_columns(columns, "basis", None), "basis")
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, columns)


@given(columns_of_any_size, st.sampled_from([2e-5, 1e-4]))
def test_rounded_columns_are_off_by_half_a_step(columns: np.ndarray, step: float) -> None:
    packed = pack_columns(columns, "basis", step)
    assert packed["basis.values"].dtype == np.int16
    # Half a step, and float32 rounding of numbers up to an eighth.
    np.testing.assert_allclose(
        unpack_columns(packed, "basis"), columns, atol=step / 2 + 2e-8, rtol=0
    )


def test_only_rows_that_move_are_stored() -> None:
    columns = np.zeros((3, 1000, 3), np.float32)
    columns[1, [5, 700]] = 0.01
    packed = pack_columns(columns, "basis", 2e-5)
    assert len(packed["basis.values"]) == 2
    assert packed["basis.counts"].tolist() == [0, 2, 0]
    assert packed["basis.rows"].dtype == np.uint16


def test_many_rows_need_wider_indices() -> None:
    columns = np.zeros((1, 70_000, 1), np.float32)
    columns[0, 69_999] = 1.0
    packed = pack_columns(columns, "weights", None)
    assert packed["weights.rows"].tolist() == [69_999]
    np.testing.assert_array_equal(unpack_columns(packed, "weights"), columns)


def test_a_step_that_sixteen_bits_cannot_hold_is_refused() -> None:
    with pytest.raises(AssertionError, match="basis: step 1e-06 is too fine"):
        pack_columns(np.ones((1, 1, 3), np.float32), "basis", 1e-6)
