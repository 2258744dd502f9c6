"""Layers of paint."""

import torch

from incarnate.capture.synthetic.materials import Material, even_material

RED = even_material(4, (0.5, 0.1, 0.1), 0.3)
BLUE = even_material(4, (0.1, 0.1, 0.5), 0.7, 0.02)


def test_layers_cover_by_their_share() -> None:
    amount = torch.tensor([[0.0], [0.5], [1.0], [0.25]])
    mixed = RED.layered(BLUE, amount)
    assert torch.equal(mixed.albedo[0], RED.albedo[0])
    assert torch.equal(mixed.albedo[2], BLUE.albedo[2])
    assert torch.allclose(mixed.albedo[1], torch.tensor([0.3, 0.1, 0.3]))
    assert torch.allclose(mixed.roughness[:, 0], 0.3 + 0.4 * amount[:, 0])


def test_parts_are_taken_and_put_back() -> None:
    chosen = torch.tensor([True, False, True, False])
    mixed = RED.replaced(chosen, BLUE.at(chosen))
    assert torch.equal(mixed.at(chosen).albedo, BLUE.albedo[:2])
    assert torch.equal(mixed.at(~chosen).albedo, RED.albedo[:2])
    assert torch.equal(mixed.reflectance[:, 0], torch.tensor([0.02, 0.04, 0.02, 0.04]))


def test_no_points_are_fine() -> None:
    none = torch.zeros(4, dtype=torch.bool)
    assert isinstance(RED.replaced(none, BLUE.at(none)), Material)
    assert torch.equal(RED.replaced(none, BLUE.at(none)).albedo, RED.albedo)
