"""Painted skin: possible values, and features where they belong."""

import torch
from torch import Tensor

from incarnate.capture.synthetic.outlines import LEFT_BROW
from incarnate.capture.synthetic.palette import Palette, draw_palette
from incarnate.capture.synthetic.skin import make_skin_paint, paint_skin

PALETTE = Palette(
    (0.45, 0.27, 0.19), (0.03, 0.02, 0.01), (0.1, 0.1, 0.1), (0.1, 0.1, 0.3), 1.0, 0.5
)
PAINT = make_skin_paint(PALETTE, 3)
CHEEK, FOREHEAD = (0.047, 1.522, 0.118), (0.02, 1.605, 0.13)


def around(centre: tuple[float, float, float], generator: torch.Generator) -> Tensor:
    return torch.tensor(centre) + 2e-3 * torch.randn(400, 3, generator=generator)


def painted(places: Tensor, lips: float = 0.0, scalp: float = -0.05) -> Tensor:
    count = len(places)
    return paint_skin(
        PAINT, places, torch.full((count, 1), lips), torch.full((count, 1), scalp)
    ).albedo.mean(0)


def test_all_values_are_possible(generator: torch.Generator) -> None:
    for seed in range(5):
        paint = make_skin_paint(draw_palette(seed), seed)
        places = torch.rand(3000, 3, generator=generator) * torch.tensor([0.2, 0.3, 0.2])
        places = places + torch.tensor([-0.1, 1.36, 0.0])
        lips, scalp = torch.rand(2, 3000, 1, generator=generator)
        skin = paint_skin(paint, places, lips, 0.1 * scalp - 0.05)
        assert ((skin.albedo > 0) & (skin.albedo < 0.9)).all()
        assert ((skin.roughness > 0.2) & (skin.roughness < 0.8)).all()
        # Water and keratin reflect 2 to 5 % at normal incidence.
        assert ((skin.reflectance > 0.02) & (skin.reflectance < 0.05)).all()
        assert skin.slope.norm(dim=-1).max() < 0.5


def test_cheeks_are_redder_than_foreheads(generator: torch.Generator) -> None:
    cheek = painted(around(CHEEK, generator))
    forehead = painted(around(FOREHEAD, generator))
    assert cheek[0] / cheek[1] > 1.1 * forehead[0] / forehead[1]


def test_lips_are_red(generator: torch.Generator) -> None:
    places = around((0.0, 1.485, 0.15), generator)
    lips, skin = painted(places, lips=1.0), painted(places)
    assert lips[0] / lips[1] > 1.2 * skin[0] / skin[1]


def test_brows_lashes_and_scalp_are_dark(generator: torch.Generator) -> None:
    forehead = painted(around(FOREHEAD, generator))
    x, y = LEFT_BROW[3]
    for side in (1, -1):
        brow = torch.tensor([[side * x, y, 0.13]]).expand(10, 3)
        assert (painted(brow) < 0.6 * forehead).all()
    lash = torch.tensor([[0.0325, 1.5572, 0.13]]).expand(10, 3)
    assert (painted(lash) < 0.6 * forehead).all()
    scalp = painted(around((0.0, 1.65, 0.05), generator), scalp=0.03)
    assert torch.allclose(scalp, torch.tensor(PALETTE.hair), atol=0.01)


def test_stubble_darkens_the_chin_by_its_strength(generator: torch.Generator) -> None:
    chin = around((0.01, 1.462, 0.135), generator)
    shaved = make_skin_paint(Palette(**{**vars(PALETTE), "stubble": 0.0}), 3)
    zeros = torch.zeros(len(chin), 1)
    smooth = paint_skin(shaved, chin, zeros, zeros - 0.05).albedo.mean(0)
    assert (painted(chin) < 0.85 * smooth).all()
