"""Real spherical harmonics up to degree 3, as splat files use them, and least-squares fits.

The functions are orthonormal on the sphere and carry the Condon–Shortley phase: of order m = −l … l
within each degree l (Ramamoorthi and Hanrahan 2001; the KHR_gaussian_splatting specification lists
the same). Directions run from the camera to the splat, as in 3D Gaussian splatting.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def harmonic_basis(
    directions: Float[Tensor, "*batch 3"], degree: int
) -> Float[Tensor, "*batch coefficients"]:
    """The (degree + 1)² basis functions at unit directions.

    Args:
        directions: Unit vectors, world axes.
        degree: 0 to 3.
    """
    assert 0 <= degree <= 3, degree
    x, y, z = directions.unbind(-1)
    basis = [torch.full_like(x, math.sqrt(1 / (4 * math.pi)))]
    if degree >= 1:
        first = math.sqrt(3 / (4 * math.pi))
        basis += [-first * y, first * z, -first * x]
    if degree >= 2:
        cross, plain = math.sqrt(15 / (4 * math.pi)), math.sqrt(5 / (16 * math.pi))
        basis += [
            cross * x * y,
            -cross * y * z,
            plain * (2 * z * z - x * x - y * y),
            -cross * x * z,
            cross / 2 * (x * x - y * y),
        ]
    if degree >= 3:
        outer, inner = math.sqrt(35 / (32 * math.pi)), math.sqrt(21 / (32 * math.pi))
        cross, plain = math.sqrt(105 / (4 * math.pi)), math.sqrt(7 / (16 * math.pi))
        basis += [
            -outer * y * (3 * x * x - y * y),
            cross * x * y * z,
            -inner * y * (4 * z * z - x * x - y * y),
            plain * z * (2 * z * z - 3 * x * x - 3 * y * y),
            -inner * x * (4 * z * z - x * x - y * y),
            cross / 2 * z * (x * x - y * y),
            -outer * x * (x * x - 3 * y * y),
        ]
    return torch.stack(basis, -1)


def colours_along(
    harmonics: Float[Tensor, "splats coefficients 3"], directions: Float[Tensor, "splats 3"]
) -> Float[Tensor, "splats 3"]:
    """Display colour of splats, seen along one direction each: ``0.5 + Σ Yₖ cₖ``, from 0 on."""
    degree = math.isqrt(harmonics.shape[1]) - 1
    basis = harmonic_basis(directions, degree)
    return (0.5 + (basis[..., None] * harmonics).sum(1)).clamp(min=0)


def even_directions(count: int) -> Float[Tensor, "count 3"]:
    """Unit vectors spread evenly over the sphere (a Fibonacci spiral)."""
    index = torch.arange(count, dtype=torch.float64) + 0.5
    height = 1 - 2 * index / count
    azimuth = index * (math.pi * (3 - math.sqrt(5)))
    radius = (1 - height * height).sqrt()
    spiral = torch.stack([radius * azimuth.cos(), height, radius * azimuth.sin()], -1)
    return spiral.float()


class HarmonicFit:
    """Gathers colours by direction, and solves for the harmonics of every splat."""

    def __init__(self, num_splats: int, degree: int) -> None:
        self.degree = degree
        size = (degree + 1) ** 2
        self._normal = torch.zeros(num_splats, size, size)
        self._right = torch.zeros(num_splats, size, 3)

    def add(
        self,
        direction: Float[Tensor, "3"],
        colours: Float[Tensor, "splats 3"],
        weights: Float[Tensor, "splats"],
    ) -> None:
        """Note what splats look like along a direction, and how much that counts."""
        basis = harmonic_basis(direction, self.degree)
        self._normal += weights[:, None, None] * torch.outer(basis, basis)
        self._right += weights[:, None, None] * (basis[:, None] * (colours - 0.5)[:, None])

    def solve(self) -> Float[Tensor, "splats coefficients 3"]:
        """Least-squares coefficients, drawn a little toward zero above degree 0."""
        size = self._normal.shape[-1]
        total = self._normal.diagonal(dim1=-2, dim2=-1).mean(-1)
        # Where only one side was seen, high degrees would swing on the other; a thousandth of the
        # mean eigenvalue holds them, and changes what was seen by less than a byte can show.
        pull = torch.ones(size) * 1e-3
        pull[0] = 1e-6
        damped = self._normal + torch.diag_embed(total[:, None] * pull)
        return torch.linalg.solve(damped, self._right)
