"""Painted eyes, teeth, mouth, clothes and hair."""

import torch

from incarnate.capture.synthetic.features import (
    IRIS_RADIUS,
    cloth_cover,
    paint_cloth,
    paint_eyes,
    paint_hair,
    paint_mouth,
    paint_teeth,
)
from incarnate.capture.synthetic.noise import make_noise
from incarnate.capture.synthetic.outlines import COLLAR_BACK, COLLAR_FRONT
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.rigs.embedded import default_head_rig

NOISE, PALETTE = make_noise(0), draw_palette(7)
RIG = default_head_rig()
LEFT = RIG.joints[RIG.joint_index("left_eye_smplhf")]


def on_eye(radius: float) -> torch.Tensor:
    """Points of the left eyeball's front, at a distance from its axis."""
    azimuth = torch.linspace(0, 6.2, 40)
    height = (0.0145**2 - radius**2) ** 0.5 * torch.ones(40)
    return LEFT + torch.stack([radius * azimuth.cos(), radius * azimuth.sin(), height], -1)


def test_pupil_iris_and_sclera() -> None:
    pupil, iris, sclera = (
        paint_eyes(on_eye(radius), RIG, PALETTE, NOISE)[0].albedo.mean()
        for radius in (1e-3, 0.75 * IRIS_RADIUS, 1.4 * IRIS_RADIUS)
    )
    assert pupil < 0.01
    assert 2 * pupil < iris < 0.4 * sclera
    assert sclera > 0.5


def test_eyes_are_round_and_their_corneas_rounder() -> None:
    for radius in (1e-3, 3e-3, 5e-3, 9e-3):
        _, normals = paint_eyes(on_eye(radius), RIG, PALETTE, NOISE)
        assert torch.allclose(normals.norm(dim=-1), torch.ones(40), atol=1e-5)
        tilt = normals[:, :2].norm(dim=-1).mean().item()
        # A ball of 14.5 mm leans by radius / 14.5 mm, a cornea of 8 mm by radius / 8 mm.
        expected = radius / (8.0e-3 if radius < 5.6e-3 else 14.5e-3)
        assert abs(tilt - expected) < 0.02


def test_both_eyes_are_painted_alike() -> None:
    left = paint_eyes(on_eye(9e-3), RIG, PALETTE, NOISE)[1]
    mirrored = on_eye(9e-3) * torch.tensor([-1.0, 1.0, 1.0])
    right = paint_eyes(mirrored, RIG, PALETTE, NOISE)[1]
    assert torch.allclose(right, left * torch.tensor([-1.0, 1.0, 1.0]), atol=1e-5)


def test_teeth_have_gaps_and_darken_inward() -> None:
    x = torch.tensor([0.0, 4.2e-3])
    front = torch.stack([x, torch.full((2,), 1.49), torch.full((2,), 0.136)], -1)
    gap, tooth = paint_teeth(front).albedo.mean(-1)
    assert gap < 0.8 * tooth
    assert paint_teeth(front - torch.tensor([0.0, 0.0, 0.03])).albedo[1].mean() < 0.7 * tooth


def test_the_throat_is_dark() -> None:
    deep, shallow = torch.tensor([[0.0, 1.48, 0.08]]), torch.tensor([[0.0, 1.48, 0.136]])
    assert paint_mouth(deep, NOISE).albedo.mean() < 0.4 * paint_mouth(shallow, NOISE).albedo.mean()


def test_the_shirt_starts_at_the_neckline() -> None:
    for z, y in (COLLAR_FRONT, COLLAR_BACK):
        cover = cloth_cover(torch.tensor([[0.0, y + 2e-3, z], [0.0, y - 2e-3, z]]))
        assert cover.flatten().tolist() == [0.0, 1.0]
    below = torch.tensor([[0.05, 1.30, 0.1]]).expand(50, 3)
    cloth = paint_cloth(below, PALETTE, NOISE)
    assert torch.allclose(cloth.albedo.mean(0), torch.tensor(PALETTE.cloth), rtol=0.3)


def test_hair_is_lighter_where_its_tint_is(generator: torch.Generator) -> None:
    places = torch.rand(200, 3, generator=generator)
    dark, light = (
        paint_hair(places, torch.full((200, 1), tint), PALETTE, NOISE).albedo.mean()
        for tint in (0.1, 0.9)
    )
    assert light > 2 * dark
