"""The compiled rasterizer as torch operators.

Two operators, each with its own backward: `project_splats` takes Gaussians to the image plane,
`blend_splats` composites them. `incarnate.splats.reference` says what they compute; the equations
of the gradients stand beside the C++ in kernel/. Both take float32 on the CPU.
"""

import importlib.util
from typing import Any

import torch
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.splats.raster import Raster
from incarnate.splats.reference import Projection, Window
from incarnate.splats.splats import Splats

INSTALL = "build it with: make setup"


def is_available() -> bool:
    """Whether the compiled module is installed beside the package."""
    return importlib.util.find_spec("incarnate._kernel") is not None


def description() -> str:
    """One line on the kernel: its instruction set and threads, or that it is missing."""
    if not is_available():
        return f"missing, so that splats are drawn by plain torch, slowly; {INSTALL}"
    from incarnate import _kernel

    names = {"v3": "x86-64-v3 (AVX2)", "baseline": "baseline instructions"}
    name = names[_kernel.instruction_set()]
    return f"compiled, {name}, {torch.get_num_threads()} threads"


def rasterize(splats: Splats, camera: Camera, window: Window | None = None) -> Raster:
    """Draw float32 splats on the CPU; differentiable in splats and camera.

    Args:
        splats: What is not finite is not drawn.
        camera: Of the whole image.
        window: Left, top, right and bottom of the part that is drawn; all of it if left out.
    """
    left, top, right, bottom = window or (0, 0, camera.width, camera.height)
    projection = project(splats, camera)
    means = projection.means
    if left or top:
        means = means - means.new_tensor([left, top])
    sums, depth_sum, transmittance, _ = blend_splats(
        means,
        projection.conics,
        # A logit that is no number draws nothing, and gets no gradient through sigmoid.
        splats.opacity_logits.nan_to_num(nan=-1e4).sigmoid(),
        projection.depths,
        splats.features,
        width=right - left,
        height=bottom - top,
        num_threads=torch.get_num_threads(),
    )
    return Raster(sums, 1 - transmittance, depth_sum, splats.channels)


def project(splats: Splats, camera: Camera) -> Projection:
    """Project float32 splats on the CPU; depth is zero where a splat is not to be drawn."""
    return Projection(
        *project_splats(
            splats.means,
            splats.quaternions,
            splats.log_scales,
            camera.camera_from_world,
            camera.intrinsics,
            width=camera.width,
            height=camera.height,
            num_threads=torch.get_num_threads(),
        )
    )


@torch.library.custom_op("incarnate::project_splats", mutates_args=(), device_types="cpu")
def project_splats(
    means: Tensor,
    quaternions: Tensor,
    log_scales: Tensor,
    view: Tensor,
    intrinsics: Tensor,
    *,
    width: int,
    height: int,
    num_threads: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Project Gaussians into the image plane.

    Args:
        means: (N, 3) world metres.
        quaternions: (N, 4) ``wxyz``.
        log_scales: (N, 3).
        view: (4, 4) ``camera_from_world``.
        intrinsics: (3, 3) pixels; a skew is left out.
        width: Image width, pixels.
        height: Image height, pixels.
        num_threads: At most so many threads; the result does not depend on it.

    Returns:
        Means (N, 2) in pixels, conics (N, 3) and depths (N,), all zero where a Gaussian is behind
        the near plane or not finite.
    """
    from incarnate import _kernel

    outputs = (means.new_empty(len(means), 2), means.new_empty(len(means), 3))
    depths = means.new_empty(len(means))
    inputs = _plain(means, quaternions, log_scales, view, intrinsics)
    _kernel.project_forward(*inputs, width, height, *outputs, depths, num_threads)
    return *outputs, depths


@torch.library.custom_op("incarnate::project_splats_backward", mutates_args=(), device_types="cpu")
def project_splats_backward(
    gradients: list[Tensor],
    inputs: list[Tensor],
    *,
    width: int,
    height: int,
    num_threads: int,
    camera: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of means, quaternions, log-scales and camera from those of `project_splats`.

    Args:
        gradients: By the three outputs.
        inputs: The five tensors that were projected.
        width: Image width, pixels.
        height: Image height, pixels.
        num_threads: At most so many threads; the result does not depend on it.
        camera: ``wanted`` or ``left out``.

    Returns:
        The last holds 16 numbers: the rows of [rotation | translation], the focal lengths, the
        centre; none if left out.
    """
    from incarnate import _kernel

    plain = _plain(*inputs)
    means, quaternions, log_scales = (torch.empty_like(tensor) for tensor in plain[:3])
    by_camera = means.new_empty(16 if camera == "wanted" else 0)
    into = (means, quaternions, log_scales, by_camera)
    _kernel.project_backward(*plain, width, height, *_plain(*gradients), *into, num_threads)
    return into


@torch.library.custom_op("incarnate::blend_splats", mutates_args=(), device_types="cpu")
def blend_splats(
    means: Tensor,
    conics: Tensor,
    opacities: Tensor,
    depths: Tensor,
    features: Tensor,
    *,
    width: int,
    height: int,
    num_threads: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Composite projected Gaussians front to back, ties in depth by index.

    Args:
        means: (N, 2) pixels.
        conics: (N, 3) px⁻²; what is not positive definite is not drawn.
        opacities: (N,) in [0, 1].
        depths: (N,) metres; what is not beyond the near plane is not drawn.
        features: (N, C).
        width: Image width, pixels.
        height: Image height, pixels.
        num_threads: At most so many threads; the result does not depend on it.

    Returns:
        Sums (H, W, C), summed depth (H, W), transmittance (H, W), and the plan: which splats
        reach which tiles, bytes that the backward pass reads.
    """
    from incarnate import _kernel

    inputs = _plain(means, conics, opacities, depths, features)
    plan = _kernel.plan(*inputs, width, height, num_threads)
    sums = features.new_empty(height, width, features.shape[1])
    depth_sum = features.new_empty(height, width)
    transmittance = features.new_empty(height, width)
    _kernel.blend_forward(plan, *inputs, sums, depth_sum, transmittance, num_threads)
    return sums, depth_sum, transmittance, plan


@torch.library.custom_op("incarnate::blend_splats_backward", mutates_args=(), device_types="cpu")
def blend_splats_backward(
    gradients: list[Tensor],
    plan: Tensor,
    inputs: list[Tensor],
    outputs: list[Tensor],
    *,
    num_threads: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of `blend_splats`' five tensors from those of its three images."""
    from incarnate import _kernel

    plain = _plain(*inputs)
    means, conics, opacities, depths, features = (torch.zeros_like(tensor) for tensor in plain)
    into = (means, conics, opacities, depths, features)
    images = (*_plain(*outputs), *_plain(*gradients))
    _kernel.blend_backward(plan, *plain, *images, *into, num_threads)
    return into


@project_splats.register_fake
def _project_fake(means: Tensor, *others: Any, **settings: int) -> tuple[Tensor, Tensor, Tensor]:
    count = means.shape[0]
    return means.new_empty(count, 2), means.new_empty(count, 3), means.new_empty(count)


@project_splats_backward.register_fake
def _project_backward_fake(
    gradients: list[Tensor], inputs: list[Tensor], *, camera: str, **settings: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    means, quaternions, log_scales = (torch.empty_like(tensor) for tensor in inputs[:3])
    return means, quaternions, log_scales, means.new_empty(16 if camera == "wanted" else 0)


@blend_splats.register_fake
def _blend_fake(
    *inputs: Tensor, width: int, height: int, num_threads: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    features = inputs[-1]
    plan = features.new_empty(torch.library.get_ctx().new_dynamic_size(), dtype=torch.uint8)
    sums = features.new_empty(height, width, features.shape[1])
    return sums, features.new_empty(height, width), features.new_empty(height, width), plan


@blend_splats_backward.register_fake
def _blend_backward_fake(
    gradients: list[Tensor], plan: Tensor, inputs: list[Tensor], *others: Any, **settings: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    means, conics, opacities, depths, features = (torch.empty_like(tensor) for tensor in inputs)
    return means, conics, opacities, depths, features


def _keep_projection(
    ctx: Any, inputs: tuple[Any, ...], keyword_only_inputs: dict[str, int], output: Any
) -> None:
    ctx.settings = keyword_only_inputs
    ctx.save_for_backward(*inputs)


def _project_gradient(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
    inputs = ctx.saved_tensors
    count = len(inputs[0])
    given = _given(gradients, ((count, 2), (count, 3), (count,)), inputs[0])
    camera = "wanted" if any(ctx.needs_input_grad[3:5]) else "left out"
    *into, by_camera = project_splats_backward(given, list(inputs), **ctx.settings, camera=camera)
    if camera == "left out":
        return *into, None, None
    view, intrinsics = torch.zeros_like(inputs[3]), torch.zeros_like(inputs[4])
    view[:3] = by_camera[:12].view(3, 4)
    intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2], intrinsics[1, 2] = by_camera[12:]
    return *into, view, intrinsics


def _keep_blend(
    ctx: Any,
    inputs: tuple[Any, ...],
    keyword_only_inputs: dict[str, int],
    output: tuple[Tensor, ...],
) -> None:
    ctx.num_threads = keyword_only_inputs["num_threads"]
    ctx.save_for_backward(*inputs, *output)


def _blend_gradient(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
    *inputs, sums, depth_sum, transmittance, plan = ctx.saved_tensors
    outputs = [sums, depth_sum, transmittance]
    given = _given(gradients[:3], tuple(image.shape for image in outputs), sums)
    return blend_splats_backward(given, plan, inputs, outputs, num_threads=ctx.num_threads)


project_splats.register_autograd(_project_gradient, setup_context=_keep_projection)
blend_splats.register_autograd(_blend_gradient, setup_context=_keep_blend)


def _given(
    gradients: tuple[Tensor | None, ...], shapes: tuple[tuple[int, ...], ...], like: Tensor
) -> list[Tensor]:
    """Gradients with zeros for the outputs that the loss did not use."""
    return [
        like.new_zeros(shape) if gradient is None else gradient
        for gradient, shape in zip(gradients, shapes, strict=True)
    ]


def _plain(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors as DLPack wants them: contiguous and without history."""
    return tuple(tensor.detach().contiguous() for tensor in tensors)
