"""The compiled rasterizer at the edge of what floats can say."""

from dataclasses import replace

import pytest
import torch
from tests.splats.scenes import (
    PARAMETERS,
    doubled,
    gradients,
    maps,
    one_splat,
    random_splats,
    side_camera,
)

from incarnate.splats import native, reference
from incarnate.splats.splats import Splats

pytestmark = pytest.mark.skipif(not native.is_available(), reason="the kernel is not built")

SUBNORMAL = 1e-42
EXTREMES = [torch.nan, torch.inf, -torch.inf, 3e38, -3e38, SUBNORMAL, 0.0]


def spoiled(splats: Splats, parameter: str, value: float) -> Splats:
    """Every third splat has the value in its first column."""
    changed = getattr(splats, parameter).clone()
    changed.view(len(splats), -1)[::3, 0] = value
    return replace(splats, **{parameter: changed})


@pytest.mark.parametrize("value", EXTREMES)
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_no_value_of_one_splat_spoils_the_picture(parameter: str, value: float) -> None:
    splats, camera = spoiled(random_splats(90, seed=9), parameter, value), side_camera()
    raster = native.rasterize(splats, camera)
    assert all(bool(image.isfinite().all()) for image in maps(raster)) or abs(value) > 1e38
    assert float(raster.alpha.min()) >= 0
    assert float(raster.alpha.max()) <= 1
    if abs(value) > 1e38:
        return
    by = gradients(native.rasterize, splats, camera)
    assert all(bool(gradient.isfinite().all()) for gradient in by.values())


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_splats_that_are_not_finite_are_left_out(parameter: str, value: float) -> None:
    splats, camera = random_splats(90, seed=10), side_camera()
    if parameter == "opacity_logits" and value == torch.inf:
        pytest.skip("an infinite logit is a finite opacity")
    sound = torch.arange(90)[torch.arange(90) % 3 != 0]
    raster = native.rasterize(spoiled(splats, parameter, value), camera)
    expected = native.rasterize(splats.take(sound), camera)
    # torch's sigmoid rounds differently at the end of an array.
    drawn = zip(maps(raster), maps(expected), strict=True)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in drawn)


def test_zero_quaternions_are_the_identity() -> None:
    splats, camera = random_splats(60, seed=11), side_camera()
    zero = replace(splats, quaternions=torch.zeros(60, 4))
    identity = replace(splats, quaternions=torch.tensor([1.0, 0, 0, 0]).expand(60, 4))
    drawn = zip(
        maps(native.rasterize(zero, camera)), maps(native.rasterize(identity, camera)), strict=True
    )
    assert all(torch.equal(a, b) for a, b in drawn)
    assert not gradients(native.rasterize, zero, camera)["quaternions"].any()


@pytest.mark.parametrize("log_scale", [-80.0, -20.0, 0.0, 3.0, 20.0, 80.0])
def test_tiny_and_huge_splats_are_the_references(log_scale: float) -> None:
    splats, camera = random_splats(20, seed=12), side_camera()
    splats = replace(splats, log_scales=torch.full((20, 3), log_scale))
    raster = native.rasterize(splats, camera)
    exact = reference.rasterize(doubled(splats), camera.to(torch.float64))
    assert all(bool(image.isfinite().all()) for image in maps(raster))
    if log_scale < 20:
        # All but the pixels where float32 stops at another splat than float64.
        error = (raster.alpha.double() - exact.alpha).abs().flatten()
        assert float(error.quantile(0.95)) < 1e-5
    by = gradients(native.rasterize, splats, camera)
    assert all(bool(gradient.isfinite().all()) for gradient in by.values())


def test_needles_keep_their_shape() -> None:
    generator = torch.Generator().manual_seed(13)
    splats, camera = random_splats(60, seed=13), side_camera(64, 64)
    long = torch.rand(60, 1, generator=generator) * 2 - 2
    splats = replace(splats, log_scales=torch.cat([long, long - 6, long - 9], 1))
    raster = native.rasterize(splats, camera)
    exact = reference.rasterize(doubled(splats), camera.to(torch.float64))
    # Three hundred pixels long, half a pixel wide: float32 places their edges within 3e-5.
    assert float((raster.alpha.double() - exact.alpha).abs().max()) < 1e-4


def test_splats_behind_and_at_the_camera_are_not_drawn() -> None:
    camera = side_camera()
    center, forward = camera.center, camera.camera_from_world[2, :3]
    for distance in (-2.0, 0.0, 0.5 * reference.NEAR_PLANE):
        raster = native.rasterize(one_splat(means=(center + distance * forward)[None]), camera)
        assert not raster.alpha.any()
    near = native.rasterize(one_splat(means=(center + 0.02 * forward)[None]), camera)
    assert near.alpha.any()


def test_transparent_splats_are_not_drawn() -> None:
    logit = torch.logit(torch.tensor([0.99 / 255]))
    assert not native.rasterize(one_splat(opacity_logits=logit), side_camera()).alpha.any()


@pytest.mark.parametrize("num_channels", [0, 3])
def test_no_splats_leave_an_empty_picture(num_channels: int) -> None:
    splats, camera = random_splats(0, num_channels), side_camera()
    raster = native.rasterize(splats, camera)
    assert raster.sums.shape == (camera.height, camera.width, num_channels)
    assert not any(image.any() for image in maps(raster))
    by = gradients(native.rasterize, splats, camera)
    assert not any(gradient.any() for gradient in by.values())


def test_no_channels_still_have_alpha_and_depth() -> None:
    splats, camera = random_splats(50, 3), side_camera()
    bare = splats.with_features(torch.zeros(50, 0), ())
    expected, raster = native.rasterize(splats, camera), native.rasterize(bare, camera)
    assert torch.equal(raster.alpha, expected.alpha)
    assert torch.equal(raster.depth_sum, expected.depth_sum)
