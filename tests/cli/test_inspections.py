"""What the doctor looks at: present, absent and broken parts are told apart."""

import hashlib
import importlib
import importlib.metadata
from pathlib import Path

import pytest
import torch

from incarnate.cli import inspections
from incarnate.cli.inspections import Finding, findings
from incarnate.errors import ModelFileError
from incarnate.evaluate import inception_weights, lpips_weights
from incarnate.splats import native


def by_part() -> dict[str, Finding]:
    return {finding.part: finding for finding in findings()}


def test_every_part_is_looked_at_once() -> None:
    parts = [finding.part for finding in findings()]
    assert parts == [
        "python", "torch", "kernel", "gsplat", "mediapipe", "video",
        "face_landmarker.task", "selfie_segmentation.tflite", "lpips (alex)", "lpips (vgg)",
        "fid",
    ]  # fmt: skip


def test_whatever_is_not_there_says_what_it_is_for() -> None:
    for finding in findings():
        assert finding.detail
        assert finding.state in ("ok", "absent", "broken")


def test_weights_of_fid_are_optional_until_they_are_wrong(
    no_model_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = inspections.fid_weights()
    assert (finding.state, finding.remedy) == ("absent", inception_weights.INSTALL)
    no_model_files.mkdir()
    path = no_model_files / inception_weights.FILE_NAME
    path.write_bytes(b"a network")
    assert inspections.fid_weights().state == "broken"
    digest = hashlib.sha256(b"a network").hexdigest()
    monkeypatch.setattr(inception_weights, "_SHA256", digest)
    assert inspections.fid_weights() == Finding("fid", "ok", str(path))


def test_torch_is_named_with_its_version() -> None:
    detail = by_part()["torch"].detail
    assert torch.__version__ in detail
    assert "1 threads" in detail


def test_a_missing_kernel_is_to_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "is_available", lambda: False)
    finding = inspections.kernel()
    assert finding.state == "broken"
    assert "make setup" in finding.remedy


def test_an_absent_package_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", raise_absent)
    finding = inspections.mediapipe()
    assert finding.state == "absent"
    assert "incarnate[track]" in finding.remedy


def test_a_package_that_cannot_be_imported_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_missing(name: str) -> None:
        raise OSError("libGLESv2.so.2: cannot open shared object file")

    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.2")
    monkeypatch.setattr(importlib, "import_module", raise_missing)
    finding = inspections.mediapipe()
    assert finding.state == "broken"
    assert "libGLESv2.so.2" in finding.detail
    assert "apt-get install" in finding.remedy


def test_missing_codecs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspections, "VIDEO_CODECS", ("h264", "nosuch"))
    finding = inspections.codecs()
    assert finding.state == "broken"
    assert finding.detail.endswith("lacks nosuch")


def test_gsplat_is_not_asked_for_without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    finding = inspections.gsplat()
    assert (finding.state, finding.remedy) == ("absent", "")


def test_damaged_weights_are_broken_absent_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_error(_: str) -> None:
        raise ModelFileError("the weights are other ones")

    monkeypatch.setattr(lpips_weights, "weights_path", lambda _: "weights/alexnet.ckpt")
    monkeypatch.setattr(lpips_weights, "read_weights", raise_error)
    assert [finding.state for finding in inspections.lpips_weights()] == ["broken"] * 2
    monkeypatch.setattr(lpips_weights, "weights_path", raise_error)
    assert [finding.state for finding in inspections.lpips_weights()] == ["absent"] * 2
