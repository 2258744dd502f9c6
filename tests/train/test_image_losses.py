"""L1 and SSIM against their laws and against scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from incarnate.train import image_losses, native
from incarnate.train.image_losses import l1_ssim, ssim


def pictures(height: int, width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    target = torch.rand(height, width, 3, generator=generator, dtype=torch.float64)
    image = (target + 0.2 * torch.randn(target.shape, generator=generator)).clamp(0, 1)
    return image, target


def test_equal_pictures_are_at_the_optimum(generator: torch.Generator) -> None:
    image = torch.rand(20, 17, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    l1, similarity = l1_ssim(image, image.detach())
    (gradient,) = torch.autograd.grad(similarity, image)
    # Nothing but float64 rounding separates them from 0, 1 and a flat top.
    assert float(l1.detach()) == 0
    assert float(similarity.detach()) == pytest.approx(1, abs=1e-12)
    assert float(gradient.abs().max()) < 1e-12


def test_ssim_is_scikit_images(generator: torch.Generator) -> None:
    image, target = pictures(23, 31, generator)
    expected = structural_similarity(
        image.numpy(), target.numpy(), channel_axis=2, data_range=1.0, full=True,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    inside = np.asarray(expected[1])[5:-5, 5:-5].mean()
    # Both sum in float64; scikit-image truncates its Gaussian to the same 11 taps.
    assert float(ssim(image, target)) == pytest.approx(inside, abs=1e-10)


def test_gradients_are_finite_differences(generator: torch.Generator) -> None:
    image, target = pictures(12, 13, generator)
    image.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: l1_ssim(x, target)[1], [image])
    # A difference of exactly zero has no L1 gradient; random pictures have none within 1e-6.
    assert torch.autograd.gradcheck(lambda x: l1_ssim(x, target)[0], [image])


def test_float32_takes_the_kernel_where_there_is_one(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, target = (picture.float() for picture in pictures(16, 18, generator))
    compiled = l1_ssim(image, target)
    monkeypatch.setattr(native, "is_available", lambda: False)
    plain = l1_ssim(image, target)
    # The rounding of float32 sums in other orders.
    assert all(torch.isclose(a, b, atol=1e-5) for a, b in zip(compiled, plain, strict=True))


def test_targets_that_need_gradients_get_them(generator: torch.Generator) -> None:
    image, target = (picture.float() for picture in pictures(16, 18, generator))
    target.requires_grad_()
    (gradient,) = torch.autograd.grad(l1_ssim(image, target)[0], target)
    assert float(gradient.abs().max()) > 0


@pytest.mark.parametrize("size", [(10, 40), (40, 10)])
def test_pictures_smaller_than_a_window_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(AssertionError, match="a window does not fit"):
        image_losses.l1_ssim(torch.zeros(*size, 3), torch.zeros(*size, 3))
