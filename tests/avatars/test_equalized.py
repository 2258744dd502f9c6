import pytest
import torch

from incarnate.avatars.equalized import (
    EqualizedConv,
    EqualizedLinear,
    ModulatedConv,
    activate,
    upsampled,
)


@pytest.mark.parametrize("kernel", [1, 3])
def test_layers_keep_the_variance_of_a_unit_normal(kernel: int) -> None:
    values = torch.randn(1, 64, 32, 32)
    conv = EqualizedConv(64, 64, kernel=kernel)
    styled = ModulatedConv(64, 64, 8, kernel=kernel)
    linear = EqualizedLinear(256, 512)
    for out in (
        activate(conv(values)),
        activate(styled(values, torch.randn(8))),
        activate(linear(torch.randn(64, 256))),
    ):
        # A random layer of 64 channels keeps the mean square to about a tenth; the rim sees zeros.
        assert out.detach().square().mean().item() == pytest.approx(1, abs=0.2)


def test_modulation_equals_scaled_inputs_and_outputs_of_unit_variance() -> None:
    conv, style = ModulatedConv(5, 7, 4).double(), torch.randn(4).double()
    values = torch.randn(2, 5, 6, 6).double()
    factor = conv.affine(style)
    raw = torch.nn.functional.conv2d(values * factor[:, None, None], conv.weight, padding=1)
    power = (conv.weight * factor[:, None, None]).square().sum((1, 2, 3))
    gain = (2 / (1 + 0.2**2)) ** 0.5
    # The same sums in another order, and 1e-8 beside powers of about 45.
    torch.testing.assert_close(
        conv(values, style), gain * raw / power.sqrt()[:, None, None], atol=1e-8, rtol=1e-8
    )


def test_the_size_of_weights_and_style_does_not_matter() -> None:
    conv, style = ModulatedConv(5, 7, 4).double(), torch.randn(4).double()
    values = torch.randn(1, 5, 6, 6).double()
    before = conv(values, style)
    with torch.no_grad():
        conv.weight.mul_(100)
    # 1e-8 beside powers of about 45.
    torch.testing.assert_close(conv(values, style), before, atol=1e-8, rtol=1e-8)


def test_gradients() -> None:
    conv, style = ModulatedConv(2, 3, 4).double(), torch.randn(4).double().requires_grad_()
    values = torch.randn(1, 2, 4, 4).double().requires_grad_()

    def run(values: torch.Tensor, style: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        arguments = (values, style)
        return torch.func.functional_call(conv, {"weight": weight}, arguments)

    assert torch.autograd.gradcheck(run, (values, style, conv.weight))


def test_a_stride_halves_and_upsampling_doubles() -> None:
    values = torch.randn(1, 3, 8, 8)
    assert EqualizedConv(3, 4, stride=2)(values).shape == (1, 4, 4, 4)
    assert upsampled(values).shape == (1, 3, 16, 16)
    assert not bool(EqualizedConv(3, 4, start="zero")(values).any())
