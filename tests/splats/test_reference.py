"""The plain rasterizer against the formula of one splat, its laws, and finite differences."""

import math
from dataclasses import replace

import pytest
import torch
from tests.splats.scenes import (
    PARAMETERS,
    doubled,
    gradients,
    loss,
    maps,
    one_splat,
    random_splats,
    side_camera,
)

from incarnate.geometry.cameras import Camera
from incarnate.splats import reference

# What float64 leaves of a few hundred products.
ROUNDING = 1e-12


def frontal_camera(size: int = 15) -> Camera:
    """Looks along +z from two metres; one metre is 20 pixels."""
    view = torch.eye(4, dtype=torch.float64)
    view[2, 3] = 2.0
    half = size / 2
    intrinsics = torch.tensor([[40.0, 0, half], [0, 40.0, half], [0, 0, 1]], dtype=torch.float64)
    return Camera(intrinsics, view, size, size)


def test_one_splat_is_a_gaussian() -> None:
    raster = reference.rasterize(doubled(one_splat()), frontal_camera())
    variance = (math.exp(-3.0) * 20) ** 2 + reference.LOW_PASS
    offset = torch.arange(15, dtype=torch.float64) + 0.5 - 7.5
    squared = offset[:, None].square() + offset.square()
    expected = 0.5 * torch.exp(-0.5 * squared / variance)
    expected = torch.where(expected >= reference.ALPHA_CUT, expected, 0)
    assert torch.allclose(raster.alpha, expected, atol=ROUNDING)
    assert torch.allclose(raster.sums[..., 0], expected, atol=ROUNDING)
    assert torch.allclose(raster.depth_sum, 2 * expected, atol=ROUNDING)


def test_the_nearer_splat_hides_the_farther() -> None:
    two = reference_pair(near_first=True)
    swapped = reference_pair(near_first=False)
    for image, other in zip(two, swapped, strict=True):
        assert torch.allclose(image, other, atol=ROUNDING)


def reference_pair(*, near_first: bool) -> tuple[torch.Tensor, ...]:
    order = torch.tensor([0, 1] if near_first else [1, 0])
    pair = doubled(random_splats(2, 1)).take(order)
    depths = torch.tensor([[0.0, 0.0, -0.5], [0.0, 0.0, 0.5]], dtype=torch.float64)
    values = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    pair = replace(pair, means=depths[order], features=values[order])
    return maps(reference.rasterize(pair, frontal_camera()))


def test_equal_depths_are_drawn_by_index() -> None:
    opaque = one_splat(opacity_logits=torch.tensor([9.0]))
    both = opaque.take(torch.tensor([0, 0])).with_features(torch.tensor([[1.0], [0.0]]), ("value",))
    center = reference.rasterize(doubled(both), frontal_camera()).sums[7, 7, 0]
    # The first takes all that alpha's clamp lets it take.
    assert float(center) == pytest.approx(reference.ALPHA_MAX, abs=1e-3)


def test_transmittance_stops_before_its_floor() -> None:
    stack = one_splat(opacity_logits=torch.tensor([20.0])).take(torch.zeros(9, dtype=torch.long))
    raster = reference.rasterize(doubled(stack), frontal_camera())
    # Alpha is clamped to 0.999; a second such splat would end below 1e-4, so there is one.
    assert float(raster.alpha[7, 7]) == pytest.approx(0.999, abs=ROUNDING)
    assert float(raster.alpha.max()) < 1 - reference.MIN_TRANSMITTANCE


def test_moving_world_and_camera_together_changes_nothing() -> None:
    splats, camera = doubled(random_splats(40)), side_camera().to(torch.float64)
    moved = replace(splats, means=splats.means + torch.tensor([0.3, -1.0, 0.2]).double())
    view = camera.camera_from_world.clone()
    view[:3, 3] -= view[:3, :3] @ torch.tensor([0.3, -1.0, 0.2]).double()
    shifted = replace(camera, camera_from_world=view)
    for image, other in zip(
        maps(reference.rasterize(splats, camera)),
        maps(reference.rasterize(moved, shifted)),
        strict=True,
    ):
        assert torch.allclose(image, other, atol=1e-10)


@pytest.mark.parametrize("parameter", [*PARAMETERS, "view", "intrinsics"])
def test_gradients_are_finite_differences(parameter: str) -> None:
    splats, camera = doubled(random_splats(25, 2, seed=3)), side_camera(13, 11).to(torch.float64)
    gradient = gradients(reference.rasterize, splats, camera)[parameter]
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
    if parameter == "intrinsics":
        # Skew and the last row are no parameters of a camera.
        direction *= torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    if parameter == "view":
        direction[3] = 0

    def along(step: float) -> float:
        if parameter in PARAMETERS:
            value = getattr(splats, parameter) + step * direction
            return float(loss(reference.rasterize(replace(splats, **{parameter: value}), camera)))
        field = "camera_from_world" if parameter == "view" else "intrinsics"
        moved = replace(camera, **{field: getattr(camera, field) + step * direction})
        return float(loss(reference.rasterize(splats, moved)))

    # So small a step crosses no cut of the picture; float64 leaves 1e-9 of the quotient.
    step = 1e-7
    numeric = (along(step) - along(-step)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def test_a_window_is_a_part_of_the_image() -> None:
    splats, camera = doubled(random_splats(60)), side_camera().to(torch.float64)
    whole, part = (
        maps(reference.rasterize(splats, camera, window)) for window in (None, (5, 3, 30, 22))
    )
    for image, cut in zip(whole, part, strict=True):
        # The bounds of the tiles differ, and with them the order of the sums.
        assert torch.allclose(image[3:22, 5:30], cut, atol=ROUNDING)
