import pytest
import torch
from tests.light.maps import lively

from incarnate.light import filters
from incarnate.light.filters import filtered_radiance, level_sides
from incarnate.light.sampling import downsampled


@pytest.mark.parametrize("height", [4, 32, 33, 101])
def test_a_white_map_stays_white_in_all_levels(height: int) -> None:
    sides = level_sides(height)
    assert all(side % 2 == 0 for side in sides)
    filtered = filtered_radiance(torch.ones(height, 2 * height, 3))
    assert filtered.shape == (sum((side + 1) ** 2 for side in sides), 3)
    # Sums of up to 8192 float32 shares.
    torch.testing.assert_close(filtered, torch.ones_like(filtered), rtol=1e-4, atol=0)


@pytest.mark.parametrize("height", [8, 34])
def test_filtering_is_linear(height: int, generator: torch.Generator) -> None:
    first, second = (lively(height, generator).radiance for _ in range(2))
    together = filtered_radiance(2 * first + 0.5 * second)
    apart = 2 * filtered_radiance(first) + 0.5 * filtered_radiance(second)
    # Float32 sums in another order.
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-4)


def test_filtered_light_stays_between_the_darkest_and_the_brightest_texel(
    generator: torch.Generator,
) -> None:
    for height in (16, 34):
        radiance = lively(height, generator).radiance
        filtered = filtered_radiance(radiance)
        # Shares are non-negative and sum to one, to float32 rounding.
        assert (filtered.amax(0) <= radiance.amax((0, 1)) * 1.0001).all()
        assert (filtered.amin(0) >= radiance.amin((0, 1)) * 0.9999).all()


def test_the_matrix_of_small_maps_agrees_with_the_way_of_large_ones(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    env = lively(64, generator)
    small = downsampled(env, 32).radiance
    by_matrix = filtered_radiance(small)
    monkeypatch.setattr(filters, "_MATRIX_HEIGHT", 8)
    sides = level_sides(32)
    by_sums = filtered_radiance(small).split([(side + 1) ** 2 for side in sides])
    by_matrix = by_matrix.split([33**2] * len(sides))
    for level in (0, *range(4, len(sides))):
        # The matrix sums over an enlarged copy, bilinear between texels: it blurs by half a texel.
        bound = 0.03 * float(by_matrix[level].max())
        torch.testing.assert_close(by_sums[level], by_matrix[level], atol=bound, rtol=0)


@pytest.mark.parametrize("height", [2, 40])
def test_the_gradient_is_that_of_differences(height: int, generator: torch.Generator) -> None:
    radiance = lively(height, generator).radiance.requires_grad_()
    probe = torch.rand(filtered_radiance(radiance).shape, generator=generator)
    value = (filtered_radiance(radiance) * probe).sum()
    (gradient,) = torch.autograd.grad(value, radiance)
    with torch.no_grad():
        for row, column in ((0, 0), (height // 2, height), (height - 1, 3)):
            moved = radiance.clone()
            moved[row, column] += 10.0
            difference = (filtered_radiance(moved) * probe).sum() - value
            # The map is linear; float32 sums of thousands of texels leave 1 in 1000.
            torch.testing.assert_close(
                difference, 10 * gradient[row, column].sum(), rtol=1e-2, atol=0.05
            )
