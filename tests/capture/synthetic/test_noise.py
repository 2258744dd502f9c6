"""Noise: repeatable, bounded, and with the gradient that it says it has."""

import torch

from incarnate.capture.synthetic.noise import make_noise


def test_equal_seeds_give_equal_noise(generator: torch.Generator) -> None:
    points = torch.rand(200, 3, generator=generator)
    assert torch.equal(make_noise(3)(points, 0.01), make_noise(3)(points, 0.01))
    assert not torch.equal(make_noise(3)(points, 0.01), make_noise(4)(points, 0.01))


def test_values_are_bounded_and_centred(generator: torch.Generator) -> None:
    values = make_noise(0)(torch.rand(20000, 3, generator=generator) * 32, 1.0)
    assert values.abs().max() <= 1
    # A standard deviation of a third between lattice points is a little less; the mean of 32³
    # cells of which eight share a smoothing is zero within a per cent.
    assert abs(values.mean()) < 0.02
    assert 0.2 < values.std() < 0.36


def test_it_is_periodic_and_continuous(generator: torch.Generator) -> None:
    noise = make_noise(1)
    points = torch.rand(500, 3, generator=generator) * 32
    assert torch.allclose(noise(points, 1.0), noise(points + 32, 1.0), atol=2e-4)
    step = (noise(points + 1e-3, 1.0) - noise(points, 1.0)).abs().max()
    # Values in [−1, 1] that are smoothed over two cells change by at most about one a cell.
    assert step < 5e-3


def test_the_gradient_is_the_slope(generator: torch.Generator) -> None:
    noise = make_noise(2)
    # At lattice points the stored gradient is the central difference over a cell.
    lattice = torch.randint(0, 32, (300, 3), generator=generator).float()
    _, gradient = noise.with_gradient(lattice, 1.0)
    for axis in range(3):
        shift = torch.zeros(3)
        shift[axis] = 1.0
        slope = 0.5 * (noise(lattice + shift, 1.0) - noise(lattice - shift, 1.0))
        assert torch.allclose(gradient[:, axis], slope, atol=1e-4)


def test_scale_is_the_size_of_features(generator: torch.Generator) -> None:
    noise, points = make_noise(5), torch.rand(100, 3, generator=generator)
    assert torch.allclose(noise(points, 0.25), noise(points * 4, 1.0), atol=1e-5)
    stretched = torch.tensor([1.0, 1e9, 1e9])
    moved = points + torch.tensor([0.0, 0.3, 0.7])
    assert torch.allclose(noise(points, stretched), noise(moved, stretched), atol=1e-5)
