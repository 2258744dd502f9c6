"""Compiled shading against the plain version in float64, and its own promises."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from incarnate.light import native
from incarnate.light.environment import Environment
from incarnate.light.prefilter import PrefilteredLight, prefilter
from incarnate.light.shading import SurfaceMaps, shade_plainly, shade_surface

pytestmark = pytest.mark.skipif(not native.is_available(), reason="the kernel is not built")

# Values up to 3 in float32; gradients by direction cross the texels of a noisy light, each of
# them a difference of rounded reads.
VALUE_TOLERANCE = 5e-6
GRADIENT_TOLERANCE = 2e-5


def noisy_light(height: int = 8, rotation: float = 0.4) -> PrefilteredLight:
    generator = torch.Generator().manual_seed(2)
    radiance = 3 * torch.rand(height, 2 * height, 3, generator=generator)
    return prefilter(Environment(radiance)).rotated(rotation)


def surface(count: int, occlusion: str = "some") -> dict[str, Tensor]:
    """Random materials and directions; the camera is in front of each point."""
    generator = torch.Generator().manual_seed(count)

    def unit() -> Tensor:
        return torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)

    normal, to_camera = unit(), unit()
    away = (normal * to_camera).sum(-1, keepdim=True) < 0
    values = {
        "albedo": torch.rand(count, 3, generator=generator),
        "roughness": torch.rand(count, 1, generator=generator),
        "reflectance": 0.1 * torch.rand(count, 1, generator=generator),
        "normal": normal,
        "to_camera": torch.where(away, -to_camera, to_camera),
        "occlusion": torch.rand(count, 1, generator=generator),
    }
    if occlusion == "none":
        del values["occlusion"]
    return values


def shaded(points: dict[str, Tensor], light: PrefilteredLight, how: str) -> tuple[Tensor, Tensor]:
    materials = {name: values for name, values in points.items() if name != "to_camera"}
    shade = shade_plainly if how == "plain" else shade_surface
    result = shade(SurfaceMaps(**materials), points["to_camera"], light)
    return result.diffuse, result.specular


def gradients(points: dict[str, Tensor], light: PrefilteredLight, how: str) -> dict[str, Tensor]:
    leaves = {name: values.clone().requires_grad_() for name, values in points.items()}
    leaves["texels"] = light.texels.clone().requires_grad_()
    lit = replace(light, texels=leaves["texels"])
    points = {name: values for name, values in leaves.items() if name != "texels"}
    generator = torch.Generator().manual_seed(3)
    total = sum(
        (part * torch.randn(part.shape, generator=generator).to(part)).sum()
        for part in shaded(points, lit, how)
    )
    assert isinstance(total, Tensor)
    return dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))


def exact(
    points: dict[str, Tensor], light: PrefilteredLight
) -> tuple[dict[str, Tensor], PrefilteredLight]:
    doubled = {name: values.double() for name, values in points.items()}
    return doubled, replace(light, texels=light.texels.double())


@pytest.mark.parametrize("occlusion", ["some", "none"])
@pytest.mark.parametrize("count", [1, 8, 13, 700])
def test_values_and_gradients_are_the_plain_ones(count: int, occlusion: str) -> None:
    points, light = surface(count, occlusion), noisy_light()
    for ours, truth in zip(
        shaded(points, light, "compiled"), shaded(*exact(points, light), "plain"), strict=True
    ):
        assert float((ours.double() - truth).abs().max()) < VALUE_TOLERANCE
    ours, truth = gradients(points, light, "compiled"), gradients(*exact(points, light), "plain")
    for name, gradient in truth.items():
        error = (ours[name].double() - gradient).norm() / gradient.norm()
        assert float(error) < GRADIENT_TOLERANCE, name


def test_large_lights_have_maps_of_several_sides() -> None:
    points, light = surface(300), noisy_light(64)
    assert len(set(light.sides)) > 1
    ours, truth = gradients(points, light, "compiled"), gradients(*exact(points, light), "plain")
    for name, gradient in truth.items():
        # Texels of a map of side 256 are noise eight times as steep.
        error = (ours[name].double() - gradient).norm() / gradient.norm()
        assert float(error) < 8 * GRADIENT_TOLERANCE, name


def test_the_ends_of_materials_are_the_plain_ones() -> None:
    points, light = surface(40), noisy_light()
    for name in ("roughness", "reflectance", "occlusion"):
        points[name][::2] = 0.0
        points[name][1::2] = 1.0
    points["to_camera"][::3] = points["normal"][::3]
    for ours, truth in zip(
        shaded(points, light, "compiled"), shaded(*exact(points, light), "plain"), strict=True
    ):
        assert float((ours.double() - truth).abs().max()) < VALUE_TOLERANCE
    for gradient in gradients(points, light, "compiled").values():
        assert bool(gradient.isfinite().all())


def test_directions_along_the_axes_are_the_plain_ones() -> None:
    axes = torch.cat([torch.eye(3), -torch.eye(3)])
    points, light = surface(6), noisy_light()
    points["normal"], points["to_camera"] = axes, axes
    for ours, truth in zip(
        shaded(points, light, "compiled"), shaded(*exact(points, light), "plain"), strict=True
    ):
        assert float((ours.double() - truth).abs().max()) < VALUE_TOLERANCE


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e30, -1e30, 0.0])
@pytest.mark.parametrize("name", ["normal", "to_camera", "roughness", "occlusion"])
def test_wild_values_read_no_memory_that_is_not_the_lights(name: str, value: float) -> None:
    points, light = surface(20), noisy_light()
    points[name][::3] = value
    sound = torch.arange(20) % 3 != 0
    clean = shaded(surface(20), light, "compiled")
    for ours, expected in zip(shaded(points, light, "compiled"), clean, strict=True):
        assert torch.equal(ours[sound], expected[sound])
    gradients(points, light, "compiled")


def test_every_thread_count_gives_the_same_bits() -> None:
    points, light = surface(5000), noisy_light()
    results = []
    before = torch.get_num_threads()
    try:
        for num_threads in (1, 2, 4, 7):
            torch.set_num_threads(num_threads)
            results.append(gradients(points, light, "compiled"))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(other[name], results[0][name]) for name in other)


def test_no_points_are_shaded_to_nothing() -> None:
    by = gradients(surface(0), noisy_light(), "compiled")
    assert by["albedo"].shape == (0, 3)
    assert not by["texels"].any()


def test_the_operator_keeps_torchs_rules() -> None:
    points, light = surface(9), noisy_light()
    leaves = {name: values.clone().requires_grad_() for name, values in points.items()}
    arguments = (
        [leaves["albedo"], leaves["roughness"], leaves["reflectance"], leaves["occlusion"]],
        [leaves["normal"], leaves["to_camera"]],
        light.texels.clone().requires_grad_(),
    )
    settings = {"sides": list(light.sides), "rotation": 0.4, "num_threads": 1}
    torch.library.opcheck(native.shade_points, arguments, settings)
