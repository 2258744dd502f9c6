import contextlib
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from tests.rigs.tiny import make_rig

from incarnate.errors import RigError
from incarnate.rigs.files import check_rig, load_rig, resolve_rig, save_rig
from incarnate.rigs.rig import Rig, SurfacePoints


def assert_same(first: Rig, second: Rig, *, atol: float = 0.0) -> None:
    for item in fields(Rig):
        a, b = getattr(first, item.name), getattr(second, item.name)
        if isinstance(a, torch.Tensor):
            torch.testing.assert_close(a, b, atol=atol, rtol=0)
        elif item.name == "landmarks":
            assert a.keys() == b.keys()
            for name in a:
                assert torch.equal(a[name].faces, b[name].faces)
                assert torch.equal(a[name].barycentric, b[name].barycentric)
        else:
            assert a == b, item.name


def rewritten(path: Path, change: dict[str, np.ndarray | None]) -> Path:
    """A copy of a rig file with some arrays changed, or left out where None."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    arrays = {name: array for name, array in (arrays | change).items() if array is not None}
    np.savez(path.with_name("changed.npz"), allow_pickle=False, **arrays)
    return path.with_name("changed.npz")


@pytest.fixture
def saved(tmp_path: Path, generator: torch.Generator) -> Path:
    save_rig(make_rig(generator), tmp_path / "tiny.npz")
    return tmp_path / "tiny.npz"


@pytest.mark.parametrize("correctives", [True, False])
def test_a_rig_comes_back_exactly(
    tmp_path: Path, generator: torch.Generator, correctives: bool
) -> None:
    rig = make_rig(generator, correctives=correctives)
    save_rig(rig, tmp_path / "tiny.npz")
    assert_same(load_rig(tmp_path / "tiny.npz"), rig)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.npz"]


def test_bases_in_sixteen_bits_are_off_by_half_a_step(
    tmp_path: Path, generator: torch.Generator
) -> None:
    rig = make_rig(generator)
    save_rig(rig, tmp_path / "tiny.npz", step=1e-4)
    back = load_rig(tmp_path / "tiny.npz")
    # Half a step, and float32 rounding of numbers below one.
    assert_same(back, rig, atol=0.5e-4 + 1e-7)
    assert torch.equal(back.vertices, rig.vertices)
    assert not torch.equal(back.expression_basis, rig.expression_basis)


def test_equal_rigs_give_equal_bytes(tmp_path: Path, generator: torch.Generator) -> None:
    rig = make_rig(generator)
    for name in ("a", "b"):
        save_rig(rig, tmp_path / f"{name}.npz", step=1e-4)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_files_that_are_no_rigs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"no rig file at .*absent.npz"):
        load_rig(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(RigError, match=r"not a rig file.*written by save_rig"):
        load_rig(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(RigError, match="an npz, but not a rig file"):
        load_rig(tmp_path / "other.npz")


def test_another_version_says_what_to_do(saved: Path) -> None:
    header = json.dumps({"format": "incarnate-rig", "version": 9}).encode()
    path = rewritten(saved, {"header": np.frombuffer(header, np.uint8)})
    with pytest.raises(RigError, match="version 9; this release reads version 1: convert it"):
        load_rig(path)


@pytest.mark.parametrize("name", ["vertices", "shape_basis.rows", "landmarks.nose.faces"])
def test_missing_arrays_are_named(saved: Path, name: str) -> None:
    with pytest.raises(RigError, match=f"damaged or incomplete.*{name}"):
        load_rig(rewritten(saved, {name: None}))


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """Users run without jaxtyping's checks, which would refuse such rigs first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def test_parts_that_do_not_fit_are_all_named(
    generator: torch.Generator, unchecked_shapes: None
) -> None:
    rig = make_rig(generator)
    broken = replace(
        rig,
        expression_basis=rig.expression_basis[:, :-1],
        faces=rig.faces + 5,
        parents=(-1, 0, 1, 3, 2),
        landmarks={"nose": SurfacePoints(torch.tensor([99]), torch.ones(1, 3) / 3)},
    )
    with pytest.raises(RigError) as raised:
        check_rig(broken, source="a test")
    text = str(raised.value)
    for part in (
        "from a test do not fit",
        "expression_basis has shape (3, 11, 3), expected (3, 12, 3)",
        "faces points outside its 12 vertices",
        "parents must stand before their children",
        "landmarks 'nose' point outside the 10 faces",
    ):
        assert part in text


@pytest.mark.parametrize("gain", [-1.0, 2.0, float("nan")])
def test_weights_that_are_no_shares_are_refused(generator: torch.Generator, gain: float) -> None:
    rig = make_rig(generator)
    with pytest.raises(RigError, match="non-negative and sum to one"):
        check_rig(replace(rig, skinning_weights=gain * rig.skinning_weights), source="a test")


def test_damaged_files_raise_rig_errors_only(saved: Path, unchecked_shapes: None) -> None:
    whole, rng = saved.read_bytes(), np.random.default_rng(5)
    damaged = saved.with_name("damaged.npz")
    for round_number in range(300):
        content = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            content[rng.integers(len(content))] = rng.integers(256)
        if round_number % 4 == 0:
            content = content[: rng.integers(len(content))]
        damaged.write_bytes(content)
        # A few bytes of an archive mean nothing: then the rig is whole.
        with contextlib.suppress(RigError):
            assert load_rig(damaged).name == "tiny"


@pytest.mark.parametrize("name", ["header", "faces", "shape_basis.rows", "skinning_weights.counts"])
def test_damaged_arrays_raise_rig_errors_only(
    saved: Path, unchecked_shapes: None, name: str
) -> None:
    with np.load(saved, allow_pickle=False) as file:
        array = file[name]
    flat = array.reshape(-1)
    for change in (flat[: len(flat) // 2], array * 0 + 250):
        with pytest.raises(RigError):
            load_rig(rewritten(saved, {name: change}))


def test_names_resolve_to_embedded_rigs_and_files(saved: Path) -> None:
    assert resolve_rig("incarnate-head", saved.parent).name == "incarnate-head"
    assert resolve_rig("tiny.npz", saved.parent).name == "tiny"
    with pytest.raises(RigError, match=r"no rig 'smplx'.*incarnate-body, incarnate-head"):
        resolve_rig("smplx", saved.parent)
