"""The compiled picture losses against the plain ones, and their own promises."""

from typing import Any

import pytest
import torch
from torch import Tensor

from incarnate.train import image_losses, native

pytestmark = pytest.mark.skipif(not native.is_available(), reason="the kernel is not built")

# Where a picture is flat and bright, squares of 0.47 are rounded in float32 (6e-8 · 0.22) before
# their difference is compared with SSIM's constant 9e-4: 1.5e-5. The mean of many errs far less.
VALUE_TOLERANCE = 1e-6
GRADIENT_TOLERANCE = 1.5e-5


def pictures(height: int, width: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    target = torch.rand(height, width, 3, generator=generator)
    # Half of it flat and bright, where variances are small differences of large squares.
    target[: height // 2] = 0.97
    noise = 0.1 * torch.randn(target.shape, generator=generator)
    return (target + noise).clamp(0, 1).requires_grad_(), target


def gradient(fn: Any, image: Tensor, target: Tensor) -> Tensor:
    l1, ssim = fn(image, target)
    return torch.autograd.grad(0.3 * l1 - 0.7 * ssim, image)[0]


def plain(image: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    return (image - target).abs().mean(), image_losses.ssim(image, target)


@pytest.mark.parametrize("size", [(11, 11), (11, 12), (12, 11), (17, 40), (53, 31), (128, 96)])
def test_values_and_gradients_are_the_plain_ones(size: tuple[int, int]) -> None:
    image, target = pictures(*size)
    exact_image = image.detach().double().requires_grad_()
    for value, exact in zip(
        native.l1_ssim(image, target), plain(exact_image, target.double()), strict=True
    ):
        assert abs(value.item() - exact.item()) < VALUE_TOLERANCE
    exact = gradient(plain, exact_image, target.double())
    error = (gradient(native.l1_ssim, image, target).double() - exact).norm() / exact.norm()
    assert error < GRADIENT_TOLERANCE


def test_every_thread_count_gives_the_same_bits() -> None:
    image, target = pictures(77, 65)
    results = []
    for num_threads in (1, 2, 4, 7):
        l1, ssim, by_image = native.compare_pictures(
            image, target, gradient="kept", num_threads=num_threads
        )
        results.append((l1.item(), ssim.item(), by_image.detach()))
    for l1, ssim, by_image in results[1:]:
        assert (l1, ssim) == results[0][:2]
        assert torch.equal(by_image, results[0][2])


def test_without_gradients_the_values_are_the_same() -> None:
    image, target = pictures(30, 30)
    with torch.no_grad():
        quick = native.l1_ssim(image, target)
    assert [v.item() for v in quick] == [v.item() for v in native.l1_ssim(image, target)]


def test_views_are_read_by_their_strides() -> None:
    image, target = pictures(40, 24)
    turned, turned_target = image.transpose(0, 1), target.transpose(0, 1)
    straight = native.l1_ssim(turned.contiguous(), turned_target.contiguous())
    assert [v.item() for v in native.l1_ssim(turned, turned_target)] == [v.item() for v in straight]
    assert torch.equal(
        gradient(native.l1_ssim, turned, turned_target),
        gradient(native.l1_ssim, turned.contiguous(), turned_target.contiguous()),
    )


def test_what_is_not_a_number_shows_in_the_loss() -> None:
    image, target = pictures(16, 16)
    with torch.no_grad():
        image[3, 4, 1] = torch.nan
    assert all(value.isnan() for value in native.l1_ssim(image, target))


def test_the_operator_keeps_torchs_rules() -> None:
    image, target = pictures(12, 14)
    for kept in ("kept", "left out"):
        torch.library.opcheck(
            native.compare_pictures, (image, target), {"gradient": kept, "num_threads": 1},
            test_utils=("test_schema", "test_faketensor"),
        )  # fmt: skip
    torch.library.opcheck(
        native.compare_pictures,
        (image, target),
        {"gradient": "kept", "num_threads": 1},
        test_utils=("test_autograd_registration", "test_aot_dispatch_static"),
    )
