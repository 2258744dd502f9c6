"""Small scenes of splats, and what the tests compare of them."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats

PARAMETERS = ("means", "quaternions", "log_scales", "opacity_logits", "features")


def random_splats(count: int, num_channels: int = 3, seed: int = 0) -> Splats:
    """A cloud of ellipsoids of several shapes about the origin; float32."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return Splats(
        means=0.3 * normal(count, 3),
        quaternions=normal(count, 4),
        log_scales=0.5 * normal(count, 3) - 3.5,
        opacity_logits=2 * normal(count),
        features=torch.rand(count, num_channels, generator=generator),
        channels=tuple(f"channel{i}" for i in range(num_channels)),
    )


def side_camera(width: int = 37, height: int = 29, *, shift: float = 4.0) -> Camera:
    """A camera two metres off; focal lengths differ, the principal point is off the centre."""
    intrinsics = torch.tensor(
        [[1.4 * height, 0.0, 0.5 * width + shift], [0.0, 1.6 * height, 0.5 * height - 0.3 * shift],
         [0.0, 0.0, 1.0]]
    )  # fmt: skip
    return Camera(intrinsics, look_at(torch.tensor([0.4, 0.3, 2.0]), torch.zeros(3)), width, height)


def doubled(splats: Splats) -> Splats:
    """The same splats in float64."""
    return replace(splats, **{name: getattr(splats, name).double() for name in PARAMETERS})


def one_splat(**changes: Tensor) -> Splats:
    """A round splat of 5 cm at the origin, opacity one half, one channel of one."""
    splat = Splats(
        means=torch.zeros(1, 3),
        quaternions=torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        log_scales=torch.full((1, 3), -3.0),
        opacity_logits=torch.zeros(1),
        features=torch.ones(1, 1),
        channels=("value",),
    )
    return replace(splat, **changes)


def maps(raster: Raster) -> tuple[Tensor, Tensor, Tensor]:
    """The three images of a raster."""
    return raster.sums, raster.alpha, raster.depth_sum


def loss(raster: Raster, where: Tensor | None = None) -> Tensor:
    """A weighted sum over all that a raster holds; weights are noise, the same in any dtype.

    Args:
        raster: What was drawn.
        where: The pixels that count; all if left out.
    """
    generator = torch.Generator().manual_seed(5)
    total = torch.zeros((), dtype=raster.sums.dtype)
    for image in maps(raster):
        weights = torch.randn(image.shape, generator=generator, dtype=torch.float64)
        if where is not None:
            weights[~where] = 0
        total = total + (image * weights.to(image)).sum()
    return total


def gradients(
    draw: Callable[[Splats, Camera], Raster],
    splats: Splats,
    camera: Camera,
    where: Tensor | None = None,
) -> dict[str, Tensor]:
    """Gradients of `loss` by all splat parameters, the view and the intrinsics."""
    leaves = {name: getattr(splats, name).detach().requires_grad_() for name in PARAMETERS}
    view = camera.camera_from_world.detach().requires_grad_()
    intrinsics = camera.intrinsics.detach().requires_grad_()
    moved = replace(camera, camera_from_world=view, intrinsics=intrinsics)
    inputs = leaves | {"view": view, "intrinsics": intrinsics}
    total = loss(draw(replace(splats, **leaves), moved), where)
    return dict(zip(inputs, torch.autograd.grad(total, list(inputs.values())), strict=True))
