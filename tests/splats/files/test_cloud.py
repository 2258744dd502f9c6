"""The record that files hold: half a turn, opacities, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from tests.splats.files.clouds import CLOUDS, check_equal, covariances, random_cloud

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import (
    MAX_SPLATS,
    SplatCloud,
    check_count,
    checked_cloud,
    logits_of,
    opacities,
    read_bytes,
)
from incarnate.splats.harmonics import colours_along, even_directions

FLIP = np.diag([1.0, -1.0, -1.0])


@given(CLOUDS)
def test_two_half_turns_are_none(cloud: SplatCloud) -> None:
    back = cloud.turned_over().turned_over()
    for name, array in vars(cloud).items():
        np.testing.assert_array_equal(array, getattr(back, name))


def test_a_half_turn_turns_shapes_and_colours_along() -> None:
    cloud = random_cloud(count=40)
    turned = cloud.turned_over()
    np.testing.assert_allclose(turned.means, cloud.means @ FLIP, atol=1e-7)
    # A splat's longest axis squared is at most 0.02: this is float32 arithmetic.
    np.testing.assert_allclose(covariances(turned), FLIP @ covariances(cloud) @ FLIP, atol=1e-8)
    directions = even_directions(40)
    seen = colours_along(torch.from_numpy(cloud.harmonics), directions)
    flipped = directions * torch.tensor([1.0, -1.0, -1.0])
    again = colours_along(torch.from_numpy(turned.harmonics), flipped)
    torch.testing.assert_close(again, seen, atol=1e-5, rtol=0)


def test_opacities_and_logits_are_inverse_and_finite_at_the_ends() -> None:
    logits = np.linspace(-9, 9, 101, dtype=np.float32)
    # At logit 9 the opacity is 1 − 1e-4, known to 6e-8: half a thousandth of the logit.
    np.testing.assert_allclose(logits_of(opacities(logits)), logits, atol=1e-3)
    ends = logits_of(np.array([0, 1], np.float32))
    assert np.isfinite(ends).all()
    np.testing.assert_allclose(opacities(ends), [0, 1], atol=1e-7)


def test_harmless_extremes_are_brought_into_range() -> None:
    fields = dict(vars(random_cloud(count=2)))
    fields["opacity_logits"] = np.array([np.inf, -np.inf])
    fields["log_scales"] = np.full((2, 3), -np.inf)
    fields["quaternions"] = np.array([[0, 0, 0, 0], [2, 0, 0, 0.0]])
    cloud = checked_cloud("a", fields)
    np.testing.assert_allclose(cloud.quaternions, [[1, 0, 0, 0]] * 2)
    np.testing.assert_array_equal(opacities(cloud.opacity_logits).round(), [1, 0])
    assert np.isfinite(cloud.log_scales).all()


@pytest.mark.parametrize("name", ["means", "quaternions", "harmonics", "opacity_logits"])
def test_numbers_that_are_none_are_refused(name: str) -> None:
    fields = {key: array.copy() for key, array in vars(random_cloud(count=3)).items()}
    fields[name][1] = np.nan
    with pytest.raises(SplatFileError, match=rf"^a\.ply: {name.replace('_', ' ')} of splat 1 are"):
        checked_cloud("a.ply", fields)


@pytest.mark.parametrize("count", [0, -1, MAX_SPLATS + 1])
def test_impossible_counts_are_refused(count: int) -> None:
    with pytest.raises(SplatFileError, match=f"it says that it holds {count} splats"):
        check_count("a.ply", count)


def test_absent_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.ply").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a.ply") == b"abc"
    with pytest.raises(SplatFileError, match="there is no file"):
        read_bytes(tmp_path / "b.ply")


def test_equal_clouds_are_told_from_others() -> None:
    cloud = random_cloud()
    check_equal(cloud, cloud)
    with pytest.raises(AssertionError):
        check_equal(cloud, cloud.turned_over())
