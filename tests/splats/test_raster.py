"""Rasters: sums and means of channels, where covered and where not."""

import torch
from tests.splats.scenes import random_splats, side_camera

from incarnate.splats.raster import MIN_ALPHA, Raster
from incarnate.splats.rasterize import rasterize


def test_a_mean_is_the_sum_over_alpha() -> None:
    alpha = torch.tensor([[0.5, 0.25]])
    sums = torch.tensor([[[0.1, 0.2], [0.05, 0.1]]])
    raster = Raster(sums, alpha, 3 * alpha, ("first", "second"))
    assert torch.allclose(raster["first"], torch.tensor([[[0.2], [0.2]]]))
    assert torch.allclose(raster.sum("second"), sums[..., 1:])
    assert torch.allclose(raster.depth, torch.tensor([[3.0, 3.0]]))


def test_uncovered_pixels_stay_near_zero() -> None:
    raster = Raster(torch.zeros(1, 1, 1), torch.zeros(1, 1), torch.zeros(1, 1), ("value",))
    assert float(raster["value"].abs().max()) == 0
    assert float(raster.depth) == 0


def test_a_constant_channel_keeps_its_value_where_covered() -> None:
    splats = random_splats(80, 1).with_features(torch.full((80, 1), 0.7), ("value",))
    raster = rasterize(splats, side_camera())
    covered = raster.alpha > MIN_ALPHA
    assert covered.any()
    # Both sums carry float32 rounding of a few dozen terms.
    assert torch.allclose(raster["value"][covered], torch.tensor(0.7), atol=1e-5)
