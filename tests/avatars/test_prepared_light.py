import torch

from incarnate.avatars.prepared_light import PreparedLight
from incarnate.light.environment import Environment
from incarnate.light.prefilter import prefilter


def test_prepares_as_prefilter_does_and_only_once() -> None:
    light = Environment(torch.rand(8, 16, 3), rotation=0.4)
    prepared = PreparedLight(prefilter)
    direction = torch.nn.functional.normalize(torch.randn(20, 3), dim=-1)
    torch.testing.assert_close(
        prepared(light).irradiance(direction), prefilter(light).irradiance(direction)
    )
    turned = Environment(light.radiance, rotation=1.4)
    torch.testing.assert_close(
        prepared(turned).irradiance(direction), prefilter(turned).irradiance(direction)
    )
    assert prepared(turned).texels is prepared(light).texels


def test_equal_maps_are_one_light_and_others_are_not() -> None:
    radiance = torch.rand(8, 16, 3)
    prepared = PreparedLight(prefilter)
    first = prepared(Environment(radiance)).texels
    assert prepared(Environment(radiance.clone())).texels is first
    assert prepared(Environment(radiance + 0.1)).texels is not first


def test_a_light_that_is_learned_keeps_its_own_graph() -> None:
    radiance = torch.rand(8, 16, 3, requires_grad=True)
    prepared = PreparedLight(prefilter)
    with torch.no_grad():
        prepared(Environment(radiance * 1.0))
    for _ in range(2):
        radiance.grad = None
        prepared(Environment(radiance * 1.0)).texels.sum().backward()
        assert radiance.grad is not None
        assert radiance.grad.abs().sum() > 0
