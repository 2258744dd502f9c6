import io
import os
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csc_matrix, csr_matrix, dia_matrix

from incarnate.errors import ModelFileError, RigError
from incarnate.rigs.readers.pickles import ArrayUnpickler, contained, dense, read_pickle


def reread(value: object, path: Path, protocol: int = 2) -> object:
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return read_pickle(path, advice="Get it again.")


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch reached",)


@pytest.mark.parametrize("protocol", range(6))
def test_code_in_a_pickle_is_not_run(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RigError, match=r"mentions \w+.system; .* Nothing of it was run. Get it a"):
        reread({"layer": _Attack()}, tmp_path / "evil.pkl", protocol)
    assert not (tmp_path / "reached").exists()


@pytest.mark.parametrize(
    "name",
    [
        "numpy.load",
        "numpy.ndarray.tofile",
        "numpy.core.multiarray.fromfile",
        "builtins.eval",
        "scipy.sparse.os.csc_matrix.system",
        "scipy.sparse.csc_matrix\nx",
        "chumpy",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    reader = ArrayUnpickler(io.BytesIO(), error=ModelFileError, advice="")
    with pytest.raises(ModelFileError, match="mentions"):
        reader.find_class(*name.rpartition(".")[::2])


def test_an_array_of_pointers_is_not_made(tmp_path: Path) -> None:
    # numpy.ndarray(shape, "O8", buffer) would take the bytes for addresses and read there.
    evil = b"cnumpy\nndarray\n(I1\ncnumpy\ndtype\n(S'O8'\ntRS'AAAAAAAA'\ntR."
    path = tmp_path / "pointers.pkl"
    path.write_bytes(evil)
    with pytest.raises(ValueError, match=r"is a numpy.ndarray, not an array"):
        dense(read_pickle(path, advice=""))
    with pytest.raises(ValueError, match="holds O8, not numbers"):
        dense(reread(np.array([None, "text"]), path))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<u4", "|b1", "<i2"])
def test_arrays_are_read(protocol: int, dtype: str, tmp_path: Path) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for value in (array, np.asfortranarray(array), array[:, 1:2], array[0, 0, :1]):
        read = dense(reread(value, tmp_path / "arrays.pkl", protocol))
        np.testing.assert_array_equal(read, value)
        assert read.dtype == value.dtype.newbyteorder("=")


def test_scalars_and_plain_values_are_read(tmp_path: Path) -> None:
    read = reread({"a": np.float64(0.5), "b": [1, 2], "c": "text"}, tmp_path / "plain.pkl")
    assert isinstance(read, dict)
    assert dense(read["a"]) == 0.5
    assert dense(read["b"]).tolist() == [1, 2]
    assert read["c"] == "text"


def test_the_string_of_python_2_is_the_bytes_of_an_array(tmp_path: Path) -> None:
    content = pickle.dumps(np.arange(3.0), protocol=2)
    # What Python 2 wrote: the module's old name, and a short string for the bytes.
    head, raw = content[: content.index(b"h\x03X")], np.arange(3.0).tobytes()
    old = head.replace(b"numpy._core", b"numpy.core") + b"U" + bytes([len(raw)]) + raw + b"tb."
    path = tmp_path / "old.pkl"
    path.write_bytes(old)
    assert dense(read_pickle(path, advice="")).tolist() == [0, 1, 2]


@pytest.mark.parametrize("make", [csc_matrix, csr_matrix, coo_matrix])
def test_sparse_matrices_are_read(make: type, tmp_path: Path) -> None:
    matrix = np.arange(12.0).reshape(3, 4) * (np.arange(12).reshape(3, 4) % 3 == 0)
    read = dense(reread(make(matrix), tmp_path / "sparse.pkl"))
    np.testing.assert_array_equal(read, matrix)


def test_sparse_matrices_that_point_outside_are_refused(tmp_path: Path) -> None:
    matrix = csc_matrix(np.eye(3))
    matrix.indices[0] = 1000
    with pytest.raises(ValueError, match="indices"):
        dense(reread(matrix, tmp_path / "outside.pkl"))
    with pytest.raises(ValueError, match=r"is a sparse dia_matrix; save it as csc_matrix"):
        dense(reread(dia_matrix(np.eye(3)), tmp_path / "other.pkl"))


@pytest.mark.parametrize("protocol", [0, 2])
def test_chumpy_arrays_are_read_without_chumpy(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("chumpy.ch")
    chumpy = type("Ch", (), {"__module__": "chumpy.ch"})
    monkeypatch.setattr(module, "Ch", chumpy, raising=False)
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    array = chumpy()
    vars(array).update(x=np.arange(4.0), _dirty_vars={"x"}, dterms=("x",))
    content = pickle.dumps({"shapedirs": array, "sum": chumpy()}, protocol=protocol)
    monkeypatch.undo()
    path = tmp_path / "chumpy.pkl"
    path.write_bytes(content)
    read = read_pickle(path, advice="")
    assert isinstance(read, dict)
    np.testing.assert_array_equal(dense(read["shapedirs"]), np.arange(4.0))
    with pytest.raises(ValueError, match=r"is damaged|not a plain chumpy array"):
        dense(read["sum"])


def test_a_dictionary_that_numpy_saved_is_taken_out(tmp_path: Path) -> None:
    read = contained(reread(np.array({"a": 1}, dtype=object), tmp_path / "object.pkl"))
    assert read == {"a": 1}
    with pytest.raises(ValueError, match="single object"):
        contained(np.zeros(3))


def test_damage_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "half.pkl"
    path.write_bytes(pickle.dumps(np.arange(100.0))[:50])
    with pytest.raises(RigError, match=r"half.pkl is not a whole pickle of arrays \(\w+: .* Get"):
        read_pickle(path, advice="Get it again.")
    with pytest.raises(RigError, match=r"no file at .*absent.pkl. Get it again."):
        read_pickle(tmp_path / "absent.pkl", advice="Get it again.")
