"""The file of FID's weights: found by name, trusted by hash, read without running it."""

import hashlib
import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from tests.evaluate.inception_layout import as_published

from incarnate.errors import ModelFileError
from incarnate.evaluate import inception_weights
from incarnate.evaluate.inception_weights import (
    FILE_NAME,
    INSTALL,
    read_tensors,
    read_weights,
    weights_path,
)


def small() -> "OrderedDict[str, torch.Tensor]":
    numbers = torch.arange(24.0)
    return OrderedDict(
        kernel=numbers.reshape(2, 3, 4),
        # Not in the order of its numbers, and with a piece of the numbers of another.
        turned=torch.rand(3, 5).T,
        part=numbers[4:10:2],
        count=torch.tensor(7),
    )


@pytest.mark.usefixtures("no_model_files")
def test_an_absent_file_says_how_to_get_it() -> None:
    with pytest.raises(ModelFileError) as caught:
        weights_path()
    assert str(caught.value) == (
        "FID needs the weights of its network: download pt_inception-2015-12-05-6726825d.pth "
        "(96 MB, Apache-2.0) from https://github.com/mseitzer/pytorch-fid/releases/download/"
        "fid_weights/pt_inception-2015-12-05-6726825d.pth into a folder, and set INCARNATE_MODELS "
        "to that folder"
    )


def test_it_is_found_under_its_published_name(no_model_files: Path) -> None:
    no_model_files.mkdir()
    (no_model_files / FILE_NAME).touch()
    assert weights_path() == no_model_files / FILE_NAME


def test_another_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(as_published(small()))
    with pytest.raises(
        ModelFileError, match=r"is not the published pt_inception\S+: its SHA-256 .* expected 6726"
    ):
        read_weights(path)
    with pytest.raises(ModelFileError, match=r"nothing.pth cannot be read .*: download pt_incep"):
        read_weights(tmp_path / "nothing.pth")


def test_tensors_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors, path = small(), tmp_path / "w.pth"
    content = as_published(tensors)
    path.write_bytes(content)
    monkeypatch.setattr(inception_weights, "_SHA256", hashlib.sha256(content).hexdigest())
    found = read_weights(path)
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].equal(tensor)


def test_parameters_are_read_as_tensors() -> None:
    # State dictionaries of torch before 0.4 hold these.
    content = as_published(OrderedDict(kernel=torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))))
    assert read_tensors(content, "w")["kernel"].equal(torch.arange(6.0).reshape(2, 3))


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made by a pickle",)


def test_a_pickle_that_asks_for_more_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ModelFileError, match=r"^w.pth: the pickle mentions posix.mkdir; .* Nothing"
    ):
        read_tensors(pickle.dumps(Hostile()), "w.pth")
    assert not list(tmp_path.iterdir())


def test_other_and_damaged_files_are_named() -> None:
    archive = io.BytesIO()
    torch.save(small(), archive)
    whole = as_published(small())
    for content in (archive.getvalue(), whole[:-8], whole[:300], b"", pickle.dumps(1) * 5):
        with pytest.raises(ModelFileError, match=r"^w.pth is no whole file of tensors") as caught:
            read_tensors(content, "w.pth")
        assert str(caught.value).endswith(INSTALL)
