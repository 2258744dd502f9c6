"""Sparse columns in an npz: most vertices stay where they are in most directions of a basis."""

import numpy as np

_LARGEST = np.iinfo(np.int16).max


def pack_columns(columns: np.ndarray, name: str, step: float | None) -> dict[str, np.ndarray]:
    """Store a (columns, rows, width) array by its non-zero rows.

    Args:
        columns: For instance a basis: directions, vertices, xyz.
        name: Prefix of the arrays' names in the file.
        step: Round to multiples of this and store 16-bit integers; None stores floats as they are.

    Returns:
        Arrays for `numpy.savez`.
    """
    scale = 1.0 if step is None else step
    values = columns if step is None else np.rint(columns / step)
    column, row = np.nonzero(values.any(-1))
    packed = values[column, row]
    if step is not None:
        assert np.abs(packed).max(initial=0) <= _LARGEST, f"{name}: step {step} is too fine"
        packed = packed.astype(np.int16)
    return {
        f"{name}.shape": np.array(columns.shape, np.int64),
        f"{name}.counts": np.bincount(column, minlength=len(columns)).astype(np.int32),
        f"{name}.rows": row.astype(np.uint16 if columns.shape[1] <= 1 << 16 else np.int32),
        f"{name}.values": packed,
        f"{name}.scale": np.array(scale),
    }


def unpack_columns(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    """The float32 array that `pack_columns` stored."""
    shape, counts = arrays[f"{name}.shape"], arrays[f"{name}.counts"]
    columns = np.zeros(shape, np.float32)
    column = np.repeat(np.arange(len(counts)), counts)
    values = arrays[f"{name}.values"]
    if values.dtype == np.int16:
        values = values * float(arrays[f"{name}.scale"])
    columns[column, arrays[f"{name}.rows"]] = values
    return columns
