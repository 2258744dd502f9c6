"""The compiled picture losses as a torch operator; `image_losses` holds the plain twin."""

import importlib.util
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def is_available() -> bool:
    """Whether the compiled module is installed beside the package."""
    return importlib.util.find_spec("incarnate._kernel") is not None


def l1_ssim(
    image: Float[Tensor, "height width 3"], target: Float[Tensor, "height width 3"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Mean absolute difference and mean SSIM of float32 pictures on the CPU.

    Args:
        image: Display-encoded; gradients reach it.
        target: Display-encoded; no gradient.
    """
    gradient = "kept" if torch.is_grad_enabled() and image.requires_grad else "left out"
    l1, ssim, _ = compare_pictures(
        image, target, gradient=gradient, num_threads=torch.get_num_threads()
    )
    return l1, ssim


@torch.library.custom_op("incarnate::compare_pictures", mutates_args=(), device_types="cpu")
def compare_pictures(
    image: Tensor, target: Tensor, *, gradient: str, num_threads: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Compare two (H, W, 3) pictures whose sides are at least 11 pixels.

    Args:
        image: Gradients reach it.
        target: No gradient.
        gradient: ``kept`` or ``left out``: whether the backward pass is prepared, which doubles
            the time.
        num_threads: At most so many threads; the result does not depend on it.

    Returns:
        Mean absolute difference, mean SSIM, and the gradient of the summed SSIM by the image
        (empty if left out).
    """
    from incarnate import _kernel

    wanted = image.shape if gradient == "kept" else (0, 0, 3)
    by_image = image.new_empty(wanted)
    l1, ssim = _kernel.compare_pictures(*_plain(image, target), by_image, num_threads)
    return image.new_tensor(l1), image.new_tensor(ssim), by_image


@torch.library.custom_op(
    "incarnate::compare_pictures_backward", mutates_args=(), device_types="cpu"
)
def compare_pictures_backward(
    weights: list[Tensor], image: Tensor, target: Tensor, by_image: Tensor, *, num_threads: int
) -> Tensor:
    """Gradient by the image, from those by L1 and SSIM and what `compare_pictures` kept."""
    from incarnate import _kernel

    into = torch.empty_like(image, memory_format=torch.contiguous_format)
    l1, ssim = (float(weight) for weight in weights)
    pictures = _plain(image, target, by_image)
    _kernel.combine_gradients(*pictures, l1, ssim, into, num_threads)
    return into


@compare_pictures.register_fake
def _compare_fake(
    image: Tensor, target: Tensor, *, gradient: str, num_threads: int
) -> tuple[Tensor, Tensor, Tensor]:
    wanted = image.shape if gradient == "kept" else (0, 0, 3)
    return image.new_empty(()), image.new_empty(()), image.new_empty(wanted)


@compare_pictures_backward.register_fake
def _compare_backward_fake(weights: list[Tensor], image: Tensor, *others: Any, **s: Any) -> Tensor:
    return torch.empty_like(image, memory_format=torch.contiguous_format)


def _keep(
    ctx: Any, inputs: tuple[Tensor, ...], keyword_only_inputs: dict[str, Any], output: Any
) -> None:
    ctx.num_threads = keyword_only_inputs["num_threads"]
    ctx.save_for_backward(*inputs, output[2])
    ctx.set_materialize_grads(True)


def _gradient(ctx: Any, l1: Tensor, ssim: Tensor, _: Any) -> tuple[Tensor, None]:
    weights = [l1, ssim]
    return compare_pictures_backward(weights, *ctx.saved_tensors, num_threads=ctx.num_threads), None


compare_pictures.register_autograd(_gradient, setup_context=_keep)


def _plain(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors as DLPack wants them: contiguous and without history."""
    return tuple(tensor.detach().contiguous() for tensor in tensors)
