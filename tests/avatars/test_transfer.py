"""Light reaches splats as it should: nothing lost, shadows where something stands in the way."""

import pytest
import torch
from torch.nn import functional

from incarnate.avatars.transfer import (
    NUM_DIRECTIONS,
    fan_directions,
    light_of_fan,
    surface_visibility,
    transfer_of,
    wholly_open,
)
from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.light.environment import Environment
from incarnate.light.procedural import procedural_environment
from incarnate.light.sampling import irradiance_toward, mean_radiance
from incarnate.rigs.embedded import default_head_rig

IDENTITY = torch.eye(3)[None]
WHITE = Environment(torch.ones(8, 16, 3))


def some_light(height: int = 16) -> Environment:
    radiance = torch.rand(height, 2 * height, 3, generator=torch.Generator().manual_seed(3))
    radiance[height // 4, height // 2] = 40.0  # a small lamp
    return Environment(radiance)


def some_normals(count: int = 40) -> torch.Tensor:
    normals = torch.randn(count, 3, generator=torch.Generator().manual_seed(5))
    return functional.normalize(normals, dim=-1)


def square(height: float, half: float = 0.5) -> torch.Tensor:
    """Four corners of a horizontal square."""
    return torch.tensor([[-half, height, -half], [-half, height, half],
                         [half, height, half], [half, height, -half]])  # fmt: skip


def test_the_fan_is_even() -> None:
    directions = fan_directions()
    assert directions.mean(0).norm() < 0.01
    second = directions.T @ directions / NUM_DIRECTIONS
    torch.testing.assert_close(second, torch.eye(3) / 3, rtol=0, atol=0.01)


@pytest.mark.parametrize("turn", [0.0, 1.1])
def test_no_light_is_lost_between_the_fans_directions(turn: float) -> None:
    light = some_light().rotated(turn)
    frames = matrix_from_axis_angle(torch.tensor([[0.0, 0, 0], [0.4, 1.0, -0.3]]))
    fan = light_of_fan(light, frames)
    expected = mean_radiance(light).expand(2, 3)
    torch.testing.assert_close(fan.mean(1), expected, rtol=1e-4, atol=1e-4)


def test_an_unobstructed_splat_gets_the_irradiance_of_its_normal() -> None:
    light, normals = some_light(), some_normals()
    fan = light_of_fan(light, IDENTITY)
    transfer = transfer_of(normals, wholly_open(len(normals)))
    got = transfer.irradiance(fan, torch.ones(len(normals), 1), torch.zeros(1, 3))
    expected = torch.stack([irradiance_toward(light, normal) for normal in normals])
    # 128 directions with lobes 18° wide; the lamp holds a quarter of the light.
    assert (got - expected).abs().max() < 0.12 * expected.mean()
    assert (got - expected).abs().mean() < 0.03 * expected.mean()


def test_turning_head_and_light_together_changes_nothing() -> None:
    light, normals = some_light(), some_normals()
    transfer, share = transfer_of(normals, wholly_open(len(normals))), torch.ones(40, 1)
    turn = matrix_from_axis_angle(torch.tensor([[0.0, 0.7, 0.0]]))
    still = transfer.irradiance(light_of_fan(light, IDENTITY), share, torch.zeros(1, 3))
    both = transfer.irradiance(light_of_fan(light.rotated(0.7), turn), share, torch.zeros(1, 3))
    torch.testing.assert_close(both, still, rtol=1e-4, atol=1e-4)


def test_nothing_in_the_way_is_an_exposure_of_one() -> None:
    transfer = transfer_of(some_normals(), wholly_open(40))
    exposure = transfer.exposure(
        light_of_fan(some_light(), IDENTITY), torch.ones(40, 1), torch.full((40, 3), 0.5)
    )
    torch.testing.assert_close(exposure, torch.ones(40, 3))


def test_a_lid_hides_the_sky_and_leaves_the_horizon() -> None:
    lid = square(0.2)
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    point, up = torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 0.0]])
    seen = surface_visibility(lid, faces, point, up)[0].float() / 255
    directions = fan_directions()
    # The lid reaches to where the direction rises by 0.2 over a run of 0.5 along x or z.
    reach = directions[:, [0, 2]].abs().amax(-1) / directions[:, 1].clamp(min=1e-6) * 0.2
    assert seen[(directions[:, 1] > 0) & (reach < 0.45)].max() == 0
    assert seen[(directions[:, 1] <= 0) | (reach > 0.55)].min() == 1


def test_a_shadowed_point_is_dark_under_a_lamp_and_lit_from_the_side() -> None:
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    point, up = torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 0.0]])
    transfer = transfer_of(up, surface_visibility(square(0.4), faces, point, up))
    above, low = torch.zeros(16, 32, 3), torch.zeros(16, 32, 3)
    above[:2], low[7] = 1.0, 1.0  # the lid begins 30° above the horizon
    exposures = [
        transfer.exposure(light_of_fan(Environment(map_), IDENTITY), torch.ones(1, 1),
                          torch.zeros(1, 3)).mean()
        for map_ in (above, low)
    ]  # fmt: skip
    # The little mean light that keeps ratios finite is all that is left under the lid.
    assert exposures[0] < 0.12
    assert exposures[1] > 0.8


def test_hidden_skin_returns_light_of_its_own_colour() -> None:
    transfer = transfer_of(torch.tensor([[0.0, 1.0, 0.0]]), wholly_open(1) // 2)
    albedo = torch.tensor([[0.8, 0.4, 0.1]])
    fan = light_of_fan(WHITE, IDENTITY)
    lit = transfer.irradiance(fan, torch.ones(1, 1), albedo)
    assert lit[0, 0] > lit[0, 1] > lit[0, 2]
    # White light, half of it hidden by skin: never more than all of it.
    assert lit.max() < 1


def test_gradients_reach_the_light() -> None:
    radiance = torch.ones(8, 16, 3, requires_grad=True)
    transfer = transfer_of(some_normals(), wholly_open(40))
    fan = light_of_fan(Environment(radiance), IDENTITY)
    transfer.irradiance(fan, torch.ones(40, 1), torch.zeros(1, 3)).sum().backward()
    assert radiance.grad is not None
    assert radiance.grad.min() >= 0
    assert radiance.grad.sum() > 0


def test_the_factored_skies_of_a_head_give_nearly_the_light_of_all_directions() -> None:
    rig = default_head_rig()
    normals = vertex_normals(rig.vertices, rig.faces)
    chosen = torch.randperm(len(normals), generator=torch.Generator().manual_seed(0))[:3000]
    normals, points = normals[chosen], rig.vertices[chosen]
    visibility = surface_visibility(rig.vertices, rig.faces, points, normals)
    fan = light_of_fan(procedural_environment("sky"), IDENTITY)
    share, black = torch.ones(3000, 1), torch.zeros(1, 3)
    factored = transfer_of(normals, visibility).irradiance(fan, share, black)
    cosine = (normals @ fan_directions().T).clamp(min=0) * (4 / NUM_DIRECTIONS)
    exact = (cosine * visibility / 255) @ fan[0]
    # A sun is the hardest light for few components: a hundredth off on average.
    assert (factored - exact).abs().mean() < 0.02 * exact.mean()
