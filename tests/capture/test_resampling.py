"""Laws of area resampling: means are kept, flat stays flat, and transparency does not bleed."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from incarnate.capture.resampling import resize_area, resize_nearest, resize_straight

sides = st.integers(1, 17)


@given(sides, sides, sides, sides)
def test_the_mean_is_kept(height: int, width: int, new_height: int, new_width: int) -> None:
    values = torch.rand(height, width, 2, dtype=torch.float64)
    resized = resize_area(values, new_width, new_height)
    assert resized.shape == (new_height, new_width, 2)
    # Footprints are exact up to rounding in float64.
    assert torch.allclose(resized.mean((0, 1)), values.mean((0, 1)), atol=1e-12)


@given(sides, sides, sides, sides)
def test_a_flat_picture_stays_flat(h: int, w: int, new_h: int, new_w: int) -> None:
    resized = resize_area(torch.full((h, w, 1), 0.37, dtype=torch.float64), new_w, new_h)
    assert torch.allclose(resized, torch.full_like(resized, 0.37), atol=1e-12)


def test_whole_ratios_are_means_of_blocks() -> None:
    values = torch.rand(6, 8, 3, dtype=torch.float64)
    blocks = values.reshape(2, 3, 4, 2, 3).mean((1, 3))
    assert torch.allclose(resize_area(values, 4, 2), blocks, atol=1e-12)
    assert torch.equal(resize_area(values, 8, 6), values)


def test_enlarging_by_a_whole_ratio_repeats_pixels() -> None:
    values = torch.rand(2, 3, 1, dtype=torch.float64)
    repeated = values.repeat_interleave(2, 0).repeat_interleave(3, 1)
    assert torch.allclose(resize_area(values, 9, 4), repeated, atol=1e-12)


def test_what_is_not_covered_does_not_bleed_in() -> None:
    image, matte = torch.zeros(4, 4, 3), torch.zeros(4, 4)
    image[:, :1], matte[:, :1] = 0.8, 1.0
    small, coverage = resize_straight(image, matte, width=2, height=2)
    assert torch.allclose(coverage, torch.tensor([[0.5, 0.0], [0.5, 0.0]]))
    # Straight colour: half covered, yet as bright as what covers it.
    assert torch.allclose(small[:, 0], torch.full((2, 3), 0.8))


@given(st.integers(1, 9), st.integers(1, 9))
def test_composited_light_is_kept(new_height: int, new_width: int) -> None:
    image = torch.rand(7, 5, 3, dtype=torch.float64)
    matte = (torch.rand(7, 5, dtype=torch.float64) - 0.3).clamp(0, 1)
    small, coverage = resize_straight(image, matte, width=new_width, height=new_height)
    before = (image * matte[..., None]).mean((0, 1))
    assert torch.allclose((small * coverage[..., None]).mean((0, 1)), before, atol=1e-12)


@given(sides, sides, sides, sides)
def test_labels_are_picked(h: int, w: int, new_h: int, new_w: int) -> None:
    labels = torch.randint(0, 3, (h, w, 1)).float()
    resized = resize_nearest(labels, new_w, new_h)
    assert resized.shape == (new_h, new_w, 1)
    assert set(resized.unique().tolist()) <= set(labels.unique().tolist())
    assert torch.equal(resize_nearest(labels.repeat_interleave(3, 0), w, h), labels)
