"""Shading of whole pictures: the compiled version against the plain one, and the picture's laws."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at
from incarnate.light import native, pictures
from incarnate.light.environment import Environment
from incarnate.light.pictures import (
    MaterialColumns,
    facing_normals,
    shade_picture,
    shade_picture_plainly,
)
from incarnate.light.prefilter import PrefilteredLight, prefilter

NEEDS_KERNEL = pytest.mark.skipif(not native.is_available(), reason="the kernel is not built")
CHANNELS = ("noise", *("albedo",) * 3, "roughness", *("normal",) * 3, "reflectance",
            *("exposure",) * 3)  # fmt: skip
COLUMNS = MaterialColumns.of(CHANNELS)


def camera(width: int = 9, height: int = 7) -> Camera:
    intrinsics = torch.tensor([[11.0, 0, 3.5], [0, 13.0, 4.0], [0, 0, 1]])
    return Camera(intrinsics, look_at(torch.tensor([0.3, 1.2, 2.0]), torch.zeros(3)), width, height)


def light(kind: str = "noise") -> PrefilteredLight:
    generator = torch.Generator().manual_seed(2)
    radiance = 3 * torch.rand(8, 16, 3, generator=generator)
    return prefilter(Environment(radiance if kind == "noise" else torch.ones(8, 16, 3)))


def picture(view: Camera) -> tuple[Tensor, Tensor]:
    """Random sums and alpha; a third of the pixels is empty."""
    generator = torch.Generator().manual_seed(view.width)
    shape = (view.height, view.width)
    alpha = torch.rand(*shape, generator=generator)
    alpha[torch.rand(*shape, generator=generator) < 0.3] = 0
    means = torch.rand(*shape, len(CHANNELS), generator=generator)
    first = COLUMNS.normal
    means[..., first : first + 3] = torch.randn(*shape, 3, generator=generator)
    means[..., COLUMNS.exposure][:2] = 0
    return means * alpha[..., None], alpha


def test_columns_are_found_by_name() -> None:
    assert MaterialColumns(1, 4, 8, 5, 9) == COLUMNS


@NEEDS_KERNEL
@pytest.mark.parametrize("size", [(1, 1), (9, 7), (40, 33)])
def test_the_compiled_picture_is_the_plain_one(size: tuple[int, int]) -> None:
    view, lit = camera(*size), light()
    inputs = [*picture(view), lit.texels]
    results = []
    for dtype, shade in ((torch.float32, shade_picture), (torch.float64, shade_picture_plainly)):
        sums, alpha, texels = (values.to(dtype).requires_grad_() for values in inputs)
        image = shade(sums, alpha, COLUMNS, view.to(dtype), replace(lit, texels=texels))
        generator = torch.Generator().manual_seed(3)
        weights = torch.randn(image.shape, generator=generator).to(dtype)
        results.append(
            (image, *torch.autograd.grad((image * weights).sum(), (sums, alpha, texels)))
        )
    for ours, exact in zip(*results, strict=True):
        # float32; gradients of normals divide by short sums and cross a noisy light's texels.
        error = (ours.double() - exact).detach().norm() / exact.detach().norm().clamp(min=1)
        assert float(error) < 2e-5


@NEEDS_KERNEL
def test_every_thread_count_gives_the_same_bits() -> None:
    view, lit = camera(50, 61), light()
    before, results = torch.get_num_threads(), []
    try:
        for num_threads in (1, 2, 4, 7):
            torch.set_num_threads(num_threads)
            sums, alpha = (values.requires_grad_() for values in picture(view))
            texels = lit.texels.clone().requires_grad_()
            image = shade_picture(sums, alpha, COLUMNS, view, replace(lit, texels=texels))
            by = torch.autograd.grad(image.square().sum(), (sums, alpha, texels))
            results.append((image, *by))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("shade", [shade_picture, shade_picture_plainly])
def test_a_white_surface_in_a_white_room_is_as_bright_as_its_alpha(shade: object) -> None:
    view = camera()
    sums, alpha = picture(view)
    for name in ("albedo", "exposure"):
        first = getattr(COLUMNS, name)
        sums[..., first : first + 3] = alpha[..., None]
    assert callable(shade)
    image = shade(sums, alpha, COLUMNS, view, light("white"))
    expected = torch.where(alpha > pictures.MIN_ALPHA, alpha, 0)[..., None].expand(-1, -1, 3)
    # The light's maps and the split-sum table are float32 quadratures.
    torch.testing.assert_close(image, expected, atol=2e-4, rtol=0)


def test_cameras_that_need_gradients_get_them() -> None:
    view = camera()
    turned = replace(view, camera_from_world=view.camera_from_world.clone().requires_grad_())
    image = shade_picture(*picture(view), COLUMNS, turned, light())
    (gradient,) = torch.autograd.grad(image.sum(), turned.camera_from_world)
    assert float(gradient.abs().max()) > 0


def test_normals_are_turned_to_the_camera_at_least_edge_on(generator: torch.Generator) -> None:
    normals = torch.randn(100, 3, generator=generator)
    views = torch.nn.functional.normalize(torch.randn(100, 3, generator=generator), dim=-1)
    facing = facing_normals(normals, views)
    assert torch.allclose(facing.norm(dim=-1), torch.ones(100), atol=1e-5)
    # Edge-on within float32.
    assert float((facing * views).sum(-1).min()) > -1e-5
    toward = (normals * views).sum(-1) > 0
    unit = torch.nn.functional.normalize(normals, dim=-1)
    assert torch.allclose(facing[toward], unit[toward], atol=1e-6)


@NEEDS_KERNEL
def test_the_operator_keeps_torchs_rules() -> None:
    view, lit = camera(), light()
    sums, alpha = (values.requires_grad_() for values in picture(view))
    arguments = (sums, alpha, lit.texels.clone().requires_grad_(),
                 [view.camera_from_world, view.intrinsics])  # fmt: skip
    settings = {"columns": [1, 4, 8, 5, 9], "sides": list(lit.sides), "rotation": 0.0,
                "num_threads": 1}  # fmt: skip
    torch.library.opcheck(native.shade_material_picture, arguments, settings)
