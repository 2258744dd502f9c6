"""Colours of people."""

import torch

from incarnate.capture.synthetic.palette import draw_palette


def test_equal_seeds_give_equal_colours() -> None:
    assert draw_palette(3) == draw_palette(3)
    assert len({draw_palette(seed) for seed in range(20)}) == 20


def test_colours_are_possible() -> None:
    for seed in range(60):
        palette = draw_palette(seed)
        red, green, blue = palette.skin
        # Measured skin is redder than green, greener than blue, and reflects 5 to 60 %.
        assert 0.05 < blue < green < red < 0.6
        assert max(palette.hair) < red
        assert 0 <= palette.stubble <= 1.1
        assert 0 <= palette.freckles <= 1


def test_people_differ() -> None:
    red = torch.tensor([draw_palette(seed).skin[0] for seed in range(60)])
    assert red.max() - red.min() > 0.2
