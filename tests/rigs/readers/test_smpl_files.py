"""Files of SMPL's family: what is read, and how errors speak of the model that was wanted."""

from pathlib import Path

import numpy as np
import pytest
from tests.rigs.readers.flames import flame_fields, write_npz, write_pickle

from incarnate.errors import RigError
from incarnate.rigs.readers.smpl_files import SmplKind, read_smpl_arrays

_KIND = SmplKind("FIVE", num_joints=5, advice="Get it from its makers.")


def test_pickle_and_npz_hold_the_same_arrays(tmp_path: Path) -> None:
    fields = flame_fields()
    for path in (write_pickle(fields, tmp_path / "m.pkl"), write_npz(fields, tmp_path / "m.npz")):
        arrays = read_smpl_arrays(path, _KIND)
        # Stored as float32, which is 1e-7 of a metre here.
        np.testing.assert_allclose(arrays.vertices, np.asarray(fields["v_template"]), rtol=1e-6)
        np.testing.assert_allclose(arrays.weights.sum(1), 1, atol=1e-6)
        assert arrays.parents == (-1, 0, 1, 1, 1)
        assert arrays.uv is None


def test_errors_name_the_model_and_what_to_do(tmp_path: Path) -> None:
    path = write_npz({"v_template": np.zeros((3, 3))}, tmp_path / "m.npz")
    with pytest.raises(RigError, match=r"lacks f, .* not a FIVE model. Get it from its makers."):
        read_smpl_arrays(path, _KIND)
    other = SmplKind("SIX", num_joints=6, advice="Get it.")
    with pytest.raises(RigError, match=r"not a SIX model: .*weights has shape \(40, 5\), expected"):
        read_smpl_arrays(write_npz(flame_fields(), tmp_path / "five.npz"), other)
    (tmp_path / "text.pkl").write_bytes(b"not a pickle")
    with pytest.raises(RigError, match=r"is not a whole pickle of arrays .* Get it"):
        read_smpl_arrays(tmp_path / "text.pkl", other)
